"""Properties are quiet, and say at the end how much they tried."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from tests.properties.tally import TALLY
from tests.support import summary


@pytest.fixture(autouse=True, scope="session")
def silence() -> Iterator[None]:
    """A traceback per planned crash would cost more than the crash."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


summary.say("job state machine", lambda: [TALLY.sentence] if TALLY.examples else [])
