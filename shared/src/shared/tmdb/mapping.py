"""TMDb's documents as facts.

A document that lacks an id or any title raises `MappingError`; every other gap, null, unknown value or odd type leaves
the member empty, so that a change of TMDb's schema never stops a job.
"""

from collections.abc import Mapping
from types import MappingProxyType

from shared import reading
from shared.entities import (
    MAX_RECOMMENDED,
    Candidate,
    CollectionFact,
    EntityKind,
    Facts,
    KnownFor,
    Locale,
    MovieDetails,
    PersonDetails,
    ShowType,
    TvDetails,
)
from shared.errors import Permanent, failure
from shared.jobs import FailureType
from shared.reading import Json
from shared.tmdb import credits_of, genre_ids

_KNOWN_FOR = 8
_ID_LIMIT = 2**31
_SCRIPTED = frozenset({"Scripted", "Miniseries"})
_SHOW_TYPES: Mapping[str, ShowType] = MappingProxyType(
    {
        "Talk Show": ShowType.TALK_SHOW,
        "Reality": ShowType.REALITY,
        "News": ShowType.NEWS,
        "Documentary": ShowType.DOCUMENTARY,
        "Variety": ShowType.VARIETY,
        "Game Show": ShowType.GAME_SHOW,
    }
)
_SHOW_GENRES: Mapping[str, ShowType] = MappingProxyType(
    {
        "Talk": ShowType.TALK_SHOW,
        "Reality": ShowType.REALITY,
        "News": ShowType.NEWS,
        "Documentary": ShowType.DOCUMENTARY,
    }
)


class MappingError(Permanent):
    """A document without an id or without any title."""

    def __init__(self, what: str) -> None:
        super().__init__(failure(FailureType.UNKNOWN_ERROR, f"TMDb's document has no {what}"))


def facts(kind: EntityKind, document: Json) -> Facts:
    """The details document of an entity of `kind`; for TV the caller decides by `tv_kind` whether it is one."""
    match kind:
        case EntityKind.MOVIE:
            return _movie(document)
        case EntityKind.PERSON:
            return _person(document)
        case EntityKind.TV_SERIES | EntityKind.TV_SHOW:
            return _tv(kind, document)


def candidate(kind: EntityKind, hit: Json) -> Candidate | None:
    """One search hit; None for one that cannot be offered: without id or title, or for adults only."""
    tmdb_id, title = id_of(hit), reading.text(hit, "title", "name", "original_title", "original_name")
    if tmdb_id is None or title is None or hit.get("adult") is True:
        return None
    dated = {EntityKind.MOVIE: "release_date", EntityKind.PERSON: "birthday"}.get(kind, "first_air_date")
    return Candidate(
        kind=kind,
        tmdb_id=tmdb_id,
        title=title,
        original_title=reading.text(hit, "original_title", "original_name"),
        year=reading.year(hit, dated),
        first_air_date=reading.day(hit, "first_air_date"),
        genres=genre_ids.names(reading.numbers(hit, "genre_ids")),
        overview=reading.text(hit, "overview"),
        popularity=reading.real(hit, "popularity"),
    )


def offered(known: Facts) -> Candidate:
    """Facts in the form of a search hit."""
    details = known.details
    return Candidate(
        kind=known.kind,
        tmdb_id=known.tmdb_id,
        title=known.title,
        original_title=known.original_title,
        year=known.year,
        first_air_date=details.first_air_date if isinstance(details, TvDetails) else None,
        genres=known.genres,
        overview=details.biography if isinstance(details, PersonDetails) else details.overview,
        popularity=known.popularity,
    )


def tv_kind(document: Json) -> EntityKind:
    """Unscripted when the `type` says so, or when it says nothing known and a genre does."""
    type_ = reading.text(document, "type")
    if type_ in _SCRIPTED:
        return EntityKind.TV_SERIES
    unscripted = type_ in _SHOW_TYPES or not _SHOW_GENRES.keys().isdisjoint(_names(document, "genres"))
    return EntityKind.TV_SHOW if unscripted else EntityKind.TV_SERIES


def _movie(document: Json) -> Facts:
    tmdb_id, title = _identity(document, "title", "original_title")
    credited = credits_of.title(document)
    return Facts(
        kind=EntityKind.MOVIE,
        tmdb_id=tmdb_id,
        title=title,
        original_title=reading.text(document, "original_title"),
        year=reading.year(document, "release_date"),
        genres=_names(document, "genres"),
        details=MovieDetails(
            director=", ".join(credits_of.directors(document)) or None,
            release_date=reading.day(document, "release_date"),
            runtime_min=reading.integer(document, "runtime") or None,
            overview=reading.text(document, "overview"),
            tagline=reading.text(document, "tagline"),
        ),
        credits=credited,
        titles=_titles(document, title),
        popularity=reading.real(document, "popularity"),
        collection=_collection(document),
        recommended=recommended(document, tmdb_id, "movie"),
        raw=document,
    )


