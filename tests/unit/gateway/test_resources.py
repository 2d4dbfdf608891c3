"""Entities on the wire: exactly the members of the contract, for each kind."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from gateway.http import entity_schemas
from gateway.http.links import Links
from gateway.http.resources import Resources
from gateway.read_ports import Choice, Credit, Entity, Representation, StoredText, Wanted
from shared.entities import KINDS, EntityKind, Locale, MovieDetails, PersonDetails, ShowType, TvDetails

BASE = "https://api.example"
ID, TEXT_ID, OTHER_ID = (UUID(f"01a0fba0-c08a-7195-8462-4bb836b6236{digit}") for digit in "abc")
THEN = datetime(2026, 10, 2, 8, 0, 11, 402_999, tzinfo=UTC)
DETAILS = {
    EntityKind.MOVIE: MovieDetails(director="Lana Wachowski, Lilly Wachowski"),
    EntityKind.PERSON: PersonDetails(birth_date=date(1964, 9, 2), birthplace="Beirut, Lebanon"),
    EntityKind.TV_SERIES: TvDetails(first_air_date=date(2008, 1, 20), number_of_seasons=5),
    EntityKind.TV_SHOW: TvDetails(first_air_date=date(1975, 10, 11), show_type=ShowType.VARIETY),
}
FACTS = {
    EntityKind.MOVIE: ["id", "title", "slug", "release_year", "director", "genres"],
    EntityKind.PERSON: ["id", "name", "slug", "birth_date", "birthplace"],
    EntityKind.TV_SERIES: [
        "id",
        "title",
        "slug",
        "first_air_date",
        "last_air_date",
        "number_of_seasons",
        "number_of_episodes",
        "genres",
    ],
}
FACTS[EntityKind.TV_SHOW] = [*FACTS[EntityKind.TV_SERIES], "show_type"]
resources = Resources(Links(BASE))
every_kind = pytest.mark.parametrize("kind", EntityKind)


def text(text_id: UUID = TEXT_ID, locale: str = "en-US", tag: str = "modern") -> StoredText:
    return StoredText(text_id, locale, tag, "GENERATED", "gpt-4o-mini", 1, "Zażółć 🎬", THEN, THEN)


def credit(kind: EntityKind, **values: Any) -> Credit:
    found = Credit(OTHER_ID, kind, "keanu-reeves", "Keanu Reeves", "ACTOR", "Neo", None, 0)
    return replace(found, **values)


def entity(kind: EntityKind, **values: Any) -> Entity:
    other = EntityKind.MOVIE if kind is EntityKind.PERSON else EntityKind.PERSON
    whole = Entity(
        id=ID,
        kind=kind,
        slug="the-matrix-1999",
        title="The Matrix",
        titles={"pl-PL": "Matrix"},
        year=1999,
        genres=("Action", "Science Fiction"),
        details=DETAILS[kind],
        default_text_id=TEXT_ID,
        tmdb_id=603,
        version=7,
        stale_since=None,
        created_at=THEN,
        updated_at=THEN,
        texts=(text(OTHER_ID, tag="DEFAULT"), text()),
        credits=(
            credit(other),
            credit(other, role="DIRECTOR", character_name=None, job="Director", billing_order=None),
        ),
    )
    return replace(whole, **values)


def shown(found: Representation) -> dict[str, Any]:
    return orjson.loads(found.body)


def detail(whole: Entity, wanted: Wanted | None = None, others: tuple[Choice, ...] = ()) -> dict[str, Any]:
    return shown(resources.detail(whole, wanted or Wanted(), whole.default_text, others))


@every_kind
def test_a_detail_has_exactly_the_members_of_its_kind(kind: EntityKind) -> None:
    names = KINDS[kind]
    credits_member = "movies" if kind is EntityKind.PERSON else "people"
    texts = [f"default_{names.text}_id", f"default_{names.text}", f"{names.texts}_count", names.texts]
    short = ["locale", f"{names.title}_localized", "short_locale", "short_origin", "tagline", "summary", "synopsis"]
    director = ["director_localized"] if kind is EntityKind.MOVIE else []
    rest = [credits_member, "created_at", "updated_at", "_links"]

    body = detail(entity(kind))

    assert sorted(body) == sorted([*FACTS[kind], *texts, *short, *director, *rest])


@every_kind
@pytest.mark.parametrize("included", [False, True])
def test_an_item_of_a_list_has_credits_but_no_detail_members(kind: EntityKind, *, included: bool) -> None:
    names = KINDS[kind]
    credits_member = "movies" if kind is EntityKind.PERSON else "people"
    texts = [f"default_{names.text}_id", f"default_{names.text}", f"{names.texts}_count"]

    body = resources.listed(entity(kind), (names.texts,) if included else ())

    expected = [*FACTS[kind], *texts, credits_member, "created_at", "updated_at", "_links"]
    assert sorted(body) == sorted([*expected, names.texts] if included else expected)


@every_kind
def test_the_published_schema_says_what_is_sent_and_nothing_else(kind: EntityKind) -> None:
    other = Choice(OTHER_ID, "other", "Other", None, None, 1)
    bodies = [
        detail(entity(kind)),
        detail(entity(kind), Wanted(locale=Locale.PL), (other,)),
        detail(entity(kind, texts=(), default_text_id=None, credits=(), stale_since=THEN, genres=(), year=None)),
    ]

    schema = entity_schemas.DETAILS[kind]

    known = {field.alias or name for name, field in schema.model_fields.items()}
    for body in bodies:
        schema.model_validate_json(orjson.dumps(body))
        assert set(body) <= known


@every_kind
def test_the_catalogues_id_is_never_told(kind: EntityKind) -> None:
    found = resources.detail(entity(kind), Wanted(), None, ())

    assert b"tmdb" not in found.body
    assert b"603" not in found.body


@every_kind
def test_times_are_utc_with_milliseconds(kind: EntityKind) -> None:
    body = detail(entity(kind, stale_since=THEN))

    assert body["created_at"] == body["updated_at"] == body["_meta"]["stale_since"] == "2026-10-02T08:00:11.402Z"


@every_kind
def test_unknown_facts_are_null(kind: EntityKind) -> None:
    empty = type(DETAILS[kind])()

    body = detail(entity(kind, details=empty, year=None, genres=(), texts=(), default_text_id=None, credits=()))

    names = KINDS[kind]
    given = {"id", names.title, "slug", "genres"}
    assert [body[name] for name in FACTS[kind] if name not in given] == [None] * len(set(FACTS[kind]) - given)
    assert body[f"default_{names.text}"] is None
    assert body[f"default_{names.text}_id"] is None
    assert body[f"{names.texts}_count"] == 0


@every_kind
def test_a_default_text_that_is_not_current_is_not_shown(kind: EntityKind) -> None:
    body = detail(entity(kind, texts=(text(OTHER_ID),)))

    assert body[f"default_{KINDS[kind].text}_id"] is None
    assert body[f"{KINDS[kind].texts}_count"] == 1


@every_kind
def test_a_text_has_all_its_members(kind: EntityKind) -> None:
    body = detail(entity(kind))

    assert body[f"default_{KINDS[kind].text}"] == {
        "id": str(TEXT_ID),
        "locale": "en-US",
        "context_tag": "modern",
        "origin": "GENERATED",
        "ai_model": "gpt-4o-mini",
        "version": 1,
        "text": "Zażółć 🎬",
        "created_at": "2026-10-02T08:00:11.402Z",
        "updated_at": "2026-10-02T08:00:11.402Z",
    }


@every_kind
def test_the_title_is_in_the_locale_asked_for_or_as_it_is(kind: EntityKind) -> None:
    member = f"{KINDS[kind].title}_localized"

    assert detail(entity(kind))[member] == "The Matrix"
    assert detail(entity(kind), Wanted(locale=Locale.PL))[member] == "Matrix"
    assert detail(entity(kind), Wanted(locale=Locale.DE))[member] == "The Matrix"
    assert detail(entity(kind), Wanted(locale=Locale.DE))["locale"] == "de-DE"


@every_kind
def test_the_selected_text_is_shown_when_one_was_asked_for_or_none_is_there(kind: EntityKind) -> None:
    member = f"selected_{KINDS[kind].text}"
    whole = entity(kind)

    assert member not in detail(whole)
    assert detail(whole, Wanted(locale=Locale.EN))[member]["id"] == str(TEXT_ID)
    assert detail(whole, Wanted(text_id=TEXT_ID))[member]["id"] == str(TEXT_ID)
    assert shown(resources.detail(whole, Wanted(), None, ()))[member] is None


@every_kind
def test_links_are_absolute_and_name_what_can_be_done(kind: EntityKind) -> None:
    own = f"{BASE}/api/v1/{KINDS[kind].path}/the-matrix-1999"

    links = detail(entity(kind))["_links"]

    assert links["self"] == {"href": own}
    assert links["refresh"] == {"href": f"{own}/refresh", "method": "POST"}
    assert links["generate"] == {
        "href": f"{BASE}/api/v1/generate",
        "method": "POST",
        "body": {"entity_type": kind, "slug": "the-matrix-1999"},
    }


def test_a_title_links_to_its_people_and_leaves_out_what_is_unknown() -> None:
    body = detail(entity(EntityKind.MOVIE))

    href = f"{BASE}/api/v1/people/keanu-reeves"
    assert body["people"][0] == {
        "id": str(OTHER_ID),
        "name": "Keanu Reeves",
        "slug": "keanu-reeves",
        "role": "ACTOR",
        "character_name": "Neo",
    }
    assert body["_links"]["people"] == [
        {"href": href, "title": "Keanu Reeves", "role": "ACTOR", "character_name": "Neo", "billing_order": 0},
        {"href": href, "title": "Keanu Reeves", "role": "DIRECTOR", "job": "Director"},
    ]


def test_a_person_links_to_their_movies() -> None:
    body = detail(entity(EntityKind.PERSON))

    assert set(body["movies"][0]) == {"id", "slug", "title", "role", "character_name"}
    assert body["_links"]["movies"][0]["href"] == f"{BASE}/api/v1/movies/keanu-reeves"


def test_tags_are_equal_exactly_when_the_bytes_are() -> None:
    first, same = (resources.detail(entity(EntityKind.MOVIE), Wanted(), text(), ()) for _ in range(2))
    other = resources.detail(entity(EntityKind.MOVIE), Wanted(locale=Locale.PL), text(), ())

    assert first == same
    assert first.etag != other.etag
    assert first.etag.startswith('"m-')
    assert first.etag.endswith('"')
