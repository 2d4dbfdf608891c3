from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.entities import (
    CollectionFact,
    EntityKind,
    Facts,
    KnownFor,
    MovieDetails,
    PersonDetails,
    Role,
    ShowType,
    TvDetails,
)
from shared.tmdb import mapping
from shared.tmdb.mapping import MappingError

MOVIE: dict[str, Any] = {
    "id": 603,
    "title": "The Matrix",
    "original_title": "The Matrix",
    "release_date": "1999-03-31",
    "runtime": 136,
    "genres": [{"id": 28, "name": "Action"}, {"id": 878, "name": "Science Fiction"}],
    "overview": "A programmer learns what is real.",
    "tagline": "",
    "popularity": 85.2,
    "credits": {
        "cast": [
            {"id": 2975, "name": "Laurence Fishburne", "character": "Morpheus", "order": 1},
            {"id": 6384, "name": "Keanu Reeves", "character": "Neo", "order": 0},
            {"id": 6384, "name": "Keanu Reeves", "character": "Thomas Anderson", "order": 7},
        ],
        "crew": [
            {"id": 1091, "name": "Joel Silver", "job": "Producer"},
            {"id": 1091, "name": "Joel Silver", "job": "Executive Producer"},
            {"id": 9340, "name": "Lana Wachowski", "job": "Director"},
            {"id": 9340, "name": "Lana Wachowski", "job": "Screenplay"},
            {"id": 9339, "name": "Lilly Wachowski", "job": "Director"},
            {"id": 9999, "name": "Someone", "job": "Gaffer"},
        ],
    },
    "translations": {
        "translations": [
            {"iso_639_1": "pl", "iso_3166_1": "PL", "data": {"title": "Matrix"}},
            {"iso_639_1": "fr", "iso_3166_1": "CA", "data": {"title": "La Matrice"}},
            {"iso_639_1": "de", "iso_3166_1": "DE", "data": {"title": ""}},
            {"iso_639_1": "en", "iso_3166_1": "US", "data": {"title": "The Matrix"}},
            {"iso_639_1": "ja", "iso_3166_1": "JP", "data": {"title": "マトリックス"}},
        ]
    },
    "alternative_titles": {"titles": [{"iso_3166_1": "ES", "title": "Matrix", "type": ""}]},
    "belongs_to_collection": {
        "id": 2344,
        "name": "The Matrix Collection",
        "poster_path": "/bV9qTVHTVf0gkW0j7p7M0ILD4pG.jpg",
        "backdrop_path": "/bRm2DEgUiYciDw3myHuYFInD7la.jpg",
    },
    "recommendations": {
        "page": 1,
        "results": [
            {"id": 604, "media_type": "movie", "title": "The Matrix Reloaded", "adult": False},
            {"id": 605, "media_type": "movie", "title": "The Matrix Revolutions", "adult": False},
            {"id": 27205, "media_type": "movie", "title": "Inception", "adult": False},
        ],
        "total_pages": 2,
        "total_results": 40,
    },
}
SERIES: dict[str, Any] = {
    "id": 1396,
    "name": "Breaking Bad",
    "original_name": "Breaking Bad",
    "first_air_date": "2008-01-20",
    "last_air_date": "2013-09-29",
    "number_of_seasons": 5,
    "number_of_episodes": 62,
    "type": "Scripted",
    "genres": [{"name": "Drama"}],
    "created_by": [{"id": 66633, "name": "Vince Gilligan"}],
    "networks": [{"name": "AMC"}],
    "aggregate_credits": {
        "cast": [{"id": 17419, "name": "Bryan Cranston", "order": 0, "roles": [{"character": "Walter White"}]}],
        "crew": [
            {"id": 66633, "name": "Vince Gilligan", "jobs": [{"job": "Executive Producer"}, {"job": "Writer"}]},
            {"id": 24951, "name": "Mark Johnson", "jobs": [{"job": "Executive Producer"}]},
        ],
    },
    "recommendations": {
        "page": 1,
        "results": [{"id": 60059, "media_type": "tv", "name": "Better Call Saul", "genre_ids": [80, 18]}],
        "total_pages": 1,
        "total_results": 1,
    },
}
PERSON: dict[str, Any] = {
    "id": 6384,
    "name": "Keanu Reeves",
    "birthday": "1964-09-02",
    "deathday": None,
    "place_of_birth": "Beirut, Lebanon",
    "biography": "A Canadian actor.",
    "popularity": 40,
    "combined_credits": {
        "cast": [
            {"id": 1, "media_type": "tv", "name": "Late Talk", "character": "Self - Guest", "popularity": 900, "genre_ids": [10767]},
            {"id": 603, "media_type": "movie", "title": "The Matrix", "character": "Neo", "popularity": 85, "release_date": "1999-03-31"},
            {"id": 245891, "media_type": "movie", "title": "John Wick", "character": "Jo", "popularity": 90, "release_date": "2014-10-22"},
            {"id": 2, "media_type": "tv", "name": "Swedish Dicks", "character": "Tex", "popularity": 5, "genre_ids": [35]},
            {"id": 3, "media_type": "play", "title": "Hamlet"},
        ],
        "crew": [
            {"id": 4, "media_type": "movie", "title": "Man of Tai Chi", "job": "Director", "popularity": 10, "release_date": ""},
            {"id": 603, "media_type": "movie", "title": "The Matrix", "job": "Gaffer", "popularity": 85},
        ],
    },
}  # fmt: skip


