"""Every title and name of the sample facts, in every language they have, is a slug worth asking for."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, cast

import pytest

from shared import slugs
from shared.entities import KINDS, EntityKind

THIS_YEAR = 2026
DATA = resources.files("sandbox") / "data"
FILES = sorted(file.name for file in DATA.iterdir() if file.name.endswith(".json"))
TITLE_KINDS = (EntityKind.MOVIE, EntityKind.TV_SERIES, EntityKind.TV_SHOW)


def named(name: str) -> Iterator[tuple[tuple[EntityKind, ...], str, str]]:
    """Possible kinds, title or name, and year (empty when unknown) of everything in one file."""
    content = cast("dict[str, Any] | list[dict[str, Any]]", json.loads((DATA / name).read_text("utf-8")))
    if isinstance(content, dict):
        for person, known in content.items():
            for one in (person, *known.get("also_known_as", ())):
                yield (EntityKind.PERSON,), one, (known.get("birthday") or "")[:4]
        return
    for item in content:
        date = item.get("release_date") or item.get("first_air_date") or ""
        titles = {item.get(name) for name in ("title", "original_title", "name", "original_name")}
        for title in filter(None, {*titles, *item.get("titles", {}).values()}):
            yield TITLE_KINDS, title, date[:4]


@pytest.mark.parametrize("name", FILES)
def test_no_sample_is_refused(name: str) -> None:
    refused = list[tuple[str, str]]()
    asked = 0

    for kinds, title, year in named(name):
        bare = slugs.slugify(title)
        for slug in (bare, f"{bare}-{year}") if year else (bare,):
            asked += 1
            if slugs.normalise(slug) != slug or not all(
                slugs.plausibility(kind, slug, THIS_YEAR).plausible for kind in kinds
            ):
                refused.append((title, slug))

    assert refused == []
    assert asked > 40


@pytest.mark.parametrize("name", FILES)
def test_a_year_is_read_back_from_every_sample(name: str) -> None:
    for kinds, title, year in named(name):
        if year and int(year) >= max(KINDS[kind].earliest_year for kind in kinds):
            for kind in kinds:
                parsed = slugs.parse(kind, f"{slugs.slugify(title)}-{year}", THIS_YEAR)
                assert (parsed.title_part, parsed.year) == (slugs.slugify(title), int(year))
