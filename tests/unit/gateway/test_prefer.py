import pytest

from gateway.http.prefer import Preferences, parse


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], Preferences()),
        (["wait=10"], Preferences(10)),
        (["wait=100"], Preferences(30)),
        (["WAIT = 7 ; a=b"], Preferences(7)),
        (['wait="9"'], Preferences(9)),
        (["respond-async, wait=5"], Preferences(5, respond_async=True)),
        (["respond-async", "wait=5"], Preferences(5, respond_async=True)),
        (["wait=5, wait=20"], Preferences(5)),
        (["wait=0"], Preferences()),
        (["wait=-3"], Preferences()),
        (["wait=1.5"], Preferences()),
        (["wait=٣"], Preferences()),
        (["wait=" + "9" * 40], Preferences()),
        (["return=minimal, handling=strict"], Preferences()),
        ([",,;="], Preferences()),
    ],
)
def test_preferences_are_read_and_the_rest_ignored(headers: list[str], found: Preferences) -> None:
    assert parse(headers) == found


def test_only_what_was_honoured_is_said() -> None:
    both = Preferences(5, respond_async=True)

    assert both.applied(waited=True) == "respond-async, wait=5"
    assert both.applied(waited=False) == "respond-async"
    assert Preferences(5).applied(waited=False) is None
