"""What TMDb's details say of a title beyond its facts: ratings, videos, where to watch it, who is in it, what comes next.

A member of another form is left out and its path is in `drift`; a document without an id is a `MappingError`.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeVar

from shared import reading
from shared.reading import Json
from shared.tmdb.mapping import MappingError, id_of, recommended

A = TypeVar("A")
CATEGORIES = ("flatrate", "free", "ads", "rent", "buy")
REGIONS = ("PL", "US", "DE", "FR", "ES", "GB")
MAX_CAST = 12
MAX_VIDEOS = 20
MAX_OFFERS = 30
"""Offers of one category in one region."""
ANIMATION = 16
"""The id of that genre."""
_VIDEO_TYPES = frozenset({"Trailer", "Teaser"})
# of the release types, the one whose certificate people know comes first: cinemas, limited, premiere, digital, disc, television
_RELEASES: Mapping[int, int] = MappingProxyType({3: 0, 2: 1, 1: 2, 4: 3, 5: 4, 6: 5})


@dataclass(frozen=True, slots=True)
class Rating:
    """`average` is from 0 to 10, of `votes` above 0."""

    average: float
    votes: int


@dataclass(frozen=True, slots=True)
class Video:
    """A trailer or teaser on YouTube; `locale` is `en-US`, or `en` without a country."""

    site: str
    key: str
    name: str
    type: str
    locale: str | None
    official: bool | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to watch a title: `category` is one of `CATEGORIES`, `rank` grows with less prominence, `link` shows all of the region."""

    region: str
    category: str
    provider_id: int
    name: str
    logo_path: str | None
    link: str | None
    rank: int


@dataclass(frozen=True, slots=True)
class CastMember:
    person_id: int
    name: str
    character: str | None
    profile_path: str | None


@dataclass(frozen=True, slots=True)
class ContentRating:
    """The age that a region's board allows it from, in the board's own words."""

    region: str
    rating: str


@dataclass(frozen=True, slots=True)
class EpisodeMark:
    """An episode before or after today."""

    season: int
    number: int
    air_date: date | None


@dataclass(frozen=True, slots=True)
class Extras:
    """What belongs to one title, at the time of its document.

    `cast` is in billing order, `videos` the official and then the newer ones first, `related` holds the catalogue ids of titles of the same
    type, best first. `drift` names what came in another form, see `shared.reading`.
    """

    tmdb_id: int
    imdb_id: str | None
    rating: Rating | None
    popularity: float
    status: str | None
    poster_path: str | None
    backdrop_path: str | None
    genre_ids: tuple[int, ...]
    keywords: tuple[str, ...]
    videos: tuple[Video, ...]
    offers: tuple[Offer, ...]
    cast: tuple[CastMember, ...]
    content_ratings: tuple[ContentRating, ...]
    related: tuple[int, ...]
    last_episode: EpisodeMark | None
    next_episode: EpisodeMark | None
    drift: tuple[str, ...] = ()


def extras(document: Json, regions: Sequence[str] = REGIONS) -> Extras:
    """What the document of `TmdbClient.everything` says of a film or a series, of these `regions` only."""
    with reading.noted(document) as drift:
        found = _extras(document, regions)
    return replace(found, drift=drift.paths)


def _extras(document: Json, regions: Sequence[str]) -> Extras:
    if (tmdb_id := id_of(document)) is None:
        raise MappingError("id")
    return Extras(
        tmdb_id=tmdb_id,
        imdb_id=_imdb_id(document),
        rating=_rating(document),
        popularity=reading.real(document, "popularity"),
        status=reading.text(document, "status"),
        poster_path=reading.text(document, "poster_path"),
        backdrop_path=reading.text(document, "backdrop_path"),
        genre_ids=tuple(found for item in reading.items(document, "genres") if (found := id_of(item))),
        keywords=_keywords(document),
        videos=_videos(document),
        offers=tuple(_offers(document, regions)),
        cast=_cast(document),
        content_ratings=tuple(_content_ratings(document, regions)),
        related=recommended(document, tmdb_id, "movie" if "title" in document else "tv"),
        last_episode=_episode(document, "last_episode_to_air"),
        next_episode=_episode(document, "next_episode_to_air"),
    )


def _imdb_id(document: Json) -> str | None:
    found = reading.text(document, "imdb_id") or reading.text(reading.member(document, "external_ids"), "imdb_id")
    return found if found and found.startswith("tt") and found[2:].isascii() and found[2:].isdigit() else None


def _rating(document: Json) -> Rating | None:
    average, votes = reading.real(document, "vote_average"), reading.integer(document, "vote_count") or 0
    return Rating(average, votes) if 0 < average <= 10 and votes > 0 else None


def _keywords(document: Json) -> tuple[str, ...]:
    """In lower case; films have them in another member than series."""
    stated = reading.member(document, "keywords")
    words = (
        reading.text(item, "name") for item in [*reading.items(stated, "keywords"), *reading.items(stated, "results")]
    )
    return tuple(dict.fromkeys(word.lower() for word in words if word))


