"""Keeps what search reads in step with what is stored, in the transaction of the change."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from shared import search
from shared.db.engine import Transaction

MAX_LINKED = 500
"""Titles of a person, the most popular ones, whose words the person is found under; keeps a document far below 1 MB."""


async def index_documents(tx: Transaction, entity_ids: Iterable[UUID], *, locked: bool = True) -> None:
    """Make entities found as they are stored now: under their names, the people of a title or the titles of a person, and by filters.

    The transaction has locked or inserted them (else `locked` is False, and they are locked here by id), and the credits and texts are
    read only now: of two transactions that change those of one entity the second sees what the first wrote.
    """
    chosen = sorted(set(entity_ids))
    if chosen:
        if not locked:
            await tx.execute(_LOCK, {"ids": chosen})
        await tx.execute(_DOCUMENTS, {"ids": chosen, "linked": MAX_LINKED})


async def index_words(tx: Transaction, entity_ids: Iterable[UUID]) -> None:
    """Remember the words of entities, and of the people credited in them, under every spelling that lacks one letter.

    Last in its transaction: it waits for whoever is writing down the same word, in one order for all. Words are never forgotten: one
    that nothing is called any more finds nothing.
    """
    titles = (await tx.execute(_TITLES, {"ids": sorted(set(entity_ids))})).scalars().all()
    words = {word for title in titles for word in title.split() if len(word) >= search.SHORTEST_MISTAKEN}
    pairs = sorted((variant, word) for word in words for variant in search.variants(word))
    if pairs:
        variants, spelled = (list(column) for column in zip(*pairs, strict=True))
        await tx.execute(_WORDS, {"variants": variants, "words": spelled})


_LOCK = text("SELECT FROM entities WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
_DOCUMENTS = text(
    """
    INSERT INTO search_documents AS stored
        (entity_id, created_at, popularity, year, title_slug, categories, locales, place, names, search)
    SELECT e.id, e.created_at, e.popularity, e.year, e.title_slug,
        array_to_string(CASE e.kind WHEN 'PERSON' THEN linked.roles ELSE ARRAY(SELECT DISTINCT unnest(e.genres) ORDER BY 1) END, chr(31)),
        array_to_string(written.locales, chr(31)), e.search_place, array_to_tsvector(words.names),
        array_to_tsvector(
            words.names
            || array_remove(string_to_array(linked.names, ' '), '')
            || e.search_tags
            || CASE WHEN e.year IS NULL THEN '{}' ELSE ARRAY['=year=' || e.year] END
            || CASE WHEN e.details ->> 'show_type' IS NULL THEN '{}' ELSE ARRAY['=show_type=' || (e.details ->> 'show_type')] END
            || CASE e.kind WHEN 'PERSON' THEN ARRAY(SELECT '=role=' || unnest(linked.roles)) ELSE '{}' END
            || ARRAY(SELECT '=locale=' || unnest(written.locales))
        )
    FROM entities AS e
    CROSS JOIN LATERAL (SELECT array_remove(string_to_array(e.search_title, ' '), '') AS names) AS words
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT credit.role), '{}') AS roles,
            coalesce(string_agg(credit.search_title, ' ') FILTER (WHERE credit.place <= :linked), '') AS names
        FROM (
            SELECT role, search_title, row_number() OVER (ORDER BY popularity DESC) AS place
            FROM (
                SELECT credits.role, people.search_title, people.popularity
                FROM credits JOIN entities AS people ON people.id = credits.person_id WHERE credits.title_id = e.id
                UNION ALL
                SELECT credits.role, titles.search_title, titles.popularity
                FROM credits JOIN entities AS titles ON titles.id = credits.title_id WHERE credits.person_id = e.id
            ) AS either
        ) AS credit
    ) AS linked
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT texts.locale), '{}') AS locales
        FROM texts
        WHERE texts.entity_id = e.id AND texts.archived_at IS NULL
            AND texts.form = CASE e.kind WHEN 'PERSON' THEN 'bio' ELSE 'description' END
    ) AS written
    WHERE e.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY e.id
    ON CONFLICT (entity_id) DO UPDATE SET
        popularity = excluded.popularity, year = excluded.year, title_slug = excluded.title_slug,
        categories = excluded.categories, locales = excluded.locales, place = excluded.place,
        names = excluded.names, search = excluded.search
    WHERE (stored.popularity, stored.year, stored.title_slug, stored.categories, stored.locales, stored.place, stored.names, stored.search)
        IS DISTINCT FROM (excluded.popularity, excluded.year, excluded.title_slug, excluded.categories, excluded.locales,
            excluded.place, excluded.names, excluded.search)
    """
)
_TITLES = text(
    """
    SELECT search_title FROM entities WHERE id = ANY(CAST(:ids AS uuid[]))
    UNION
    SELECT people.search_title FROM credits JOIN entities AS people ON people.id = credits.person_id
    WHERE credits.title_id = ANY(CAST(:ids AS uuid[]))
    """
)
_WORDS = text(
    """
    INSERT INTO search_words (variant, word)
    SELECT variant, word FROM unnest(CAST(:variants AS text[]), CAST(:words AS text[])) AS given (variant, word)
    WHERE NOT EXISTS (SELECT FROM search_words AS known WHERE known.variant = given.variant AND known.word = given.word)
    ORDER BY variant, word
    ON CONFLICT DO NOTHING
    """
)
