"""The sandbox's sample catalogue as facts, read through the catalogue client that production uses."""

import asyncio
from collections.abc import Mapping
from functools import cache

import httpx
from pydantic import SecretStr

from sandbox.app import create_app
from sandbox.tmdb.store import Store
from shared import slugs
from shared.clock import SystemClock
from shared.entities import EntityKind, Facts
from shared.tmdb import mapping
from shared.tmdb.catalog import TmdbCatalog
from shared.tmdb.client import TmdbClient


@cache
def catalogue() -> Mapping[str, Facts]:
    """Every film, series, show and person of the sandbox by canonical slug, in the order of their ids."""
    return asyncio.run(_read(Store.packaged()))


def titles() -> dict[str, Facts]:
    """The films, series and shows among them."""
    return {slug: facts for slug, facts in catalogue().items() if facts.kind is not EntityKind.PERSON}


def people() -> dict[str, Facts]:
    return {slug: facts for slug, facts in catalogue().items() if facts.kind is EntityKind.PERSON}


async def _read(store: Store) -> dict[str, Facts]:
    transport = httpx.ASGITransport(app=create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        client = TmdbClient("http://sandbox/tmdb/3", SecretStr("sandbox"), http=http, deadline_s=60)
        catalog = TmdbCatalog(client, SystemClock())
        found: dict[str, Facts] = {}
        wanted = [
            *((EntityKind.MOVIE, tmdb_id) for tmdb_id in store.movies),
            *((EntityKind.TV_SERIES, tmdb_id) for tmdb_id in store.shows),
            *((EntityKind.PERSON, tmdb_id) for tmdb_id in store.people),
        ]
        for kind, tmdb_id in wanted:
            facts = await catalog.facts(kind, tmdb_id)
            assert facts is not None
            if kind is EntityKind.TV_SERIES:
                facts = mapping.facts(mapping.tv_kind(facts.raw), facts.raw)
            slug = next(slug for slug in slugs.candidates(facts) if slug not in found)
            found[slug] = facts
        return found
