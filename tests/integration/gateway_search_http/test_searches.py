"""`GET /api/v1/{type}/search`: what is found, from both sources."""

from typing import Any

import pytest
from tests.integration.gateway_search.library import MOVIE, PERSON, SERIES, SHOW, cast
from tests.integration.gateway_search_http.harness import Gateway, Running

from shared.entities import KINDS, EntityKind, Role, ShowType

OVERVIEW = "Before anyone spoke of feeds and deepfakes, this film asked who owns the picture of the world in your head."


async def store_the_matrix(gateway: Gateway) -> None:
    wachowskis = "Lana Wachowski, Lilly Wachowski"
    stored = await gateway.library.add(
        "The Matrix", 1999, tmdb_id=603, director=wachowskis, genres=("Action", "Science Fiction")
    )
    await gateway.library.write(stored, body=OVERVIEW)


async def test_a_search_merges_what_is_stored_with_what_tmdb_has(gateway: Gateway) -> None:
    await store_the_matrix(gateway)

    found = await gateway.find(MOVIE, q="matrix", page=1, per_page=2)

    reloaded = found["results"][1]
    assert found["results"][0] == {
        "source": "local",
        "entity_type": "MOVIE",
        "slug": "the-matrix-1999",
        "title": "The Matrix",
        "release_year": 1999,
        "director": "Lana Wachowski, Lilly Wachowski",
        "has_description": True,
        "overview": OVERVIEW,
    }
    assert reloaded | {"overview": "…"} == {
        "source": "external",
        "entity_type": "MOVIE",
        "title": "The Matrix Reloaded",
        "release_year": 2003,
        "director": None,
        "overview": "…",
        "needs_creation": True,
        "suggested_slug": "the-matrix-reloaded-2003",
    }
    cursor = found["pagination"].pop("next_cursor")
    assert {name: found[name] for name in found if name != "results"} == {
        "total": 4,
        "local_count": 1,
        "external_count": 3,
        "match_type": "ambiguous",
        "confidence": 0.7,
        "external_status": "ok",
        "pagination": {
            "page": 1,
            "current_page": 1,
            "per_page": 2,
            "total_pages": 2,
            "total": 4,
            "has_next_page": True,
            "has_previous_page": False,
        },
        "facets": {
            "type": [{"value": "MOVIE", "count": 4}],
            "year": [{"value": 2003, "count": 2}, {"value": 1999, "count": 1}, {"value": 2021, "count": 1}],
            "decade": [{"value": 2000, "count": 2}, {"value": 1990, "count": 1}, {"value": 2020, "count": 1}],
            "genre": [
                {"value": "Action", "count": 4},
                {"value": "Science Fiction", "count": 4},
                {"value": "Adventure", "count": 3},
                {"value": "Thriller", "count": 2},
            ],
            "locale": [{"value": "en-US", "count": 1}],
        },
    }
    rest = await gateway.find(MOVIE, q="matrix", cursor=cursor, per_page=2)
    assert [item["source"] for item in rest["results"]] == ["external", "external"]
    assert (rest["pagination"]["page"], rest["pagination"]["next_cursor"]) == (2, None)
    assert await gateway.searches() == 1


async def test_people_are_shown_under_their_own_names(gateway: Gateway) -> None:
    stored = await gateway.library.add("Keanu Stored", 1964, PERSON, birthplace="Beirut, Lebanon", tmdb_id=1)
    await gateway.library.write(stored, body="A life.")

    found = await gateway.find(PERSON, q="keanu")

    local, external = found["results"]
    assert local == {
        "source": "local",
        "entity_type": "PERSON",
        "slug": "keanu-stored",
        "name": "Keanu Stored",
        "birth_year": 1964,
        "birthplace": "Beirut, Lebanon",
        "has_bio": True,
        "overview": "A life.",
    }
    assert external == {
        "source": "external",
        "entity_type": "PERSON",
        "name": "Keanu Reeves",
        "birth_year": None,
        "birthplace": None,
        "overview": None,
        "biography": None,
        "needs_creation": True,
        "suggested_slug": "keanu-reeves",
    }
    assert list(found["facets"]) == ["type", "birth_year", "decade", "role", "locale"]


