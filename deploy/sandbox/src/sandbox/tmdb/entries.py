"""The sample facts as values, read strictly from their JSON form."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sandbox.shape import as_list
from sandbox.tmdb.genres import MOVIE_GENRES, TV_GENRES

SCRIPTED = frozenset({"Scripted", "Miniseries"})
UNSCRIPTED = frozenset({"Talk Show", "Reality", "News", "Documentary", "Variety", "Game Show"})


class FactsError(ValueError):
    """A fact is missing, unknown or of the wrong form; the message names it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One person in the cast, and the character played."""

    key: str
    character: str


@dataclass(frozen=True, slots=True)
class Group:
    """A collection of movies."""

    id: int
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """What the collection is searched by."""
        return (self.name,)


@dataclass(frozen=True, slots=True)
class Movie:
    """A film. Dates are ISO 8601, the runtime is in minutes, people are named by `Person.key`."""

    id: int
    imdb_id: str | None
    title: str
    original_title: str
    original_language: str
    release_date: str
    runtime: int | None
    genres: tuple[str, ...]
    tagline: str
    overview: str
    directors: tuple[str, ...]
    writers: tuple[str, ...]
    producers: tuple[str, ...]
    cast: tuple[Part, ...]
    countries: tuple[str, ...]
    collection: Group | None
    titles: dict[str, str]
    popularity: float
    vote_average: float
    vote_count: int
    adult: bool

    @property
    def date(self) -> str:
        """The date TMDb searches by."""
        return self.release_date

    @property
    def names(self) -> tuple[str, ...]:
        """Every title the film is known by."""
        return (self.title, self.original_title, *self.titles.values())

    @property
    def makers(self) -> frozenset[str]:
        """The keys of everybody credited."""
        return frozenset((*self.directors, *self.writers, *self.producers, *(part.key for part in self.cast)))


@dataclass(frozen=True, slots=True)
class Show:
    """A series or an unscripted show, which `type` tells apart. People are named by `Person.key`."""

    id: int
    imdb_id: str | None
    name: str
    original_name: str
    original_language: str
    first_air_date: str
    last_air_date: str | None
    number_of_seasons: int
    number_of_episodes: int
    status: str
    type: str
    genres: tuple[str, ...]
    tagline: str
    overview: str
    created_by: tuple[str, ...]
    executive_producers: tuple[str, ...]
    cast: tuple[Part, ...]
    networks: tuple[str, ...]
    countries: tuple[str, ...]
    titles: dict[str, str]
    popularity: float
    vote_average: float
    vote_count: int
    adult: bool

    @property
    def date(self) -> str:
        """The date TMDb searches by."""
        return self.first_air_date

    @property
    def names(self) -> tuple[str, ...]:
        """Every title the show is known by."""
        return (self.name, self.original_name, *self.titles.values())

    @property
    def makers(self) -> frozenset[str]:
        """The keys of everybody credited."""
        return frozenset((*self.created_by, *self.executive_producers, *(part.key for part in self.cast)))


@dataclass(frozen=True, slots=True)
class Person:
    """A person. Those who only appear in credits have no birth facts and an empty biography.

    `key` is what credits call the person: the name, for one of several namesakes with more behind it.
    """

    id: int
    key: str
    name: str
    birthday: str | None
    deathday: str | None
    place_of_birth: str | None
    gender: int
    department: str
    biography: str
    also_known_as: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the person is known by."""
        return (self.name, *self.also_known_as)


