"""The statements that find what is related: static SQL, driven by indexes, whose work has a bound that no fame raises.

Of a person only the newest stored titles are looked at, of a title the people billed first, and only the best candidates are measured.
"""

from sqlalchemy import BigInteger, Integer, Text, text
from sqlalchemy.dialects.postgresql import UUID

BOUNDS = {"parts": 250, "remakes": 100, "makers": 20, "people": 50, "works": 100, "measured": 200, "most": 100}
"""Of one question: movies of a collection, remakes, makers and people that are followed, titles of each, candidates measured, kept."""
SHARED = {"credits": 2000, "movies": 500, "shown": 50}
"""Of a person, the newest stored: credits looked through for movies, movies looked into for others; and movies shown per collaborator."""

TITLES = text(
    """
    WITH origin AS MATERIALIZED (
        SELECT id, kind, slug, title, year, title_slug, original_title, genres, collection_tmdb_id, recommended,
            details ->> 'release_date' AS day
        FROM entities WHERE id = :id AND kind = :kind
    ), part AS MATERIALIZED (
        SELECT e.id, e.year, e.details ->> 'release_date' AS day,
            row_number() OVER (ORDER BY e.year, e.details ->> 'release_date', e.id) AS place
        FROM origin JOIN entities AS e ON e.collection_tmdb_id = origin.collection_tmdb_id
        ORDER BY place LIMIT :parts
    ), namesake AS (
        SELECT e.id, e.year, e.genres, e.collection_tmdb_id
        FROM origin JOIN entities AS e ON e.kind = origin.kind AND e.title_slug = origin.title_slug
        UNION
        SELECT e.id, e.year, e.genres, e.collection_tmdb_id
        FROM origin JOIN entities AS e ON e.original_title = origin.original_title AND e.kind = origin.kind
    ), remake AS (
        SELECT namesake.id
        FROM origin JOIN namesake ON namesake.year <> origin.year
        WHERE (namesake.collection_tmdb_id = origin.collection_tmdb_id) IS NOT TRUE
            AND (namesake.genres && origin.genres OR namesake.genres = '{}' OR origin.genres = '{}')
        ORDER BY namesake.id DESC LIMIT :remakes
    ), maker AS (
        SELECT DISTINCT person_id FROM origin JOIN credits ON title_id = origin.id
        WHERE role = ANY(CAST(:makes AS text[])) ORDER BY person_id LIMIT :makers
    ), part_played AS (
        SELECT person_id, lower(character_name) AS name FROM origin JOIN credits ON title_id = origin.id
        WHERE character_name LIKE '% %'
            AND character_name !~* '^(self|himself|herself|themselves|host|guest|narrator|various|additional|uncredited)'
    ), universe AS (
        SELECT e.id, starts_with(e.title_slug, origin.title_slug || '-') AND coalesce(e.year >= origin.year, TRUE) AS spun_off
        FROM maker
        CROSS JOIN LATERAL (
            SELECT title_id FROM credits WHERE person_id = maker.person_id AND role = ANY(CAST(:makes AS text[]))
            ORDER BY title_id DESC LIMIT :works
        ) AS work
        CROSS JOIN origin
        JOIN entities AS e ON e.id = work.title_id AND e.id <> origin.id AND e.kind = ANY(CAST(:kinds AS text[]))
        WHERE e.title_slug <> origin.title_slug AND (
            starts_with(e.title_slug, origin.title_slug || '-') OR starts_with(origin.title_slug, e.title_slug || '-')
            OR EXISTS (
                SELECT FROM part_played JOIN credits ON credits.title_id = e.id AND credits.person_id = part_played.person_id
                WHERE lower(credits.character_name) = part_played.name
            )
        )
    ), own AS MATERIALIZED (
        SELECT person_id, min(billing_order) AS billing FROM origin JOIN credits ON title_id = origin.id GROUP BY person_id
    ), candidate AS MATERIALIZED (
        SELECT e.id, e.year, e.genres, e.popularity
        FROM (SELECT person_id FROM own ORDER BY billing, person_id LIMIT :people) AS known
        CROSS JOIN LATERAL (
            SELECT title_id FROM credits WHERE person_id = known.person_id ORDER BY title_id DESC LIMIT :works
        ) AS work
        CROSS JOIN origin
        JOIN entities AS e ON e.id = work.title_id AND e.id <> origin.id AND e.kind = ANY(CAST(:kinds AS text[]))
        WHERE e.genres && origin.genres AND e.search_tags @> CAST(:tags AS text[])
        GROUP BY e.id
        ORDER BY count(DISTINCT known.person_id) DESC, e.popularity DESC, e.id LIMIT :measured
    ), measured AS (
        SELECT candidate.id, candidate.popularity,
            0.4 * alike.genres / greatest(cardinality(candidate.genres), cardinality(origin.genres))
            + 0.4 * alike.people / greatest(alike.cast_size, (SELECT count(*) FROM own))
            + 0.2 * greatest(0, 1 - abs(candidate.year - origin.year) / 100.0) AS score
        FROM candidate CROSS JOIN origin
        CROSS JOIN LATERAL (
            SELECT (SELECT count(*) FROM unnest(candidate.genres) AS genre WHERE genre = ANY(origin.genres)) AS genres,
                count(DISTINCT credits.person_id) AS cast_size,
                count(DISTINCT credits.person_id) FILTER (WHERE own.person_id IS NOT NULL) AS people
            FROM credits LEFT JOIN own ON own.person_id = credits.person_id
            WHERE credits.title_id = candidate.id
        ) AS alike
        ORDER BY score DESC, candidate.popularity DESC, candidate.id LIMIT :most
    ), way AS (
        SELECT part.id, 1 AS rank, part.place - here.place AS distance, 0 AS place,
            CASE WHEN part.day > origin.day OR part.year > origin.year THEN 'SEQUEL'
                WHEN part.day < origin.day OR part.year < origin.year THEN 'PREQUEL' ELSE 'SERIES' END AS relation
        FROM part CROSS JOIN origin LEFT JOIN part AS here ON here.id = origin.id
        WHERE part.id <> origin.id
        UNION ALL
        SELECT id, 2, NULL, 0, 'REMAKE' FROM remake
        UNION ALL
        SELECT id, CASE WHEN spun_off THEN 3 ELSE 4 END, NULL, 0, CASE WHEN spun_off THEN 'SPINOFF' ELSE 'SAME_UNIVERSE' END
        FROM universe
        UNION ALL
        SELECT e.id, 5, NULL, wish.place, 'SIMILAR'
        FROM origin CROSS JOIN LATERAL unnest(origin.recommended) WITH ORDINALITY AS wish (tmdb_id, place)
        JOIN entities AS e ON e.kind = ANY(CAST(:kinds AS text[])) AND e.tmdb_id = wish.tmdb_id AND e.id <> origin.id
        UNION ALL
        SELECT id, 6, NULL, row_number() OVER (ORDER BY score DESC, popularity DESC, id), 'SIMILAR' FROM measured
    ), related AS MATERIALIZED (
        SELECT best.*, e.year
        FROM (SELECT DISTINCT ON (id) * FROM way ORDER BY id, rank, place) AS best
        JOIN entities AS e ON e.id = best.id AND e.search_tags @> CAST(:tags AS text[])
    ), chosen AS (
        SELECT id, relation, CASE WHEN relation <> 'SERIES' THEN distance END AS distance, row_number() OVER (
            ORDER BY relation = 'SIMILAR', distance, CASE WHEN relation <> 'SIMILAR' THEN year END, rank, place, id
        ) AS place
        FROM related WHERE relation = ANY(CAST(:relations AS text[]))
        ORDER BY place LIMIT :limit
    )
    SELECT origin.id AS origin_id, origin.slug AS origin_slug, origin.title AS origin_title, origin.year AS origin_year,
        (SELECT count(*) FROM related WHERE relation <> 'SIMILAR') AS collection_count,
        (SELECT count(*) FROM related WHERE relation = 'SIMILAR') AS similar_count,
        chosen.id AS related_id, chosen.relation, chosen.distance, chosen.place
    FROM origin LEFT JOIN chosen ON TRUE
    """
).columns(
    origin_id=UUID,
    origin_slug=Text,
    origin_title=Text,
    origin_year=Integer,
    collection_count=BigInteger,
    similar_count=BigInteger,
    related_id=UUID,
    relation=Text,
    distance=BigInteger,
    place=BigInteger,
)
"""One row per related title, in order, each with what was asked about; a single one without a related title when there is none."""