@pytest.mark.parametrize(
    ("kind", "q", "name", "aired", "slug"),
    [
        (SERIES, "the office", "The Office", "2005-03-24", "the-office-2005"),
        (SHOW, "the daily show", "The Daily Show", "1996-07-22", "the-daily-show-1996"),
    ],
)
async def test_series_and_shows_are_told_apart_and_dated(
    gateway: Gateway, kind: EntityKind, q: str, name: str, aired: str, slug: str
) -> None:
    other = SHOW if kind is SERIES else SERIES
    await gateway.library.add(name, 1990, kind, tmdb_id=1)

    found = await gateway.find(kind, q=q, sort="first_air_year")
    of_the_other = await gateway.search(other, q=q, external_limit=1)

    external = next(item for item in found["results"] if item.get("suggested_slug") == slug)
    assert external | {"overview": "…"} == {
        "source": "external",
        "entity_type": str(kind),
        "title": name,
        "first_air_date": aired,
        "first_air_year": int(aired[:4]),
        "overview": "…",
        "needs_creation": True,
        "suggested_slug": slug,
    }
    local = next(item for item in found["results"] if item["source"] == "local")
    assert local == {
        "source": "local",
        "entity_type": str(kind),
        "slug": f"{slug[:-5]}-1990",
        "title": name,
        "first_air_date": None,
        "first_air_year": 1990,
        "has_description": False,
        "overview": None,
    }
    assert of_the_other.status_code == 404


@pytest.mark.parametrize("kind", EntityKind)
async def test_every_suggested_slug_is_unique_and_leads_somewhere(running: Running, kind: EntityKind) -> None:
    async with running(anonymous_generation_limit=1000) as gateway:
        for q in ("the", "a", "matrix", "heat", "office", "chris evans"):
            answer = await gateway.search(kind, q=q, source="external", external_limit=10)
            suggested = [item["suggested_slug"] for item in answer.json().get("results", [])]
            read = [await gateway.http.get(f"/api/v1/{KINDS[kind].path}/{slug}") for slug in suggested]

            assert len(set(suggested)) == len(suggested)
            assert {one.status_code for one in read} <= {202, 300}, [(one.request.url, one.text) for one in read]


async def test_people_of_one_name_are_found_under_it_and_told_apart_by_reading_it(gateway: Gateway) -> None:
    found = await gateway.find(PERSON, q="chris evans")
    [slug] = [item["suggested_slug"] for item in found["results"] if item["name"] == "Chris Evans"]

    read = await gateway.http.get(f"/api/v1/people/{slug}")

    assert read.status_code == 300
    assert len({option["birth_year"] for option in read.json()["options"]}) == 2


@pytest.mark.parametrize(
    ("kind", "filters"),
    [
        (MOVIE, {"year": 1999}),
        (MOVIE, {"year_from": 1998, "year_to": 2000}),
        (MOVIE, {"genre": "action,science-fiction"}),
        (MOVIE, {"genre[]": ["Action", "science-fiction"]}),
        (MOVIE, {"actor": "keanu reeves"}),
        (MOVIE, {"actor": ["Keanu Reeves", "Carrie-Anne Moss"]}),
        (MOVIE, {"director": "wachowski"}),
        (MOVIE, {"has_text": "pl_pl"}),
        (PERSON, {"birth_year": 1964}),
        (PERSON, {"birth_year_from": 1960, "birth_year_to": 1964}),
        (PERSON, {"birthplace": "beirut"}),
        (PERSON, {"role": "WRITER,ACTOR"}),
        (PERSON, {"movie": "wanted-1999"}),
        (PERSON, {"has_text": "pl-PL"}),
        (SERIES, {"year": 1999, "actor": "Keanu Reeves", "genre": "action"}),
        (SHOW, {"show_type": "TALK_SHOW,NEWS"}),
        (SHOW, {"actor": "keanu", "has_text": "PL-pl"}),
    ],
)
@pytest.mark.parametrize("q", [None, "wanted"])
async def test_filters_combine_and_hold_for_everything_that_is_found(
    gateway: Gateway, kind: EntityKind, filters: dict[str, Any], q: str | None
) -> None:
    library = gateway.library
    people = cast("Keanu Reeves", "Carrie-Anne Moss") + cast("Lana Wachowski", role=Role.DIRECTOR)
    genres = ("Action", "Science Fiction")
    if kind is PERSON:
        wanted = await library.add("Wanted", 1964, PERSON, birthplace="Beirut, Lebanon")
        await library.add("Wanted", 1999, credits=cast("Wanted"))
        await library.add("Wanted Not", 1970, PERSON)
    else:
        more = {"show_type": ShowType.TALK_SHOW} if kind is SHOW else {}
        wanted = await library.add("Wanted", 1999, kind, credits=people, genres=genres, tmdb_id=101, **more)
        rest = {"show_type": ShowType.REALITY} if kind is SHOW else {}
        await library.add("Wanted Not", 1970, kind, tmdb_id=102, **rest)
    await library.write(wanted, "pl-PL")

    found = await gateway.find(kind, **filters, **({"q": q} if q else {}))

    assert [item.get("slug") for item in found["results"] if item["source"] == "local"] == [wanted.slug]
    for item in found["results"]:
        year = item[KINDS[kind].year]
        assert 1998 <= year <= 2000 if "year" in str(filters) and kind is not PERSON else True
    assert found["facets"]["type"][0]["count"] == found["total"]


