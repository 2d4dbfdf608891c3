import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import ACTIVE, TERMINAL, TRANSITIONS, Identity, JobStatus, retry_delay, state_diagram


def identity(slug: str = "dune-2021", locale: Locale = Locale.EN, tag: ContextTag | None = None) -> Identity:
    return Identity(EntityKind.MOVIE, slug, Form.DESCRIPTION, locale, tag)


def test_every_status_is_active_or_terminal() -> None:
    assert set(JobStatus) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_nothing_leaves_a_terminal_status(status: JobStatus) -> None:
    assert TRANSITIONS[status] == frozenset()


def test_every_active_status_can_be_cancelled_and_can_fail() -> None:
    assert all({JobStatus.CANCELLED, JobStatus.FAILED} <= TRANSITIONS[status] for status in ACTIVE)


def test_the_diagram_shows_each_transition_once() -> None:
    arrows = [line for line in state_diagram().splitlines() if "-->" in line and "[*]" not in line]

    assert len(arrows) == len(set(arrows)) == sum(len(targets) for targets in TRANSITIONS.values())


def test_the_same_identity_has_the_same_key() -> None:
    assert identity().dedupe_key == identity().dedupe_key


@pytest.mark.parametrize(
    "other",
    [
        identity(slug="dune-1984"),
        identity(locale=Locale.PL),
        identity(tag=ContextTag.DEFAULT),
        Identity(EntityKind.TV_SERIES, "dune-2021", Form.DESCRIPTION, Locale.EN, None),
        Identity(EntityKind.MOVIE, "dune-2021", Form.BIO, Locale.EN, None),
    ],
)
def test_another_identity_has_another_key(other: Identity) -> None:
    assert other.dedupe_key != identity().dedupe_key


@given(
    attempt=st.integers(min_value=1, max_value=50),
    ladder=st.lists(st.floats(min_value=0.1, max_value=1e4), min_size=1, max_size=5),
    rand=st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_a_delay_lies_between_half_and_all_of_its_step(attempt: int, ladder: list[float], rand: float) -> None:
    step = ladder[min(attempt, len(ladder)) - 1]

    assert step / 2 <= retry_delay(attempt, ladder, rand) <= step


def test_an_empty_ladder_switches_backoff_off() -> None:
    assert retry_delay(3, (), 0.9) == 0.0
