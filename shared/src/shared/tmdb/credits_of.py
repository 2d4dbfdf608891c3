"""Who did what: TMDb's credit lists as roles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared import reading
from shared.entities import MAX_CREDITS, CreditFact, EntityKind, Role, TitleCredit
from shared.reading import Json

MAX_WORKS = 500
_MAX_CAST = 30  # the rest of the 50 is for crew
_UNSCRIPTED_GENRES = frozenset({99, 10763, 10764, 10767})  # Documentary, News, Reality, Talk
_JOBS: Mapping[str, Role] = MappingProxyType(
    {
        "Director": Role.DIRECTOR,
        "Writer": Role.WRITER,
        "Screenplay": Role.WRITER,
        "Story": Role.WRITER,
        "Novel": Role.WRITER,
        "Producer": Role.PRODUCER,
        "Executive Producer": Role.PRODUCER,
    }
)
_TV_JOBS: Mapping[str, Role] = MappingProxyType(
    {**_JOBS, "Creator": Role.CREATOR, "Executive Producer": Role.EXECUTIVE_PRODUCER}
)
_LEADING = (Role.CREATOR, Role.DIRECTOR, Role.HOST)


@dataclass(frozen=True, slots=True)
class Work:
    """One entry of a person's filmography with what ranks it; `as_self` is an appearance, not a part."""

    credit: TitleCredit
    title: str
    year: int | None
    popularity: float
    as_self: bool


def probable_kind(hit: Json) -> EntityKind:
    """Series or show as far as a list entry tells, by its genres; only details decide."""
    unscripted = _UNSCRIPTED_GENRES.intersection(reading.numbers(hit, "genre_ids"))
    return EntityKind.TV_SHOW if unscripted else EntityKind.TV_SERIES


def directors(document: Json) -> list[str]:
    """The names of a movie's directors in TMDb's order."""
    crew = reading.items(reading.member(document, "credits"), "crew")
    names = (reading.text(item, "name") for item in crew if item.get("job") == "Director")
    return list(dict.fromkeys(name for name in names if name))


def title(document: Json) -> tuple[CreditFact, ...]:
    """The credits of a movie or of a TV document, at most 50, one per person and role.

    Creators, directors and hosts come first, then at most 30 of the cast in billing order, then the other crew.
    """
    television = "first_air_date" in document or "created_by" in document or "aggregate_credits" in document
    lists = reading.member(document, "aggregate_credits") or reading.member(document, "credits")
    cast = sorted(reading.items(lists, "cast"), key=_billing)
    billed = [credit for place, item in enumerate(cast) if (credit := _acting(item, place, television=television))]
    crew = [
        *(credit for item in reading.items(document, "created_by") if (credit := _crew(item, "Creator", Role.CREATOR))),
        *(credit for item in reading.items(lists, "crew") for credit in _jobs(item, _TV_JOBS if television else _JOBS)),
    ]
    leading = sorted((credit for credit in [*crew, *billed] if credit.role in _LEADING), key=_leading)
    acting = [credit for credit in billed if credit.role not in _LEADING][:_MAX_CAST]
    others = [credit for credit in crew if credit.role not in _LEADING]
    unique: dict[tuple[int, Role], CreditFact] = {}
    for credit in [*leading[: MAX_CREDITS - _MAX_CAST], *acting, *others]:
        unique.setdefault((credit.tmdb_id, credit.role), credit)
    return tuple(unique.values())[:MAX_CREDITS]


def works(document: Json) -> list[Work]:
    """A person's filmography in movies and TV, most popular first, at most 500, one per title and role."""
    lists = reading.member(document, "combined_credits")
    found = [
        *(work for item in reading.items(lists, "cast") if (work := _work(item, acting=True))),
        *(work for item in reading.items(lists, "crew") if (work := _work(item, acting=False))),
    ]
    unique: dict[tuple[EntityKind, int, Role], Work] = {}
    for work in sorted(found, key=lambda work: -work.popularity):
        unique.setdefault((work.credit.kind, work.credit.tmdb_id, work.credit.role), work)
    return list(unique.values())[:MAX_WORKS]


def _work(item: Json, *, acting: bool) -> Work | None:
    tmdb_id, media = reading.integer(item, "id"), reading.text(item, "media_type")
    if tmdb_id is None or media not in {"movie", "tv"}:
        return None
    television = media == "tv"
    character, job = reading.text(item, "character"), reading.text(item, "job")
    role = _part(character, television=television) if acting else (_TV_JOBS if television else _JOBS).get(job or "")
    if role is None:
        return None
    return Work(
        credit=TitleCredit(
            tmdb_id=tmdb_id,
            kind=probable_kind(item) if television else EntityKind.MOVIE,
            role=role,
            character=character if acting else None,
            job=None if acting else job,
            billing_order=reading.integer(item, "order") if acting else None,
        ),
        title=reading.text(item, "title", "name", "original_title", "original_name") or "",
        year=reading.year(item, "first_air_date" if television else "release_date"),
        popularity=reading.real(item, "popularity"),
        as_self=acting and (character or "").casefold().startswith(("self", "himself", "herself")),
    )


def _acting(item: Json, place: int, *, television: bool) -> CreditFact | None:
    tmdb_id, name = reading.integer(item, "id"), reading.text(item, "name")
    if tmdb_id is None or name is None:
        return None
    roles = sorted(reading.items(item, "roles"), key=lambda role: -reading.real(role, "episode_count"))
    characters = [reading.text(item, "character"), *(reading.text(role, "character") for role in roles)]
    character = next(filter(None, characters), None)
    role = _part(character, television=television)
    return CreditFact(tmdb_id=tmdb_id, name=name, role=role, character=character, billing_order=place)


def _part(character: str | None, *, television: bool) -> Role:
    """Hosts and guests appear in TMDb's cast as `Self - Host` and `Self - Guest`."""
    spoken = (character or "").casefold()
    if not television or not spoken.startswith("self"):
        return Role.ACTOR
    if "guest" in spoken:
        return Role.GUEST
    return Role.HOST if "host" in spoken else Role.ACTOR


def _jobs(item: Json, roles: Mapping[str, Role]) -> Iterator[CreditFact]:
    jobs = [reading.text(item, "job"), *(reading.text(one, "job") for one in reading.items(item, "jobs"))]
    for job in filter(None, jobs):
        if job in roles and (credit := _crew(item, job, roles[job])):
            yield credit


def _crew(item: Json, job: str, role: Role) -> CreditFact | None:
    tmdb_id, name = reading.integer(item, "id"), reading.text(item, "name")
    return None if tmdb_id is None or name is None else CreditFact(tmdb_id=tmdb_id, name=name, role=role, job=job)


def _billing(item: Json) -> int:
    place = reading.integer(item, "order")
    return 1_000_000 if place is None else place


def _leading(credit: CreditFact) -> int:
    return _LEADING.index(credit.role)
