"""What TMDb's details say beyond the facts, in the forms of https://developer.themoviedb.org/reference (movie-details, tv-series-details,
movie-watch-providers, movie-release-dates, tv-series-content-ratings, tv-series-aggregate-credits, movie-videos)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.tmdb.extras import MAX_CAST, ContentRating, EpisodeMark, Offer, Rating, extras
from shared.tmdb.mapping import MappingError


def video(key: str, **more: Any) -> dict[str, Any]:
    return {
        "iso_639_1": "en",
        "iso_3166_1": "US",
        "name": "Official Trailer",
        "key": key,
        "site": "YouTube",
        "size": 1080,
        "type": "Trailer",
        "official": True,
        "published_at": "2019-01-01T10:00:00.000Z",
        "id": f"id-{key}",
        **more,
    }


def provider(provider_id: int, name: str, priority: int | None) -> dict[str, Any]:
    return {
        "logo_path": f"/{provider_id}.jpg",
        "provider_id": provider_id,
        "provider_name": name,
        "display_priority": priority,
    }


MOVIE: dict[str, Any] = {
    "id": 550,
    "imdb_id": "tt0137523",
    "title": "Fight Club",
    "vote_average": 8.433,
    "vote_count": 26_280,
    "popularity": 61.416,
    "status": "Released",
    "poster_path": "/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg",
    "backdrop_path": None,
    "genres": [{"id": 18, "name": "Drama"}],
    "keywords": {"keywords": [{"id": 818, "name": "Based On Novel or Book"}]},
    "videos": {
        "results": [
            video("teaser", type="Teaser"),
            video("older", published_at="2014-10-02T19:20:22.000Z"),
            video("fan", official=False),
            video("newer"),
            video("newer"),
            video("clip", type="Clip"),
            video("elsewhere", site="Vimeo"),
        ]
    },
    "watch/providers": {
        "results": {
            "PL": {
                "link": "https://www.themoviedb.org/movie/550/watch?locale=PL",
                "flatrate": [provider(337, "Disney Plus", 10), provider(8, "Netflix", 1), provider(8, "Netflix", 1)],
                "buy": [provider(8, "Netflix", None)],
            },
            "BR": {"link": "https://example.org", "flatrate": [provider(1, "Elsewhere", 1)]},
        }
    },
    "release_dates": {
        "results": [
            {
                "iso_3166_1": "US",
                "release_dates": [
                    {"certification": "NR", "type": 4, "release_date": "2009-01-01T00:00:00.000Z"},
                    {"certification": "", "type": 1, "release_date": "1999-09-10T00:00:00.000Z"},
                    {"certification": "R", "type": 3, "release_date": "1999-10-15T00:00:00.000Z"},
                ],
            },
            {"iso_3166_1": "DE", "release_dates": [{"certification": "", "type": 3}]},
            {"iso_3166_1": "PL", "release_dates": [{"certification": "18", "type": 3}]},
        ]
    },
    "credits": {
        "cast": [
            {"id": 287, "name": "Brad Pitt", "character": "Tyler Durden", "order": 1, "profile_path": "/b.jpg"},
            {"id": 819, "name": "Edward Norton", "character": "Narrator", "order": 0, "profile_path": None},
            *({"id": 1000 + place, "name": f"Actor {place}", "order": 2 + place} for place in range(20)),
        ]
    },
    "recommendations": {"results": [{"id": 680, "media_type": "movie"}, {"id": 1396, "media_type": "tv"}, {"id": 550}]},
}


def test_a_film() -> None:
    found = extras(MOVIE, ("PL", "US", "DE"))

    assert (found.tmdb_id, found.imdb_id, found.status, found.popularity) == (550, "tt0137523", "Released", 61.416)
    assert found.rating == Rating(8.433, 26_280)
    assert (found.poster_path, found.backdrop_path) == ("/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg", None)
    assert (found.genre_ids, found.keywords, found.related) == ((18,), ("based on novel or book",), (680,))
    assert found.content_ratings == (ContentRating("PL", "18"), ContentRating("US", "R"))
    assert (found.last_episode, found.next_episode) == (None, None)
    assert found.drift == ()


def test_official_trailers_come_first_and_then_the_newer_ones() -> None:
    found = extras(MOVIE).videos

    assert [one.key for one in found] == ["newer", "older", "teaser", "fan"]
    assert (found[0].locale, found[0].published_at) == ("en-US", datetime(2019, 1, 1, 10, tzinfo=UTC))


def test_an_offer_is_in_every_category_it_belongs_to_and_once_in_each() -> None:
    link = "https://www.themoviedb.org/movie/550/watch?locale=PL"

    assert extras(MOVIE, ("PL", "US")).offers == (
        Offer("PL", "flatrate", 8, "Netflix", "/8.jpg", link, 1),
        Offer("PL", "flatrate", 337, "Disney Plus", "/337.jpg", link, 10),
        Offer("PL", "buy", 8, "Netflix", "/8.jpg", link, 0),
    )


def test_the_first_twelve_are_the_cast() -> None:
    cast = extras(MOVIE).cast

    assert len(cast) == MAX_CAST
    assert [(one.person_id, one.character) for one in cast[:2]] == [(819, "Narrator"), (287, "Tyler Durden")]


def test_a_series_has_its_parts_ratings_and_episodes() -> None:
    roles = [{"character": "Heisenberg", "episode_count": 3}, {"character": "Walter White", "episode_count": 62}]
    found = extras(
        {
            "id": 1396,
            "name": "Breaking Bad",
            "external_ids": {"imdb_id": "tt0903747", "tvdb_id": 81189},
            "aggregate_credits": {"cast": [{"id": 17419, "name": "Bryan Cranston", "roles": roles, "order": 0}]},
            "credits": {"cast": [{"id": 1, "name": "Somebody Else", "order": 0}]},
            "content_ratings": {
                "results": [{"iso_3166_1": "US", "rating": "TV-MA"}, {"iso_3166_1": "BR", "rating": "16"}]
            },
            "keywords": {"results": [{"id": 2231, "name": "drug dealer"}]},
            "recommendations": {"results": [{"id": 60059, "media_type": "tv"}]},
            "last_episode_to_air": {"season_number": 5, "episode_number": 16, "air_date": "2013-09-29"},
            "next_episode_to_air": None,
        }
    )

    assert found.imdb_id == "tt0903747"
    assert [(one.name, one.character) for one in found.cast] == [("Bryan Cranston", "Walter White")]
    assert found.content_ratings == (ContentRating("US", "TV-MA"),)
    assert (found.keywords, found.related) == (("drug dealer",), (60059,))
    assert (found.last_episode, found.next_episode) == (EpisodeMark(5, 16, date(2013, 9, 29)), None)
    assert found.rating is None


def test_f66_members_of_another_form_are_left_out_and_named() -> None:
    found = extras(
        {
            **MOVIE,
            "vote_average": "8.4",
            "videos": {"results": "none"},
            "watch/providers": {"results": {"PL": {"flatrate": [{"provider_id": "8", "provider_name": "Netflix"}]}}},
            "credits": {"cast": [{"id": 819, "name": "Edward Norton", "character": 7}]},
            "release_dates": {"results": [{"iso_3166_1": "US", "release_dates": {"certification": "R"}}]},
        },
        ("PL", "US"),
    )

    assert (found.rating, found.videos, found.offers, found.content_ratings) == (None, (), (), ())
    assert [(one.name, one.character) for one in found.cast] == [("Edward Norton", None)]
    assert set(found.drift) == {
        "vote_average",
        "videos.results",
        "watch/providers.results.PL.flatrate[].provider_id",
        "credits.cast[].character",
        "release_dates.results[].release_dates",
    }


ODD: list[object] = [None, 7, "text", [], {}, [None, [], {}], {"results": [{}], "cast": [[]]}]


@pytest.mark.parametrize("member", [name for name in MOVIE if name != "id"])
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_f66_no_form_of_any_member_is_a_crash(member: str, value: object) -> None:
    assert extras({**MOVIE, member: value}).tmdb_id == 550


@pytest.mark.parametrize("imdb_id", ["", "nm0000093", "tt12x", "https://example.org"])
def test_what_is_no_imdb_id_of_a_title_is_none(imdb_id: str) -> None:
    assert extras({"id": 1, "imdb_id": imdb_id}).imdb_id is None


@pytest.mark.parametrize("document", [{}, {"id": "550"}, {"id": -1}, {"id": 2**31}], ids=repr)
def test_f66_a_document_without_an_id_is_unusable(document: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="no id"):
        extras(document)