def roles(facts: Facts) -> list[tuple[str, Role]]:
    return [(credit.name, credit.role) for credit in facts.credits]


def test_a_movie_has_its_facts_with_all_directors() -> None:
    facts = mapping.facts(EntityKind.MOVIE, MOVIE)

    assert (facts.tmdb_id, facts.title, facts.year, facts.genres) == (
        603,
        "The Matrix",
        1999,
        ("Action", "Science Fiction"),
    )
    assert facts.details == MovieDetails(
        director="Lana Wachowski, Lilly Wachowski",
        release_date=date(1999, 3, 31),
        runtime_min=136,
        overview="A programmer learns what is real.",
        tagline=None,
    )
    assert facts.raw == MOVIE


def test_a_movie_credits_one_person_once_per_role_in_billing_order() -> None:
    facts = mapping.facts(EntityKind.MOVIE, MOVIE)

    assert roles(facts) == [
        ("Lana Wachowski", Role.DIRECTOR),
        ("Lilly Wachowski", Role.DIRECTOR),
        ("Keanu Reeves", Role.ACTOR),
        ("Laurence Fishburne", Role.ACTOR),
        ("Joel Silver", Role.PRODUCER),
        ("Lana Wachowski", Role.WRITER),
    ]
    assert [credit.billing_order for credit in facts.credits] == [None, None, 0, 1, None, None]
    assert [credit.job for credit in facts.credits][-1] == "Screenplay"
    assert facts.credits[2].character == "Neo"


def test_a_crowd_is_cut_to_fifty_and_keeps_its_director() -> None:
    crowd = [{"id": number, "name": f"Extra {number}", "order": number} for number in range(200)]
    crew = [{"id": 1000 + number, "name": f"Writer {number}", "job": "Writer"} for number in range(100)]
    crew.append({"id": 1, "name": "The One", "job": "Director"})

    facts = mapping.facts(EntityKind.MOVIE, {**MOVIE, "credits": {"cast": crowd, "crew": crew}})

    assert len(facts.credits) == 50
    assert roles(facts)[0] == ("The One", Role.DIRECTOR)
    assert {role for _, role in roles(facts)} == {Role.DIRECTOR, Role.ACTOR, Role.WRITER}


def test_titles_are_those_of_our_locales_that_differ() -> None:
    facts = mapping.facts(EntityKind.MOVIE, MOVIE)

    assert facts.titles == {"pl-PL": "Matrix", "fr-FR": "La Matrice", "es-ES": "Matrix"}


def test_a_series_credits_creators_executive_producers_and_cast() -> None:
    facts = mapping.facts(EntityKind.TV_SERIES, SERIES)

    assert facts.year == 2008
    assert facts.details == TvDetails(
        first_air_date=date(2008, 1, 20),
        last_air_date=date(2013, 9, 29),
        number_of_seasons=5,
        number_of_episodes=62,
        creators=("Vince Gilligan",),
        networks=("AMC",),
    )
    assert roles(facts) == [
        ("Vince Gilligan", Role.CREATOR),
        ("Bryan Cranston", Role.ACTOR),
        ("Vince Gilligan", Role.EXECUTIVE_PRODUCER),
        ("Vince Gilligan", Role.WRITER),
        ("Mark Johnson", Role.EXECUTIVE_PRODUCER),
    ]
    assert facts.credits[1].character == "Walter White"


def test_a_movie_has_its_collection_and_what_tmdb_recommends_best_first() -> None:
    facts = mapping.facts(EntityKind.MOVIE, MOVIE)

    assert facts.collection == CollectionFact(tmdb_id=2344, name="The Matrix Collection")
    assert facts.recommended == (604, 605, 27205)


@pytest.mark.parametrize("kind", [EntityKind.TV_SERIES, EntityKind.TV_SHOW])
def test_television_has_recommendations_and_no_collection(kind: EntityKind) -> None:
    facts = mapping.facts(kind, {**SERIES, "belongs_to_collection": MOVIE["belongs_to_collection"]})

    assert facts.collection is None
    assert facts.recommended == (60059,)


