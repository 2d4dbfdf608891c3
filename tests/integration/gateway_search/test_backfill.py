"""Entities stored before there was search are found after an upgrade."""

import pytest
from sqlalchemy import delete, func, select, update
from tests.integration.gateway_search.library import MOVIE, PERSON, Library, cast

from shared.db import search_backfill
from shared.db.search_backfill import index_missing
from shared.db.tables import entities, search_documents, search_words


async def test_what_was_stored_before_is_found_after_an_upgrade(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_backfill, "BATCH", 2)
    await library.add(
        "Amélie", 2001, genres=("Romance",), titles={"pl-PL": "Amelia"}, credits=cast("Audrey Tautou", "Yolande Moreau")
    )
    await library.add("Yolande Moreau", 1953, PERSON, birthplace="Bruxelles, België")
    before = await documents(library)
    for forgotten in (
        delete(search_documents),
        delete(search_words),
        update(entities).values(search_title="", search_tags=[], search_place=None),
    ):
        await library.database.write(forgotten)

    indexed = [await index_missing(library.database), await index_missing(library.database)]

    assert indexed == [3, 0]
    assert await documents(library) == before
    assert await library.titles("ameila tautou", MOVIE, genres=("romance",)) == ["Amélie"]
    assert await library.titles("amelie", PERSON, birthplace="belgie") == ["Yolande Moreau"]


async def documents(library: Library) -> list[tuple[object, ...]]:
    stored = select(*search_documents.c).order_by(search_documents.c.entity_id)
    return [tuple(row) for row in await library.database.read(stored)]


async def test_a_title_without_a_word_does_not_keep_it_from_ending(library: Library) -> None:
    film = await library.add("Blank")
    await library.database.write(update(entities).where(entities.c.id == film.id).values(title=" ", search_title=""))
    await library.database.write(delete(search_documents))

    assert await index_missing(library.database) == 1
    assert (await library.database.read(select(func.count()).select_from(search_documents))).scalar() == 1