def _tv(kind: EntityKind, document: Json) -> Facts:
    tmdb_id, title = _identity(document, "name", "original_name")
    genres = _names(document, "genres")
    of_genres = next((_SHOW_GENRES[genre] for genre in genres if genre in _SHOW_GENRES), None)
    show_type = _SHOW_TYPES.get(reading.text(document, "type") or "", of_genres)
    return Facts(
        kind=kind,
        tmdb_id=tmdb_id,
        title=title,
        original_title=reading.text(document, "original_name"),
        year=reading.year(document, "first_air_date"),
        genres=genres,
        details=TvDetails(
            first_air_date=reading.day(document, "first_air_date"),
            last_air_date=reading.day(document, "last_air_date"),
            number_of_seasons=reading.integer(document, "number_of_seasons"),
            number_of_episodes=reading.integer(document, "number_of_episodes"),
            show_type=show_type if kind is EntityKind.TV_SHOW else None,
            creators=_names(document, "created_by"),
            networks=_names(document, "networks"),
            overview=reading.text(document, "overview"),
            tagline=reading.text(document, "tagline"),
        ),
        credits=credits_of.title(document),
        titles=_titles(document, title),
        popularity=reading.real(document, "popularity"),
        recommended=recommended(document, tmdb_id, "tv"),
        raw=document,
    )


def _person(document: Json) -> Facts:
    tmdb_id, name = _identity(document, "name", "original_name")
    works = credits_of.works(document)
    titles = {(work.credit.kind, work.credit.tmdb_id): work for work in reversed(works) if work.title}
    best = sorted(titles.values(), key=lambda work: (work.as_self, -work.popularity))[:_KNOWN_FOR]
    return Facts(
        kind=EntityKind.PERSON,
        tmdb_id=tmdb_id,
        title=name,
        original_title=None,
        year=reading.year(document, "birthday"),
        details=PersonDetails(
            birth_date=reading.day(document, "birthday"),
            death_date=reading.day(document, "deathday"),
            birthplace=reading.text(document, "place_of_birth"),
            biography=reading.text(document, "biography"),
            known_for=tuple(KnownFor(title=work.title, year=work.year, role=work.credit.role) for work in best),
        ),
        filmography=tuple(work.credit for work in works),
        popularity=reading.real(document, "popularity"),
        raw=document,
    )


def _identity(document: Json, *names: str) -> tuple[int, str]:
    tmdb_id, title = reading.integer(document, "id"), reading.text(document, *names)
    if tmdb_id is None:
        raise MappingError("id")
    if title is None:
        raise MappingError("title")
    return tmdb_id, title


def _names(document: Json, name: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(found for item in reading.items(document, name) if (found := reading.text(item, "name")))
    )


def _collection(document: Json) -> CollectionFact | None:
    stated = reading.member(document, "belongs_to_collection")
    tmdb_id, name = id_of(stated), reading.text(stated, "name")
    return CollectionFact(tmdb_id=tmdb_id, name=name) if tmdb_id and name else None


def recommended(document: Json, own_id: int, type_: str) -> tuple[int, ...]:
    """What TMDb recommends to those who like this title, best first; a recommendation of another media type is left out."""
    hits = reading.items(reading.member(document, "recommendations"), "results")
    ids = (id_of(hit) for hit in hits if (reading.text(hit, "media_type") or type_) == type_)
    return tuple(dict.fromkeys(found for found in ids if found and found != own_id))[:MAX_RECOMMENDED]


def id_of(document: Json, name: str = "id") -> int | None:
    """An id that is one, and fits the column it is stored in."""
    found = reading.integer(document, name) or 0
    return found if 0 < found < _ID_LIMIT else None


def _titles(document: Json, title: str) -> dict[str, str]:
    """The title per locale where it differs: the locale's translation, the language's, the country's other title."""
    exact: dict[str, str] = {}
    by_language: dict[str, str] = {}
    by_country: dict[str, str] = {}
    for item in reading.items(reading.member(document, "translations"), "translations"):
        language, found = reading.text(item, "iso_639_1"), reading.text(reading.member(item, "data"), "title", "name")
        if language and found:
            exact[f"{language}-{reading.text(item, 'iso_3166_1')}"] = found
            by_language.setdefault(language, found)
    others = reading.member(document, "alternative_titles")
    for item in [*reading.items(others, "titles"), *reading.items(others, "results")]:
        country, found = reading.text(item, "iso_3166_1"), reading.text(item, "title")
        if country and found and not reading.text(item, "type"):
            by_country.setdefault(country, found)
    known: dict[str, str] = {}
    for locale in Locale:
        language, country = locale.split("-")
        found = exact.get(locale) or by_language.get(language) or by_country.get(country)
        if found and found != title:
            known[locale] = found
    return known
