import datetime as dt
import re
from collections import defaultdict
from pathlib import Path

import pytest

from sandbox.tmdb.entries import SCRIPTED, UNSCRIPTED, Person
from sandbox.tmdb.mapping import Mapping
from sandbox.tmdb.related import recommendations, similar
from sandbox.tmdb.search import search
from sandbox.tmdb.store import FIRST_DERIVED_ID, FIRST_INVENTED_ID, Store

README = Path(__file__).parents[3] / "README.md"
COLLECTIONS = {
    10: (11, 1891, 1892, 1893, 1894, 1895, 140607, 181808, 181812),  # Star Wars
    84: (85, 87, 89, 217, 335977),  # Indiana Jones
    119: (120, 121, 122),  # The Lord of the Rings
    131: (108, 109, 110),  # Three Colours
    230: (238, 240, 242),  # The Godfather
    263: (272, 155, 49026),  # The Dark Knight
    264: (105, 165, 196),  # Back to the Future
    304: (161, 163, 298, 402900),  # Ocean's
    328: (329, 330, 331, 135397, 351286, 507086, 1234821),  # Jurassic Park
    528: (218, 280, 296, 534, 87101, 290859),  # The Terminator
    1570: (562, 1573, 1572, 1571, 47964),  # Die Hard
    2150: (808, 809, 810, 10192),  # Shrek
    2344: (603, 604, 605, 624860),  # The Matrix
    2366: (578, 579, 17692, 580),  # Jaws
    8091: (348, 679, 8077, 8078, 945961),  # Alien
    8945: (9659, 8810, 9355, 76341, 786892),  # Mad Max
    10194: (862, 863, 10193, 301528),  # Toy Story
    14563: (391, 938, 429),  # Dollars
    94032: (8587, 9732, 11430),  # The Lion King
    119674: (539, 10576, 12662, 40377),  # Psycho
    123800: (76, 80, 132344),  # Before
    137697: (12, 127380),  # Finding Nemo
    422837: (78, 335984),  # Blade Runner
    530064: (694, 501170),  # The Shining
    726871: (438631, 693134),  # Dune
    1022790: (150540, 1022789),  # Inside Out
}
"""Every collection with all its films, in the order of their release."""
REMAKES = {
    "A Star Is Born": {"1937", "1954", "1976", "2018"},
    "Dune": {"1984", "2021"},
    "Heat": {"1986", "1995"},
    "Little Women": {"1933", "1949", "1994", "2019"},
    "Nosferatu": {"1922", "2024"},
    "Ocean's Eleven": {"1960", "2001"},
    "Oldboy": {"2003", "2013"},
    "Solaris": {"1972", "2002"},
    "The Lion King": {"1994", "2019"},
}
NAMESAKES = {"Chris Evans", "Harrison Ford", "Steve McQueen", "Tom Holland", "Vanessa Williams"}
ORIGINALS = {
    129: "千と千尋の神隠し",
    194: "Le Fabuleux Destin d'Amélie Poulain",
    209274: "Ida",
    346: "七人の侍",
    396535: "부산행",
    440298: "Zimna wojna",
    496243: "기생충",
    670: "올드보이",
    1398: "Сталкер",
    11878: "用心棒",
    12493: "天国と地獄",
    265180: "Левиафан",
}


@pytest.fixture(scope="module")
def packaged() -> Store:
    """Loading already proves unique ids, known genres and types, and dates that exist."""
    return Store.packaged()


def known_people(store: Store) -> list[Person]:
    return [person for person in store.people.values() if person.id < FIRST_DERIVED_ID]


def test_there_are_enough_facts_for_a_demonstration(packaged: Store) -> None:
    types = [show.type for show in packaged.shows.values()]

    assert len(packaged.movies) >= 280
    assert sum(kind in SCRIPTED for kind in types) >= 60
    assert sum(kind in UNSCRIPTED for kind in types) >= 40
    assert len(known_people(packaged)) >= 300


def test_the_readme_counts_them(packaged: Store) -> None:
    types = [show.type for show in packaged.shows.values()]
    series = sum(kind in SCRIPTED for kind in types)

    counted = f"{len(packaged.movies)} films, {series} series and {len(types) - series} shows"
    assert counted in README.read_text(encoding="utf-8")


def test_every_title_can_be_told_about(packaged: Store) -> None:
    for title in (*packaged.movies.values(), *packaged.shows.values()):
        assert 60 <= len(title.overview) <= 400, title.names
        assert title.genres, title.names
        assert title.cast, title.names
        assert all(name.strip() == name != "" for name in title.names), title.names


def test_every_movie_has_a_director_and_a_year_of_cinema(packaged: Store) -> None:
    for movie in packaged.movies.values():
        assert movie.directors, movie.title
        assert 1888 <= int(movie.date[:4]) <= 2030, movie.title
        assert movie.imdb_id is None or movie.imdb_id.startswith("tt"), movie.title


