"""The facts the sandbox knows, and their changes at run time."""

import copy
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson

from sandbox.tmdb.entries import FactsError, Group, Movie, Person, Show, movie, person, show

FIRST_INVENTED_ID = 100_000_000  # of entries whose TMDb id we do not know; TMDb itself has not come near
FIRST_DERIVED_ID = 101_000_000
_DERIVED_IDS = 900_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """One job of a person on a title. `character` and `order` are set for the cast only."""

    title: Movie | Show
    department: str
    job: str
    character: str = ""
    order: int = 0


Raw = dict[str, dict[int, dict[str, Any]]]


class Store:
    """Movies, shows and people by id. People who only appear in credits have an id derived from their name."""

    movies: dict[int, Movie]
    shows: dict[int, Show]
    people: dict[int, Person]

    def __init__(
        self, movies: list[dict[str, Any]], shows: list[dict[str, Any]], people: dict[str, dict[str, Any]]
    ) -> None:
        self._original: Raw = {
            "movie": _by_id("movie", movies),
            "tv": _by_id("tv", shows),
            "person": _by_id("person", [{"name": key, **facts, "key": key} for key, facts in people.items()]),
        }
        self._changed: set[tuple[str, int]] = set()
        self._build(copy.deepcopy(self._original))

    @classmethod
    def packaged(cls) -> "Store":
        """The sample facts of this package; FactsError names the file that is not usable."""
        movies: list[dict[str, Any]] = []
        shows: list[dict[str, Any]] = []
        people: dict[str, dict[str, Any]] = {}
        folder = resources.files("sandbox") / "data"
        for file in sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []:
            kind = file.name.removesuffix(".json").split("_")[0] if file.name.endswith(".json") else ""
            if kind not in {"movies", "tv", "people"}:
                continue
            try:
                content = orjson.loads(file.read_bytes())
            except orjson.JSONDecodeError as error:
                raise FactsError(f"{file.name} is not JSON: {error}") from error
            if kind == "people":
                people |= content
            else:
                (movies if kind == "movies" else shows).extend(content)
        return cls(movies, shows, people)

    def patch(self, kind: str, entry_id: int, members: dict[str, Any]) -> dict[str, Any]:
        """Changes members of an entry and gives it back; KeyError when there is none, FactsError when they are wrong."""
        raw = copy.deepcopy(self._raw)
        entry = raw[kind].get(entry_id) or self._derived(kind, entry_id)
        if any(members.get(name, entry.get(name)) != entry.get(name) for name in ("id", "key")):
            raise FactsError("The id and the key cannot change.")
        raw[kind][entry_id] = {**entry, **members}
        self._build(raw)
        self._changed.add((kind, entry_id))
        return raw[kind][entry_id]

    def restore(self) -> int:
        """Takes back every change and says how many entries were changed."""
        count = len(self._changed)
        self._changed.clear()
        self._build(copy.deepcopy(self._original))
        return count

    def changed(self, kind: str) -> list[int]:
        """Ids of the entries changed since the start or the last restore."""
        return sorted(entry_id for changed_kind, entry_id in self._changed if changed_kind == kind)

    def counts(self) -> dict[str, int]:
        """How many entries there are of each kind."""
        return {"movie": len(self.movies), "tv": len(self.shows), "person": len(self.people)}

    def collections(self) -> dict[int, Group]:
        """The collections that films belong to, by id."""
        return {movie.collection.id: movie.collection for movie in self.movies.values() if movie.collection}

    def movies_of(self, collection_id: int) -> list[Movie]:
        """The films of a collection."""
        return [one for one in self.movies.values() if one.collection and one.collection.id == collection_id]

    def credited(self, key: str) -> Person:
        """The person whom credits call `key`."""
        return self._credited[key]

    def works_of(self, person_id: int) -> list[Work]:
        """Everything a person did, most popular title first."""
        return self._works.get(person_id, [])

    def _derived(self, kind: str, entry_id: int) -> dict[str, Any]:
        if kind != "person":
            raise KeyError(entry_id)
        found = self.people[entry_id]
        return {name: getattr(found, name) for name in Person.__dataclass_fields__} | {"also_known_as": []}

    def _build(self, raw: Raw) -> None:
        movies = {entry_id: movie(entry) for entry_id, entry in raw["movie"].items()}
        shows = {entry_id: show(entry) for entry_id, entry in raw["tv"].items()}
        people = {entry_id: person(entry) for entry_id, entry in raw["person"].items()}
        credited = {found.key: found for found in people.values()}
        works: dict[int, list[Work]] = {}
        for title in sorted((*movies.values(), *shows.values()), key=lambda title: -title.popularity):
            for key, work in _works(title):
                if key not in credited:
                    found = _derived(key, work, people)
                    people[found.id] = credited[key] = found
                works.setdefault(credited[key].id, []).append(work)
        self.movies, self.shows, self.people, self._raw = movies, shows, people, raw
        self._credited, self._works = credited, works


def _works(title: Movie | Show) -> list[tuple[str, Work]]:
    cast = [(part.key, Work(title, "Acting", "Actor", part.character, at)) for at, part in enumerate(title.cast)]
    if isinstance(title, Show):
        created = [(key, Work(title, "Creator", "Creator")) for key in title.created_by]
        produced = [(key, Work(title, "Production", "Executive Producer")) for key in title.executive_producers]
        return [*cast, *created, *produced]
    return [
        *cast,
        *((key, Work(title, "Directing", "Director")) for key in title.directors),
        *((key, Work(title, "Writing", "Writer")) for key in title.writers),
        *((key, Work(title, "Production", "Producer")) for key in title.producers),
    ]


def _derived(name: str, work: Work, taken: dict[int, Person]) -> Person:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    while (person_id := FIRST_DERIVED_ID + number % _DERIVED_IDS) in taken:
        number += 1
    department = "Writing" if work.department == "Creator" else work.department
    return Person(person_id, name, name, None, None, None, 0, department, "", ())


def _by_id(kind: str, entries: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if entry.get("id") in found:
            raise FactsError(f"{kind} {entry.get('id')} appears twice.")
        found[entry["id"]] = entry
    return found
