"""What a run says at its end, gathered from all the processes it ran in."""

from collections.abc import Callable, Mapping, Sequence

_sources: dict[str, Callable[[], Sequence[str]]] = {}
_said: dict[str, list[str]] = {}


def say(title: str, lines: Callable[[], Sequence[str]]) -> None:
    """Under `title`, say at the end what `lines` returns then; nothing when it returns nothing."""
    _sources[title] = lines


def gathered() -> dict[str, list[str]]:
    """What this process has to say."""
    return {title: said for title, lines in _sources.items() if (said := list(lines()))}


def add(said: Mapping[str, Sequence[str]]) -> None:
    """Take over what a process said; what several of them say is said once."""
    for title, lines in said.items():
        known = _said.setdefault(title, [])
        known += [line for line in lines if line not in known]


def whole() -> Mapping[str, Sequence[str]]:
    return _said