class _Reader:
    """Reads typed members of one JSON object and names the entry in every error."""

    def __init__(self, raw: dict[str, Any], what: str) -> None:
        self._raw = raw
        self._what = f"{what} {raw.get('id')}"

    def only(self, members: set[str]) -> None:
        unknown = self._raw.keys() - members
        if unknown:
            raise FactsError(f"{self._what}: unknown members {', '.join(sorted(unknown))}.")

    def text(self, name: str) -> str:
        return str(self._typed(name, str))

    def maybe_text(self, name: str) -> str | None:
        return None if self._raw.get(name) is None else self.text(name)

    def whole(self, name: str) -> int:
        return int(self._typed(name, int))

    def maybe_whole(self, name: str) -> int | None:
        return None if self._raw.get(name) is None else self.whole(name)

    def number(self, name: str) -> float:
        return float(self._typed(name, int | float))

    def flag(self, name: str) -> bool:
        return bool(self._raw.get(name, False))

    def date(self, name: str) -> str:
        value = self.text(name)
        try:
            dt.date.fromisoformat(value)
        except ValueError as error:
            raise FactsError(f"{self._what}: '{name}' is not a date.") from error
        return value

    def maybe_date(self, name: str) -> str | None:
        return None if self._raw.get(name) is None else self.date(name)

    def texts(self, name: str) -> tuple[str, ...]:
        values: list[Any] = self._typed(name, list)
        if not all(isinstance(value, str) and value for value in values):
            raise FactsError(f"{self._what}: '{name}' has to be a list of texts.")
        return tuple(values)

    def genres(self, known: dict[str, int]) -> tuple[str, ...]:
        names = self.texts("genres")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise FactsError(f"{self._what}: unknown genres {', '.join(unknown)}.")
        return names

    def cast(self) -> tuple[Part, ...]:
        parts = [as_list(part) or [] for part in self._typed("cast", list)]
        if not all(len(part) == 2 and all(isinstance(text, str) for text in part) for part in parts):
            raise FactsError(f"{self._what}: 'cast' has to be a list of [name, character].")
        return tuple(Part(name, character) for name, character in parts)

    def titles(self) -> dict[str, str]:
        titles: dict[Any, Any] = self._typed("titles", dict)
        if not all(isinstance(key, str) and isinstance(value, str) for key, value in titles.items()):
            raise FactsError(f"{self._what}: 'titles' has to map locales to texts.")
        return titles

    def group(self, name: str) -> Group | None:
        if self._raw.get(name) is None:
            return None
        reader = _Reader(self._typed(name, dict), f"{self._what} {name}")
        return Group(reader.whole("id"), reader.text("name"))

    def _typed(self, name: str, kind: Any) -> Any:
        value = self._raw.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise FactsError(f"{self._what}: '{name}' is missing or of the wrong type.")
        return value


def movie(raw: dict[str, Any]) -> Movie:
    """The film of its JSON form; FactsError when a member is unknown or wrong."""
    read = _Reader(raw, "movie")
    read.only(set(Movie.__dataclass_fields__))
    return Movie(
        read.whole("id"), read.maybe_text("imdb_id"), read.text("title"), read.text("original_title"),
        read.text("original_language"), read.date("release_date"), read.maybe_whole("runtime"),
        read.genres(MOVIE_GENRES), read.text("tagline"), read.text("overview"), read.texts("directors"),
        read.texts("writers"), read.texts("producers"), read.cast(), read.texts("countries"), read.group("collection"),
        read.titles(), read.number("popularity"), read.number("vote_average"), read.whole("vote_count"),
        read.flag("adult"),
    )  # fmt: skip


def show(raw: dict[str, Any]) -> Show:
    """The show of its JSON form; FactsError when a member is unknown or wrong."""
    read = _Reader(raw, "tv")
    read.only(set(Show.__dataclass_fields__))
    if read.text("type") not in SCRIPTED | UNSCRIPTED:
        raise FactsError(f"tv {raw.get('id')}: unknown type '{raw.get('type')}'.")
    return Show(
        read.whole("id"), read.maybe_text("imdb_id"), read.text("name"), read.text("original_name"),
        read.text("original_language"), read.date("first_air_date"), read.maybe_date("last_air_date"),
        read.whole("number_of_seasons"), read.whole("number_of_episodes"), read.text("status"), read.text("type"),
        read.genres(TV_GENRES), read.text("tagline"), read.text("overview"), read.texts("created_by"),
        read.texts("executive_producers"), read.cast(), read.texts("networks"), read.texts("countries"), read.titles(),
        read.number("popularity"), read.number("vote_average"), read.whole("vote_count"), read.flag("adult"),
    )  # fmt: skip


def person(raw: dict[str, Any]) -> Person:
    """The person of the JSON form; FactsError when a member is unknown or wrong."""
    read = _Reader(raw, f"person {raw.get('key')}")
    read.only(set(Person.__dataclass_fields__))
    return Person(
        read.whole("id"), read.text("key"), read.text("name"), read.maybe_date("birthday"), read.maybe_date("deathday"),
        read.maybe_text("place_of_birth"), read.whole("gender"), read.text("department"), read.text("biography"),
        read.texts("also_known_as"),
    )  # fmt: skip