@pytest.mark.parametrize(
    "stated", [None, [], "Matrix", {}, {"id": 1}, {"name": "X"}, {"id": 0, "name": "X"}, {"id": 2**31, "name": "X"}]
)
def test_f66_a_collection_without_id_or_name_is_none(stated: object) -> None:
    assert mapping.facts(EntityKind.MOVIE, {**MOVIE, "belongs_to_collection": stated}).collection is None


def test_f66_recommendations_that_cannot_be_stored_are_left_out() -> None:
    hits = [None, "604", {}, {"id": None}, {"id": -1}, {"id": 2**31}, {"id": 603}, {"id": 604}, {"id": 604}]
    hits += [{"id": 1396, "media_type": "tv"}, {"id": 605, "media_type": None}]

    facts = mapping.facts(EntityKind.MOVIE, {**MOVIE, "recommendations": {"results": hits}})

    assert facts.recommended == (604, 605)


def test_at_most_twenty_recommendations_are_kept() -> None:
    hits = [{"id": number} for number in range(1, 30)]

    facts = mapping.facts(EntityKind.MOVIE, {**MOVIE, "recommendations": {"results": hits}})

    assert facts.recommended == tuple(range(1, 21))


def test_hosts_and_guests_of_a_show_are_told_from_actors() -> None:
    cast = [
        {"id": 1, "name": "Guest", "character": "Self - Guest", "order": 1},
        {"id": 2, "name": "Host", "character": "Self - Host", "order": 0},
        {"id": 3, "name": "Stand-in", "roles": [{"character": "Self - Guest Host", "episode_count": 1}], "order": 2},
        {"id": 4, "name": "Sketch", "character": "Various", "order": 3},
    ]

    facts = mapping.facts(
        EntityKind.TV_SHOW, {"id": 1, "name": "Show", "first_air_date": "", "credits": {"cast": cast}}
    )

    assert roles(facts) == [
        ("Host", Role.HOST),
        ("Guest", Role.GUEST),
        ("Stand-in", Role.GUEST),
        ("Sketch", Role.ACTOR),
    ]


@pytest.mark.parametrize(
    ("type_", "genres", "kind", "show_type"),
    [
        ("Scripted", ["Drama"], EntityKind.TV_SERIES, None),
        ("Miniseries", ["Documentary"], EntityKind.TV_SERIES, None),
        ("Talk Show", ["Comedy"], EntityKind.TV_SHOW, ShowType.TALK_SHOW),
        ("Reality", [], EntityKind.TV_SHOW, ShowType.REALITY),
        ("News", [], EntityKind.TV_SHOW, ShowType.NEWS),
        ("Documentary", [], EntityKind.TV_SHOW, ShowType.DOCUMENTARY),
        ("Variety", ["Talk"], EntityKind.TV_SHOW, ShowType.VARIETY),
        ("Game Show", ["Reality"], EntityKind.TV_SHOW, ShowType.GAME_SHOW),
        ("Video", ["Talk"], EntityKind.TV_SHOW, ShowType.TALK_SHOW),
        ("Hologram", ["News"], EntityKind.TV_SHOW, ShowType.NEWS),
        ("Hologram", ["Drama"], EntityKind.TV_SERIES, None),
        (None, [], EntityKind.TV_SERIES, None),
    ],
)
def test_scripted_and_unscripted_are_told_by_type_and_else_by_genre(
    type_: str | None, genres: list[str], kind: EntityKind, show_type: ShowType | None
) -> None:
    document = {**SERIES, "type": type_, "genres": [{"name": genre} for genre in genres]}

    assert mapping.tv_kind(document) is kind
    details = mapping.facts(kind, document).details
    assert isinstance(details, TvDetails)
    assert details.show_type is show_type


def test_an_unscripted_show_of_no_known_type_has_none() -> None:
    details = mapping.facts(EntityKind.TV_SHOW, {"id": 1, "name": "Show", "type": "Video", "genres": []}).details

    assert isinstance(details, TvDetails)
    assert details.show_type is None


def test_a_person_has_birth_facts_and_a_filmography_by_popularity() -> None:
    facts = mapping.facts(EntityKind.PERSON, PERSON)

    assert (facts.title, facts.year) == ("Keanu Reeves", 1964)
    assert [(credit.kind, credit.tmdb_id, credit.role) for credit in facts.filmography] == [
        (EntityKind.TV_SHOW, 1, Role.GUEST),
        (EntityKind.MOVIE, 245891, Role.ACTOR),
        (EntityKind.MOVIE, 603, Role.ACTOR),
        (EntityKind.MOVIE, 4, Role.DIRECTOR),
        (EntityKind.TV_SERIES, 2, Role.ACTOR),
    ]


