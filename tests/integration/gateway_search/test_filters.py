"""Every filter, alone and with others."""

from typing import Any

import pytest
from tests.integration.gateway_search.library import MOVIE, PERSON, SHOW, Library, cast

from shared.db.tables import slug_aliases
from shared.entities import Locale, Role, ShowType

NOTHING: tuple[str, ...] = ()


@pytest.fixture
async def films(library: Library) -> Library:
    await library.add(
        "Heat",
        1995,
        genres=("Crime", "Drama"),
        credits=cast("Al Pacino", "Robert De Niro") + cast("Michael Mann", role=Role.DIRECTOR),
    )
    await library.add(
        "The Insider", 1999, genres=("Drama",), credits=cast("Al Pacino") + cast("Michael Mann", role=Role.DIRECTOR)
    )
    await library.add(
        "Ronin", 1998, genres=("Action", "Crime"), credits=cast("Robert De Niro") + cast("Al Niro", role=Role.WRITER)
    )
    await library.add(
        "Looking for Richard", None, genres=("Science Fiction",), credits=cast("Al Pacino", role=Role.DIRECTOR)
    )
    return library


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({"genres": ("drama",)}, ("Heat", "The Insider")),
        ({"genres": ("drama", "crime")}, ("Heat",)),
        ({"genres": ("science-fiction",)}, ("Looking for Richard",)),
        ({"genres": ("opera",)}, NOTHING),
        ({"year_from": 1998, "year_to": 1998}, ("Ronin",)),
        ({"year_from": 1998}, ("Ronin", "The Insider")),
        ({"year_to": 1998}, ("Heat", "Ronin")),
        ({"year_from": 1900, "year_to": 1998}, ("Heat", "Ronin")),
        ({"actors": ("Al Pacino",)}, ("Heat", "The Insider")),
        ({"actors": ("pacino", "de niro")}, ("Heat",)),
        ({"actors": ("al niro",)}, NOTHING),
        ({"actors": ("michael mann",)}, NOTHING),
        ({"director": "Michael Mann"}, ("Heat", "The Insider")),
        ({"director": "al pacino"}, ("Looking for Richard",)),
        ({"director": "mann", "actors": ("niro",)}, ("Heat",)),
        (
            {"text": "heat", "genres": ("drama",), "year_from": 1990, "actors": ("al pacino",), "director": "mann"},
            ("Heat",),
        ),
        ({"text": "heat", "year_from": 1996}, NOTHING),
    ],
    ids=str,
)
async def test_films(films: Library, wanted: dict[str, Any], titles: tuple[str, ...]) -> None:
    found = await films.find(**wanted)

    assert tuple(sorted(hit.title for hit in found.hits)) == titles
    assert found.total == len(titles)


@pytest.fixture
async def people(library: Library) -> Library:
    await library.add(
        "Seven Samurai", 1954, credits=cast("Toshiro Mifune") + cast("Akira Kurosawa", role=Role.DIRECTOR)
    )
    await library.add(
        "Ran", 1985, credits=cast("Akira Kurosawa", role=Role.DIRECTOR) + cast("Akira Kurosawa", role=Role.WRITER)
    )
    await library.add("Akira Kurosawa", 1910, PERSON, birthplace="Tōkyō, Japan")
    await library.add("Andrzej Wajda", 1926, PERSON, birthplace="Suwałki, Poland")
    return library


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"birthplace": "tokyo"}, ("Akira Kurosawa",)),
        ({"birthplace": "ŁKI, poland"}, ("Andrzej Wajda",)),
        ({"birthplace": "%"}, NOTHING),
        ({"roles": (Role.ACTOR,)}, ("Toshiro Mifune",)),
        ({"roles": (Role.ACTOR, Role.WRITER)}, ("Akira Kurosawa", "Toshiro Mifune")),
        ({"movies": ("ran-1985",)}, ("Akira Kurosawa",)),
        ({"movies": ("ran-1985", "seven-samurai-1954", "unknown")}, ("Akira Kurosawa", "Toshiro Mifune")),
        ({"movies": ("unknown",)}, NOTHING),
        ({"year_from": 1920, "year_to": 1930}, ("Andrzej Wajda",)),
        ({"text": "samurai", "roles": (Role.DIRECTOR,)}, ("Akira Kurosawa",)),
    ],
    ids=str,
)
async def test_people(people: Library, wanted: dict[str, Any], names: tuple[str, ...]) -> None:
    found = await people.find(kind=PERSON, **wanted)

    assert tuple(sorted(hit.title for hit in found.hits)) == names
    assert found.total == len(names)


async def test_a_former_slug_of_a_film_names_it(library: Library) -> None:
    film = await library.add("Ran", 1985, credits=cast("Akira Kurosawa", role=Role.DIRECTOR))
    former = slug_aliases.insert().values(kind=MOVIE, slug="chaos-1985", entity_id=film.id)
    await library.database.write(former)

    assert await library.titles(kind=PERSON, movies=("chaos-1985",)) == ["Akira Kurosawa"]


async def test_one_of_the_show_types_is_enough(library: Library) -> None:
    await library.add("The Late Hour", kind=SHOW, show_type=ShowType.TALK_SHOW)
    await library.add("Evening News", kind=SHOW, show_type=ShowType.NEWS)
    await library.add("Big Game", kind=SHOW, show_type=ShowType.GAME_SHOW)

    found = await library.titles(kind=SHOW, show_types=(ShowType.NEWS, ShowType.TALK_SHOW))

    assert sorted(found) == ["Evening News", "The Late Hour"]


async def test_a_text_in_a_language_is_required(library: Library) -> None:
    polish, english = await library.add("Rejs", 1970), await library.add("Rejs", 1971)
    await library.add("Rejs", 1972)
    await library.write(polish, "pl-PL", "Po polsku.")
    await library.write(english, "en-US", "In English.")

    [hit] = (await library.find("rejs", has_text=Locale.PL)).hits

    assert (hit.year, hit.has_text, hit.overview) == (1970, True, "Po polsku.")


async def test_a_hit_shows_facts_and_what_is_written(library: Library) -> None:
    await library.add("Heat", 1995, tmdb_id=949, director="Michael Mann", overview="A" * 300)

    [hit] = (await library.find("heat")).hits

    assert (hit.kind, hit.slug, hit.title, hit.year, hit.tmdb_id) == (MOVIE, "heat-1995", "Heat", 1995, 949)
    assert (hit.director, hit.has_text, hit.exact) == ("Michael Mann", False, True)
    assert hit.overview == "A" * 201


async def test_only_stored_catalogue_ids_are_known(library: Library) -> None:
    await library.add("Heat", tmdb_id=949)

    assert await library.index.stored(MOVIE, (949, 950)) == {949}
    assert await library.index.stored(SHOW, (949,)) == frozenset()
    assert await library.index.stored(MOVIE, ()) == frozenset()