PEOPLE = text(
    """
    WITH origin AS MATERIALIZED (
        SELECT id, slug, title, year, title_slug FROM entities WHERE id = :id AND kind = 'PERSON'
    ), movie AS MATERIALIZED (
        SELECT DISTINCT work.title_id
        FROM origin
        CROSS JOIN LATERAL (
            SELECT title_id FROM credits WHERE person_id = origin.id ORDER BY title_id DESC LIMIT :credits
        ) AS work
        JOIN entities AS e ON e.id = work.title_id AND e.kind = 'MOVIE'
        ORDER BY work.title_id DESC LIMIT :movies
    ), shared AS MATERIALIZED (
        SELECT DISTINCT ON (theirs.person_id, theirs.title_id)
            theirs.person_id, theirs.title_id, own.role AS person_role, theirs.role AS collaborator_role
        FROM movie CROSS JOIN origin
        JOIN credits AS own ON own.title_id = movie.title_id AND own.person_id = origin.id
        JOIN credits AS theirs ON theirs.title_id = movie.title_id AND theirs.person_id <> origin.id
        WHERE theirs.role = CAST(:role AS text) OR (CAST(:role AS text) IS NULL AND theirs.role <> own.role)
        ORDER BY theirs.person_id, theirs.title_id, theirs.role, own.role
    ), collaborator AS MATERIALIZED (
        SELECT person_id AS id, count(*) AS movies FROM shared GROUP BY person_id
    ), namesake AS MATERIALIZED (
        SELECT e.id, e.year FROM origin JOIN entities AS e ON e.kind = 'PERSON' AND e.title_slug = origin.title_slug AND e.id <> origin.id
    ), chosen AS MATERIALIZED (
        (
            SELECT c.id, c.movies, row_number() OVER (ORDER BY c.movies DESC, e.title, c.id) AS place
            FROM collaborator AS c JOIN entities AS e ON e.id = c.id
            WHERE CAST(:type AS text) <> 'same_name' ORDER BY place LIMIT :limit
        )
        UNION ALL
        (
            SELECT id, 0, :limit + row_number() OVER (ORDER BY year DESC NULLS LAST, id) AS place
            FROM namesake WHERE CAST(:type AS text) <> 'collaborators' ORDER BY place LIMIT :limit
        )
        ORDER BY place LIMIT :limit
    ), together AS (
        SELECT person_id, jsonb_agg(
            jsonb_build_object(
                'movie_id', id, 'slug', slug, 'title', title, 'person_role', person_role, 'collaborator_role', collaborator_role
            ) ORDER BY newest
        ) AS movies
        FROM (
            SELECT shared.*, e.id, e.slug, e.title,
                row_number() OVER (PARTITION BY shared.person_id ORDER BY e.year DESC NULLS LAST, e.title, e.id) AS newest
            FROM shared JOIN entities AS e ON e.id = shared.title_id
            WHERE (shared.person_id IN (SELECT id FROM chosen WHERE movies > 0)) IS TRUE  -- hashed; as a join it may become a nested loop
        ) AS one
        WHERE newest <= :shown GROUP BY person_id
    )
    SELECT origin.id AS origin_id, origin.slug AS origin_slug, origin.title AS origin_title, origin.year AS origin_year,
        (SELECT count(*) FROM collaborator) AS collaborators_count, (SELECT count(*) FROM namesake) AS same_name_count,
        e.id, e.slug, e.title, CAST(e.details ->> 'birth_date' AS date) AS birth_date, e.details ->> 'birthplace' AS birthplace,
        chosen.movies, CASE WHEN chosen.movies > 0 THEN together.movies END AS collaborations
    FROM origin LEFT JOIN (chosen JOIN entities AS e ON e.id = chosen.id LEFT JOIN together ON together.person_id = chosen.id) ON TRUE
    ORDER BY chosen.place
    """
)
"""One row per related person, in order, each with who was asked about; a single one without a related person when there is none."""

COLLECTION = text(
    """
    SELECT e.id AS movie_id, origin.collection_tmdb_id AS of_id, origin.collection_name AS of_name,
        row_number() OVER (ORDER BY e.year, e.details ->> 'release_date', e.id) AS place
    FROM entities AS origin JOIN entities AS e ON e.collection_tmdb_id = origin.collection_tmdb_id
    WHERE origin.id = :id
    ORDER BY place LIMIT :parts
    """
).columns(movie_id=UUID, of_id=Integer, of_name=Text, place=BigInteger)
