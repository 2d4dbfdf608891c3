"""Summaries and taglines in what is read."""

import pytest
from tests.integration.gateway_reads.harness import Gateway, ago, facts

from gateway.adapters.postgres_search import PostgresSearch
from gateway.search_ports import SearchFilter, Slice
from shared.entities import KINDS, EntityKind, Locale

every_kind = pytest.mark.parametrize("kind", EntityKind)
MOVIE = EntityKind.MOVIE


@every_kind
async def test_short_texts_are_shown_in_the_locale_asked_for_or_in_english(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.stored_with_text(facts(kind, "The Matrix"))
    for locale in ("pl-PL", "de-DE"):
        await gateway.write(stored, default=False, locale=locale)
    for form in ("tagline", "summary"):
        await gateway.write(stored, f"English {form}.", default=False, form=form)
    await gateway.write(stored, "Polski.", default=False, form="tagline", locale="pl-PL", origin="TRANSLATED")
    await gateway.write(stored, "Old.", default=False, form="summary", locale="de-DE", archived_at=ago(60))

    shown = {
        locale: (await gateway.get(kind, stored.slug, params={"locale": locale} if locale else {})).json()
        for locale in (None, "en-US", "pl-PL", "de-DE")
    }

    english = ("en-US", "GENERATED", "English tagline.", "English summary.", "English summary.")
    members = ("short_locale", "short_origin", "tagline", "summary", "synopsis")
    assert {locale: tuple(body[member] for member in members) for locale, body in shown.items()} == {
        None: english,
        "en-US": english,
        "pl-PL": ("pl-PL", "TRANSLATED", "Polski.", None, None),
        "de-DE": english,
    }
    assert {locale: body["locale"] for locale, body in shown.items()} == {
        None: "en-US", "en-US": "en-US", "pl-PL": "pl-PL", "de-DE": "de-DE",
    }  # fmt: skip


async def test_without_short_texts_their_members_are_null(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    await gateway.write(stored, "Polski.", default=False, form="tagline", locale="pl-PL", origin="TRANSLATED")

    body = (await gateway.get(MOVIE, stored.slug)).json()

    assert [body[name] for name in ("short_locale", "short_origin", "tagline", "summary", "synopsis")] == [None] * 5


async def test_a_text_chosen_by_id_is_shown_with_the_short_texts_of_the_locale(gateway: Gateway) -> None:
    stored = await gateway.store(facts(MOVIE, "The Matrix"))
    text_id = await gateway.write(stored)
    await gateway.write(stored, "Polski.", default=False, form="tagline", locale="pl-PL", origin="TRANSLATED")

    body = (await gateway.get(MOVIE, stored.slug, params={"description_id": text_id, "locale": "pl-PL"})).json()

    assert (body["selected_description"]["id"], body["locale"], body["tagline"]) == (str(text_id), "pl-PL", "Polski.")


async def test_a_new_short_text_is_a_new_answer(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    before = await gateway.get(MOVIE, stored.slug)
    await gateway.write(stored, "English.", default=False, form="tagline")
    await gateway.announce(stored, stored.version + 2)

    after = await gateway.get(MOVIE, stored.slug, headers={"If-None-Match": before.headers["etag"]})

    assert (after.status_code, after.json()["tagline"]) == (200, "English.")


@every_kind
async def test_a_short_text_is_no_text_that_a_reader_waits_for(gateway: Gateway, kind: EntityKind) -> None:
    stored = await gateway.store(facts(kind, "The Matrix"))
    await gateway.write(stored, "English.", default=False, form="tagline")

    answer = await gateway.get(kind, stored.slug)
    listed = (await gateway.get(kind, f"?slugs={stored.slug}&include={KINDS[kind].texts}")).json()["data"]

    assert answer.status_code == 202
    assert [row["form"] for row in await gateway.jobs()] == [KINDS[kind].form]
    assert (listed[0][f"{KINDS[kind].texts}_count"], listed[0][KINDS[kind].texts]) == (0, [])
    assert "tagline" not in listed[0]


async def test_short_texts_are_no_texts_to_search_by(gateway: Gateway) -> None:
    stored = await gateway.stored_with_text(facts(MOVIE, "The Matrix"))
    await gateway.write(stored, "Polski.", default=False, form="tagline", locale="pl-PL", origin="TRANSLATED")

    found = await PostgresSearch(gateway.database).search(SearchFilter(MOVIE, has_text=Locale.PL), Slice(10))
    everything = await PostgresSearch(gateway.database).search(SearchFilter(MOVIE), Slice(10))

    assert found.hits == ()
    assert everything.facets["locale"] == (("en-US", 1),)