def test_a_person_is_known_for_parts_before_appearances() -> None:
    details = mapping.facts(EntityKind.PERSON, PERSON).details

    assert isinstance(details, PersonDetails)
    assert (details.birth_date, details.death_date, details.birthplace) == (date(1964, 9, 2), None, "Beirut, Lebanon")
    assert details.known_for == (
        KnownFor(title="John Wick", year=2014, role=Role.ACTOR),
        KnownFor(title="The Matrix", year=1999, role=Role.ACTOR),
        KnownFor(title="Man of Tai Chi", year=None, role=Role.DIRECTOR),
        KnownFor(title="Swedish Dicks", year=None, role=Role.ACTOR),
        KnownFor(title="Late Talk", year=None, role=Role.GUEST),
    )


def test_a_long_filmography_is_cut_to_five_hundred_and_known_for_to_eight() -> None:
    cast = [{"id": number, "media_type": "movie", "title": "T", "popularity": number} for number in range(900)]

    facts = mapping.facts(EntityKind.PERSON, {**PERSON, "combined_credits": {"cast": cast}})

    assert len(facts.filmography) == 500
    assert facts.filmography[0].tmdb_id == 899
    assert isinstance(facts.details, PersonDetails)
    assert len(facts.details.known_for) == 8


@pytest.mark.parametrize(("kind", "document"), [(EntityKind.MOVIE, MOVIE), (EntityKind.TV_SERIES, SERIES)])
def test_f66_a_null_title_falls_back_to_the_original_one(kind: EntityKind, document: dict[str, Any]) -> None:
    facts = mapping.facts(kind, {**document, "title": None, "name": None})

    assert facts.title == facts.original_title


@pytest.mark.parametrize("kind", EntityKind)
@pytest.mark.parametrize(
    "document",
    [{}, {"id": 1}, {"title": "T", "name": "T"}, {"id": "1", "title": "T", "name": "T"}, {"id": 1, "title": " ", "name": None}],
)  # fmt: skip
def test_f66_a_document_without_id_or_title_is_refused(kind: EntityKind, document: dict[str, Any]) -> None:
    with pytest.raises(MappingError):
        mapping.facts(kind, document)


@pytest.mark.parametrize("day", [None, "", "1999", "1999-13-45", "soon", 1999, "0000-00-00"])
def test_f66_an_odd_date_is_no_date_and_keeps_the_year_it_shows(day: object) -> None:
    facts = mapping.facts(EntityKind.MOVIE, {**MOVIE, "release_date": day})

    assert isinstance(facts.details, MovieDetails)
    assert facts.details.release_date is None
    assert facts.year == (1999 if str(day).startswith("1999") and isinstance(day, str) else None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(kind=st.sampled_from(EntityKind), data=st.data())
def test_f66_no_drift_of_any_member_raises(kind: EntityKind, data: st.DataObject) -> None:
    known = {EntityKind.MOVIE: MOVIE, EntityKind.PERSON: PERSON}.get(kind, SERIES)
    drifted = data.draw(st.sets(st.sampled_from(sorted(known.keys() - {"id", "title", "name"})), max_size=4))
    document = {**known, **{name: data.draw(JSON) for name in sorted(drifted)}}
    nested = {
        "cast": [data.draw(JSON), {"id": 1, "name": data.draw(JSON), "roles": data.draw(JSON)}],
        "crew": data.draw(JSON),
    }

    facts = mapping.facts(kind, {**document, "combined_credits": nested} if data.draw(st.booleans()) else document)

    assert facts.tmdb_id == known["id"]
    assert (
        mapping.facts(kind, {**document, "credits": nested, "aggregate_credits": data.draw(JSON)}).title == facts.title
    )


@pytest.mark.parametrize(
    "hit",
    [
        {},
        {"id": 1},
        {"title": "T"},
        {"id": 1, "title": None},
        {"id": 1, "title": "T", "adult": True},
        {"id": 2**31, "title": "T"},
    ],
)
def test_f67_a_hit_without_a_real_id_or_title_or_for_adults_is_not_offered(hit: dict[str, Any]) -> None:
    assert mapping.candidate(EntityKind.MOVIE, hit) is None


def test_a_hit_tells_its_first_air_date_and_the_genres_that_are_known() -> None:
    hit = {"id": 1, "name": "T", "first_air_date": "2008-01-20", "genre_ids": [18, 10765, 18, 4, "80"]}

    offered = mapping.candidate(EntityKind.TV_SERIES, hit)

    assert offered is not None
    assert (offered.year, offered.first_air_date) == (2008, date(2008, 1, 20))
    assert offered.genres == ("Drama", "Sci-Fi & Fantasy")
