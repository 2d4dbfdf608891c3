"""TMDb's search as far as it can be observed: exact titles first, then prefixes, then words; popularity decides ties."""

from collections.abc import Iterable
from typing import TypeVar

from sandbox.matching import plain
from sandbox.tmdb.entries import Group, Movie, Person, Show

Entry = TypeVar("Entry", Movie, Show, Person, Group)


def search(query: str, entries: Iterable[Entry], popularity: dict[int, float]) -> list[tuple[int, Entry]]:
    """Pairs of score (3 exact, 2 prefix, 1 words) and entry, best first; an entry that shares no word is left out."""
    wanted = plain(query)
    if not wanted:
        return []
    scored = [(max(_score(wanted, plain(name)) for name in entry.names), entry) for entry in entries]
    found = [(score, entry) for score, entry in scored if score]
    return sorted(found, key=lambda hit: (-hit[0], -popularity.get(hit[1].id, 0.0), hit[1].id))


def _score(wanted: str, name: str) -> int:
    if name == wanted:
        return 3
    if name.startswith(wanted):
        return 2
    begun = all(f" {part}" in f" {name}" for part in wanted.split())
    return 1 if begun else 0
