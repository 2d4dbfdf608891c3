"""What clients want, drawn from the sandbox's facts by the seed."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, cast

from shared import slugs
from shared.entities import ContextTag, EntityKind, Locale

_SCRIPTED = {"Scripted", "Miniseries"}
_SHARE = {EntityKind.MOVIE: 150, EntityKind.TV_SERIES: 50, EntityKind.TV_SHOW: 30, EntityKind.PERSON: 60}
"""Few enough that the same entity is written about, refreshed and read again and again."""


class Action(StrEnum):
    GENERATE = "generate"
    REPEAT = "repeat"
    FORCE = "force"
    CANCEL = "cancel"
    REFRESH = "refresh"
    READ = "read"


_WEIGHTS = {
    Action.GENERATE: 70, Action.REPEAT: 6, Action.FORCE: 5, Action.CANCEL: 4, Action.REFRESH: 5, Action.READ: 10
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """An identity that a text is wanted for."""

    kind: EntityKind
    slug: str
    locale: Locale
    tag: ContextTag | None

    def body(self, *, force: bool = False) -> dict[str, Any]:
        """The body that asks for it."""
        wanted: dict[str, Any] = {"entity_type": self.kind, "slug": self.slug, "locale": self.locale}
        if self.tag is not None:
            wanted["context_tag"] = self.tag
        return wanted | ({"force": True} if force else {})


@dataclass(frozen=True, slots=True)
class Wish:
    """`text` is new for GENERATE; for the others it is one that was asked for shortly before."""

    action: Action
    text: Text


def wishes(seed: int) -> Iterator[Wish]:
    """Wishes without end; the same seed gives the same ones."""
    rng = random.Random(f"chaos wishes {seed}")
    recent: list[Text] = []
    for text in _texts(rng):
        recent = [*recent[-40:], text]
        action = Action.GENERATE
        yield Wish(action, text)
        while (action := rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]) is not Action.GENERATE:
            yield Wish(action, rng.choice(recent))


def _texts(rng: random.Random) -> Iterator[Text]:
    entities = [(kind, slug) for kind, found in _catalogue().items() for slug in rng.sample(found, _SHARE[kind])]
    every = [Text(*entity, locale, tag) for entity in entities for locale in Locale for tag in (None, *ContextTag)]
    rng.shuffle(every)
    return itertools.cycle(every)


def _catalogue() -> dict[EntityKind, list[str]]:
    """Slugs of what the sandbox knows, where one slug means one thing."""
    found: dict[EntityKind, list[str]] = {kind: [] for kind in EntityKind}
    for file in sorted((resources.files("sandbox") / "data").iterdir(), key=lambda file: file.name):
        entries = json.loads(file.read_bytes())
        if file.name.startswith("people"):
            found[EntityKind.PERSON] += [slugs.slugify(person.get("name", key)) for key, person in entries.items()]
            continue
        for entry in cast("list[dict[str, Any]]", entries):
            kind = EntityKind.MOVIE
            if "name" in entry:
                kind = EntityKind.TV_SERIES if entry["type"] in _SCRIPTED else EntityKind.TV_SHOW
            title, date = entry.get("title") or entry["name"], entry.get("release_date") or entry.get("first_air_date")
            found[kind].append(f"{slugs.slugify(title)}-{str(date)[:4]}")
    return {kind: [slug for slug in names if names.count(slug) == 1] for kind, names in found.items()}
