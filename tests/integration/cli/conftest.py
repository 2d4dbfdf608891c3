import sys
from pathlib import Path

import pytest

from moviemind.paths import DataDir

sys.path.insert(0, str(Path(__file__).parent))  # tiny_system


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A data directory that another user may pass through, as PostgreSQL needs when the tests run as root."""
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data
