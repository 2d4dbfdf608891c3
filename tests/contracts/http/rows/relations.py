"""Compare, related and collection: sections 9 and 9.3."""

from tests.contracts.http.rows.row import ABSENT, MOVIES, PEOPLE, TITLES, UUID, Row, invalid, problem

_COMPARE = "GET /api/v1/{type}/compare"
_RELATED = "GET /api/v1/{type}/{slug}/related"
_REVALIDATED = {"cache-control": "public, no-cache", "etag": str}

COMPARISONS = (
    Row(
        *("9.3", "two films", f"{_COMPARE}?slug1={{slug}}&slug2={{other}}", 200),
        {
            "movie1.slug": "{slug}",
            "movie1.release_year": 1999,
            "movie1.director": str,
            "movie2.slug": "{other}",
            "comparison.common_genres": list,
            "comparison.common_people.0.person.slug": str,
            "comparison.common_people.0.roles_in_movie1": list,
            "comparison.common_people.0.roles_in_movie2": list,
            "comparison.year_difference": 4,
            "comparison.similarity_score": float,
        },
        _REVALIDATED,
        MOVIES,
    ),
    Row(
        *("9.3", "two titles", f"{_COMPARE}?slug1={{slug}}&slug2={{other}}", 200),
        {
            "{one}1.slug": "{slug}",
            "{one}2.slug": "{other}",
            "comparison.year_difference": int | None,
            "comparison.similarity_score": int | float,
        },
        _REVALIDATED,
        TITLES,
    ),
    Row(
        *("9.3", "two people", f"{_COMPARE}?slug1={{slug}}&slug2={{other}}", 200),
        {
            "person1.name": "{named}",
            "person1.birthplace": str | None,
            "person2.birth_date": str | None,
            "comparison.common_movies.0.movie_slug": str,
            "comparison.common_movies.0.person1_role": str,
            "comparison.common_movies_count": 3,
            "comparison.birth_year_difference": int | None,
        },
        _REVALIDATED,
        PEOPLE,
    ),
    invalid("9", _COMPARE, "slug1", "slug2"),
    invalid("9", f"{_COMPARE}?slug1={{slug}}&slug2={{slug}}", "slug2"),
    problem(
        *("9", "one that is not stored", f"{_COMPARE}?slug1={{slug}}&slug2={{unstored}}", 404, "entity-not-found"),
        members={"slug": "{unstored}"},
    ),
)

RELATED = (
    Row(
        *("9.3", "titles like this", _RELATED, 200),
        {
            "{one}.id": UUID,
            "{one}.slug": "{slug}",
            "{one}.{year}": int,
            "count": int,
            "filters.type": "all",
            "filters.collection_count": int,
            "filters.similar_count": int,
            "_links.self.href": str,
            "_links.{one}.href": "{url}/api/v1/{type}/{slug}",
        },
        _REVALIDATED,
        TITLES,
    ),
    Row(
        *("9.3", "the rest of its collection comes first", f"{_RELATED}?type=collection", 200),
        {
            "related_movies.0.slug": "{other}",
            "related_movies.0.relationship_type": "SEQUEL",
            "count": 2,
            "related_movies.0.relationship_label": str,
            "related_movies.0.relationship_order": int | None,
            "related_movies.0.people": ABSENT,
            "filters.collection_count": 2,
        },
        kinds=MOVIES,
    ),
    Row("9.3", "by genre", f"{_RELATED}?genre=western&genres[]=western", 200, {"count": 0}, kinds=TITLES),
    Row(
        *("9.3", "who shared a film", f"{_RELATED}?type=collaborators&collaborator_role=DIRECTOR", 200),
        {
            "person.slug": "{slug}",
            "related_people.0.relationship_type": "COLLABORATOR",
            "filters.type": "collaborators",
            "related_people.0.collaborations.0.movie_slug": str,
            "related_people.0.collaborations_count": 3,
            "_links.self.href": str,
            "_links.person.href": str,
            "_links.collaborators.href": str,
            "_links.same_name.href": str,
        },
        _REVALIDATED,
        PEOPLE,
    ),
    Row(
        "9",
        "a former slug is resolved silently",
        "GET /api/v1/{type}/{former}/related?limit=1",
        200,
        {"{one}.slug": "{slug}"},
    ),
    invalid("9", f"{_RELATED}?type=x&limit=0", "type", "limit"),
    invalid("9", f"{_RELATED}?limit=101&collaborator_role=x", "limit", "collaborator_role", kinds=PEOPLE),
    problem("9", "of nothing stored", "GET /api/v1/{type}/{unstored}/related", 404, "entity-not-found"),
)

COLLECTIONS = (
    Row(
        *("9", "a collection in its order", "GET /api/v1/movies/{other}/collection", 200),
        {
            "collection.name": "The Matrix Collection",
            "collection.tmdb_collection_id": int,
            "collection.count": 3,
            "movies.0.slug": "the-matrix-1999",
            "movies.1.slug": "{other}",
            "_links.self.href": str,
            "movies.2.slug": "the-matrix-revolutions-2003",
        },
        _REVALIDATED,
        MOVIES,
    ),
    problem(
        "4", "in no collection", "GET /api/v1/movies/dune-1984/collection", 404, "collection-not-found", kinds=MOVIES
    ),
    problem("9", "not stored", "GET /api/v1/movies/{unstored}/collection", 404, "entity-not-found", kinds=MOVIES),
    problem(
        "9", "of films only", "GET /api/v1/{type}/{slug}/collection", 404, "not-found", kinds=(*PEOPLE, *TITLES[1:])
    ),
)

ROWS = (*COMPARISONS, *RELATED, *COLLECTIONS)