def _videos(document: Json) -> tuple[Video, ...]:
    found = [
        video
        for item in reading.items(reading.member(document, "videos"), "results")
        if (video := _video(item)) and video.site == "YouTube" and video.type in _VIDEO_TYPES
    ]
    newest = sorted(found, key=lambda one: one.published_at.timestamp() if one.published_at else 0.0, reverse=True)
    ranked = sorted(newest, key=lambda one: (not one.official, one.type != "Trailer"))
    return tuple(_once(ranked, lambda one: one.key)[:MAX_VIDEOS])


def _video(item: Json) -> Video | None:
    site, key, type_ = reading.text(item, "site"), reading.text(item, "key"), reading.text(item, "type")
    if not (site and key and type_):
        return None
    language, country = reading.text(item, "iso_639_1"), reading.text(item, "iso_3166_1")
    return Video(
        site=site,
        key=key,
        name=reading.text(item, "name") or type_,
        type=type_,
        locale="-".join(part for part in (language, country) if part) if language else None,
        official=reading.boolean(item, "official"),
        published_at=reading.moment(item, "published_at"),
    )


def _offers(document: Json, regions: Sequence[str]) -> Iterator[Offer]:
    """A provider that offers in several categories is in each of them, and in each once."""
    results = reading.member(reading.member(document, "watch/providers"), "results")
    for region in regions:
        stated = reading.member(results, region)
        link = reading.text(stated, "link")
        for category in CATEGORIES:
            found = (
                offer
                for place, item in enumerate(reading.items(stated, category))
                if (offer := _offer(item, region, category, link, place))
            )
            yield from sorted(_once(found, lambda one: one.provider_id), key=lambda one: one.rank)[:MAX_OFFERS]


def _offer(item: Json, region: str, category: str, link: str | None, place: int) -> Offer | None:
    provider_id, name = id_of(item, "provider_id"), reading.text(item, "provider_name")
    if not (provider_id and name):
        return None
    rank = reading.integer(item, "display_priority")
    return Offer(
        region=region,
        category=category,
        provider_id=provider_id,
        name=name,
        logo_path=reading.text(item, "logo_path"),
        link=link,
        rank=place if rank is None else rank,
    )


def _cast(document: Json) -> tuple[CastMember, ...]:
    """Of a series, everybody of all its seasons with the part played most."""
    aggregate = reading.items(reading.member(document, "aggregate_credits"), "cast")
    stated = aggregate or reading.items(reading.member(document, "credits"), "cast")
    ordered = sorted(enumerate(stated), key=lambda pair: _order(pair[1], pair[0]))
    members = (member for _, item in ordered if (member := _member(item)))
    return tuple(_once(members, lambda one: one.person_id)[:MAX_CAST])


def _order(item: Json, place: int) -> int:
    stated = reading.integer(item, "order")
    return place if stated is None else stated


def _member(item: Json) -> CastMember | None:
    person_id, name = id_of(item), reading.text(item, "name", "original_name")
    if not (person_id and name):
        return None
    roles = [
        (reading.integer(role, "episode_count") or 0, character)
        for role in reading.items(item, "roles")
        if (character := reading.text(role, "character"))
    ]
    most = max(roles, key=lambda role: role[0])[1] if roles else None
    return CastMember(person_id, name, reading.text(item, "character") or most, reading.text(item, "profile_path"))


def _content_ratings(document: Json, regions: Sequence[str]) -> Iterator[ContentRating]:
    found: dict[str, str] = {}
    for item in reading.items(reading.member(document, "content_ratings"), "results"):
        region, rating = reading.text(item, "iso_3166_1"), reading.text(item, "rating")
        if region and rating:
            found.setdefault(region, rating)
    for item in reading.items(reading.member(document, "release_dates"), "results"):
        region, rating = reading.text(item, "iso_3166_1"), _certification(item)
        if region and rating:
            found.setdefault(region, rating)
    return (ContentRating(region, found[region]) for region in regions if region in found)


def _certification(item: Json) -> str | None:
    known = [
        (_RELEASES.get(reading.integer(release, "type") or 0, len(_RELEASES)), rating)
        for release in reading.items(item, "release_dates")
        if (rating := reading.text(release, "certification"))
    ]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def _episode(document: Json, name: str) -> EpisodeMark | None:
    stated = reading.member(document, name)
    season, number = reading.integer(stated, "season_number"), reading.integer(stated, "episode_number")
    return None if season is None or number is None else EpisodeMark(season, number, reading.day(stated, "air_date"))


def _once(found: Iterable[A], key: Callable[[A], Hashable]) -> list[A]:
    """The first of each key, in their order."""
    first: dict[Hashable, A] = {}
    for one in found:
        first.setdefault(key(one), one)
    return list(first.values())
