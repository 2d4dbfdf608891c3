import datetime as dt

import pytest

from sandbox.tmdb.entries import SCRIPTED, UNSCRIPTED, Person
from sandbox.tmdb.store import FIRST_DERIVED_ID, Store


@pytest.fixture(scope="module")
def packaged() -> Store:
    """Loading already proves unique ids, known genres and types, and dates that exist."""
    return Store.packaged()


def known_people(store: Store) -> list[Person]:
    return [person for person in store.people.values() if person.id < FIRST_DERIVED_ID]


def test_there_are_enough_facts_for_a_demonstration(packaged: Store) -> None:
    types = [show.type for show in packaged.shows.values()]

    assert len(packaged.movies) >= 200
    assert sum(kind in SCRIPTED for kind in types) >= 60
    assert sum(kind in UNSCRIPTED for kind in types) >= 40
    assert len(known_people(packaged)) >= 300


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


def test_an_imdb_id_belongs_to_one_movie(packaged: Store) -> None:
    ids = [movie.imdb_id for movie in packaged.movies.values() if movie.imdb_id]

    assert len(ids) == len(set(ids))


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