def test_an_imdb_id_belongs_to_one_title(packaged: Store) -> None:
    ids = [title.imdb_id for title in (*packaged.movies.values(), *packaged.shows.values()) if title.imdb_id]

    assert len(ids) == len(set(ids)) >= 400
    assert all(re.fullmatch(r"tt\d{7,8}", imdb_id) for imdb_id in ids)


def test_a_show_does_not_end_before_it_begins(packaged: Store) -> None:
    for show in packaged.shows.values():
        assert show.last_air_date is None or show.first_air_date <= show.last_air_date, show.name
        assert show.number_of_seasons >= 1, show.name


def test_a_known_person_has_a_biography_and_a_possible_life(packaged: Store) -> None:
    for person in known_people(packaged):
        assert person.biography, person.name
        assert person.gender in {0, 1, 2, 3}, person.name
        assert person.department in {"Acting", "Directing", "Writing", "Production"}, person.name
        if person.birthday and person.deathday:
            assert dt.date.fromisoformat(person.birthday) < dt.date.fromisoformat(person.deathday), person.name


def test_ids_fit_the_integers_of_tmdb(packaged: Store) -> None:
    for entries in (packaged.movies, packaged.shows, packaged.people):
        assert all(0 < entry_id < 2**31 for entry_id in entries)


def test_ids_that_are_not_tmdbs_lie_where_tmdb_has_none(packaged: Store) -> None:
    for entries in (packaged.movies, packaged.shows):
        assert all(entry_id < 10_000_000 or FIRST_INVENTED_ID < entry_id < FIRST_DERIVED_ID for entry_id in entries)
    for person in known_people(packaged):
        assert person.id < 10_000_000 or person.id > FIRST_INVENTED_ID, person.name


def test_every_collection_is_whole_and_in_the_order_of_release(packaged: Store) -> None:
    map_ = Mapping(packaged)

    parts = {
        one.id: tuple(part["id"] for part in map_.collection(one)["parts"]) for one in packaged.collections().values()
    }

    assert parts == COLLECTIONS


def test_a_collection_has_one_name(packaged: Store) -> None:
    names = {(one.collection.id, one.collection.name) for one in packaged.movies.values() if one.collection}

    assert len(names) == len(COLLECTIONS)


def test_remakes_share_a_title(packaged: Store) -> None:
    years: dict[str, set[str]] = defaultdict(set)
    for movie in packaged.movies.values():
        years[movie.title].add(movie.date[:4])

    assert {title: found for title, found in years.items() if len(found) > 1} == REMAKES


def test_namesakes_are_different_people(packaged: Store) -> None:
    ids: dict[str, set[int]] = defaultdict(set)
    for person in packaged.people.values():
        ids[person.name].add(person.id)

    assert {name for name, found in ids.items() if len(found) > 1} == NAMESAKES


def test_every_credit_is_of_a_person_there_is(packaged: Store) -> None:
    for title in (*packaged.movies.values(), *packaged.shows.values()):
        for key in title.makers:
            person = packaged.credited(key)
            assert packaged.people[person.id] is person
            assert person.biography or "(" not in key, f"{title.names[0]}: nobody is keyed {key}"
            assert any(work.title is title for work in packaged.works_of(person.id))


def test_what_is_recommended_exists_once_and_is_another(packaged: Store) -> None:
    for titles in (packaged.movies, packaged.shows):
        for title in titles.values():
            for found in (recommendations(packaged, title), similar(packaged, title)):
                ids = [other.id for other in found]
                assert ids, title.names
                assert len(ids) == len(set(ids)) <= 40
                assert title.id not in ids
                assert all(titles[other.id] is other for other in found)


def test_films_of_a_collection_recommend_each_other_first(packaged: Store) -> None:
    for films in COLLECTIONS.values():
        for film in films:
            first = recommendations(packaged, packaged.movies[film])[: len(films) - 1]
            assert {other.id for other in first} == set(films) - {film}


@pytest.mark.parametrize(("movie_id", "original"), ORIGINALS.items())
def test_a_film_keeps_its_original_title(packaged: Store, movie_id: int, original: str) -> None:
    assert packaged.movies[movie_id].original_title == original


def test_every_title_is_found_by_each_of_its_names(packaged: Store) -> None:
    movies, shows = packaged.movies.values(), packaged.shows.values()
    for title in (*movies, *shows):
        for name in title.names:
            hits = [*search(name, movies, {}), *search(name, shows, {})]
            assert (3, title) in hits, f"{title.names[0]} under {name}"


def test_every_known_person_is_found_by_name(packaged: Store) -> None:
    for person in known_people(packaged):
        assert (3, person) in search(person.name, packaged.people.values(), {}), person.name
