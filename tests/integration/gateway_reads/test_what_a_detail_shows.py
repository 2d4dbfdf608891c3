"""Texts and credits of a detail, as stored."""

import pytest
from tests.integration.gateway_reads.harness import Gateway, acting, ago, facts

from shared.entities import KINDS, EntityKind, Role

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE, PERSON = EntityKind.MOVIE, EntityKind.PERSON


@every_kind
async def test_archived_texts_and_texts_of_other_forms_are_invisible(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"), "Current.")
    await gateway.write(stored, "Archived.", default=False, archived_at=ago(60), version=2)
    await gateway.write(stored, "Short.", default=False, form="tagline")

    body = (await gateway.get(kind, stored.slug, params={"locale": "en-US"})).json()

    names = KINDS[kind]
    assert [text["text"] for text in body[names.texts]] == ["Current."]
    assert body[f"{names.texts}_count"] == 1
    assert body[f"selected_{names.text}"]["text"] == "Current."


@every_kind
async def test_an_entity_whose_only_text_is_archived_lacks_a_text(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    await gateway.write(stored, "Archived.", archived_at=ago(60))

    assert (await gateway.get(kind, stored.slug)).status_code == 202


@every_kind
async def test_texts_come_by_locale_then_tag(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    for locale, tag in (("pl-PL", "DEFAULT"), ("en-US", "modern"), ("en-US", "DEFAULT"), ("de-DE", "humorous")):
        await gateway.write(stored, default=False, locale=locale, context_tag=tag)

    body = (await gateway.get(kind, stored.slug)).json()

    shown = [(text["locale"], text["context_tag"]) for text in body[KINDS[kind].texts]]
    assert shown == [("de-DE", "humorous"), ("en-US", "DEFAULT"), ("en-US", "modern"), ("pl-PL", "DEFAULT")]


@pytest.mark.parametrize("kind", [kind for kind in EntityKind if kind is not PERSON])
async def test_people_come_by_billing_order_and_crew_last(gateway: Gateway, kind: EntityKind) -> None:
    cast = (
        acting("Zoe Writer", 4, None, Role.WRITER),
        acting("Second", 2, 1, character="B"),
        acting("Amy Director", 3, None, Role.DIRECTOR),
        acting("First", 1, 0, character="A"),
    )
    stored = await gateway.stored_with_text(facts(kind, "The Matrix", credits=cast))

    body = (await gateway.get(kind, stored.slug)).json()

    assert [credit["name"] for credit in body["people"]] == ["First", "Second", "Amy Director", "Zoe Writer"]
    assert body["_links"]["people"][2]["job"] == "Director"
    assert [credit["character_name"] for credit in body["people"]] == ["A", "B", None, None]
    for credit in body["people"]:
        assert (await gateway.http.head(f"/api/v1/people/{credit['slug']}")).status_code == 404


async def test_a_person_shows_at_most_fifty_movies_the_best_billed_first(gateway: Gateway) -> None:
    for number in range(52):
        cast = (acting("Keanu Reeves", 6384, number % 10 if number else None),)
        await gateway.store(facts(MOVIE, f"Movie {number}", 1950 + number, tmdb_id=number + 1, credits=cast))
    await gateway.store(facts(EntityKind.TV_SERIES, "Series", 2000, credits=(acting("Keanu Reeves", 6384, 0),)))
    person = await gateway.stored_with_text(facts(PERSON, "Keanu Reeves", 1964, 6384))

    body = (await gateway.get(PERSON, person.slug)).json()

    orders = [link["billing_order"] for link in body["_links"]["movies"]]
    assert len(body["movies"]) == len(orders) == 50
    assert orders == sorted(orders)
    assert "series-2000" not in {credit["slug"] for credit in body["movies"]}