async def test_an_explicit_sort_orders_both_sources(gateway: Gateway) -> None:
    await gateway.library.add("The Matrix Reloaded", 2003, tmdb_id=604)
    await gateway.library.add("Matrix of Evil", 2001, tmdb_id=1)

    titles = [
        "Matrix of Evil",
        "The Matrix",
        "The Matrix Reloaded",
        "The Matrix Resurrections",
        "The Matrix Revolutions",
    ]
    assert await gateway.names(MOVIE, q="matrix", sort="title") == titles
    assert await gateway.names(MOVIE, q="matrix", sort="title", order="desc") == titles[::-1]
    by_year = await gateway.find(MOVIE, q="matrix", sort="release_year")
    assert [item["release_year"] for item in by_year["results"]] == [2021, 2003, 2003, 2001, 1999]
    by_age = await gateway.names(MOVIE, q="matrix", sort="created_at", order="asc")
    assert by_age[:2] == ["The Matrix Reloaded", "Matrix of Evil"]


@pytest.mark.parametrize("paging", ["page", "cursor"])
@pytest.mark.parametrize("per_page", [1, 2, 3])
async def test_pages_run_over_the_seam_between_the_sources(gateway: Gateway, paging: str, per_page: int) -> None:
    for number in range(3):
        await gateway.library.add(f"Matrix {number}", 1990 + number)
    everything = await gateway.names(MOVIE, q="matrix")
    seen: list[str] = []
    parameters: dict[str, Any] = {"page": 1}

    for number in range(1, 8 // per_page + 2):
        found = await gateway.find(MOVIE, q="matrix", per_page=per_page, **parameters)
        seen += [item["title"] for item in found["results"]]
        cursor = found["pagination"]["next_cursor"]
        if cursor is None:
            break
        parameters = {"page": number + 1} if paging == "page" else {"cursor": cursor}

    assert seen == everything
    assert len(everything) == 7


async def test_the_old_name_of_per_page_still_counts(gateway: Gateway) -> None:
    assert len((await gateway.find(MOVIE, q="matrix", limit=2))["results"]) == 2
    assert len((await gateway.find(MOVIE, q="matrix", limit=2, per_page=3))["results"]) == 3


async def test_each_source_can_be_limited_or_chosen_alone(gateway: Gateway) -> None:
    await store_the_matrix(gateway)
    await gateway.library.add("Matrix of Evil", 2001)

    limited = await gateway.find(MOVIE, q="matrix", local_limit=1, external_limit=2)
    local = await gateway.find(MOVIE, q="matrix", source="local")
    external = await gateway.find(MOVIE, q="matrix", source="external")

    assert (limited["local_count"], limited["external_count"]) == (1, 1)  # one of TMDb's first two is stored
    assert (local["local_count"], local["external_count"], local["external_status"]) == (2, 0, "off")
    assert (external["local_count"], external["external_count"], external["external_status"]) == (0, 3, "ok")
