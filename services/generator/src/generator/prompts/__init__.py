"""Prompts from versioned templates, and the request as one line of JSON.

What is common to all texts is in English; guidance for a locale, and for a tag in a locale, is in the language that it is about.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from generator.ports import Brief, Message, Prompt
from shared.entities import (
    CANONICAL_LOCALE,
    SHORT_FORMS,
    ContextTag,
    EntityKind,
    Facts,
    Form,
    Locale,
    MovieDetails,
    PersonDetails,
    Role,
    TvDetails,
)

VERSION = "v1"
MAX_OVERVIEW = 2000
MAX_NAME = 200
MAX_CAST = 10
MAX_NAMES = 10
MAX_AVOID = 5
MAX_AVOIDED = 1500
"""Characters of one earlier text: enough to be different from it."""


def render(brief: Brief) -> Prompt:
    """The prompt for one text. Equal briefs give equal prompts.

    Facts are data: they stand in one line of JSON in which no `<` can end the `<request>` element.
    """
    task, facts = "write" if brief.source is None else "translate", _facts(brief.facts, brief.locale)
    request = {
        "task": task,
        "entity_type": brief.facts.kind,
        "form": brief.form,
        "locale": brief.locale,
        "context_tag": brief.context_tag,
        "facts": facts if brief.source is None else _told(facts, brief.source),
        **({} if brief.source is None else {"source": {"locale": CANONICAL_LOCALE, "text": brief.source}}),
        "avoid": [text[:MAX_AVOIDED] for text in brief.others[:MAX_AVOID]],
    }
    style = () if brief.form in SHORT_FORMS else (f"tag/{brief.context_tag}/{brief.locale}",)
    parts = ("system", f"task/{task}", f"form/{brief.form}", f"locale/{brief.locale}", *style)
    system = "\n".join(map(_template, parts))
    user = f"<request>{_json(request)}</request>"
    return Prompt((Message("system", system), Message("user", user)), version())


def repair(prompt: Prompt, problems: Sequence[str]) -> Prompt:
    """`prompt` once more, with what was wrong with its answer."""
    message = Message("user", f"<problems>{_json(problems)}</problems>")
    return Prompt((*prompt.messages, message), prompt.version)


@cache
def version() -> str:
    """`v1-` and a digest of its templates: no edit of a template goes unnoticed in the texts it wrote."""
    return f"{VERSION}-{hashlib.sha256(''.join(map(_template, template_names())).encode()).hexdigest()[:8]}"


def template_names() -> tuple[str, ...]:
    """Every template of the version, without `.md`."""
    return (
        "system",
        "task/write",
        "task/translate",
        *(f"form/{form}" for form in Form),
        *(f"locale/{locale}" for locale in Locale),
        *(f"tag/{tag}/{locale}" for tag in ContextTag for locale in Locale),
    )


@cache
def _template(name: str) -> str:
    return (resources.files("generator.prompts") / VERSION / f"{name}.md").read_text("utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _told(facts: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What a translator needs of the facts: no prose of the catalogue, and of its long lists only whom and what the source names."""
    told = {
        "cast": [item for item in facts["cast"] if item["name"] in source],
        "known_for": [item for item in facts["known_for"] if item["title"] in source],
        "overview": None,
    }
    return {name: value for name, value in {**facts, **told}.items() if value}


def _facts(facts: Facts, locale: Locale) -> dict[str, Any]:
    return {
        "title": _cut(facts.title),
        "local_title": _cut(facts.titles.get(locale)),
        "original_title": _cut(facts.original_title),
        "year": facts.year,
        "genres": list(facts.genres[:MAX_NAMES]),
        "directors": _people(facts, Role.DIRECTOR) or _split(facts.director),
        "creators": _people(facts, Role.CREATOR),
        "cast": _cast(facts),
        **_title_details(facts),
        **_person_details(facts),
    }


def _title_details(facts: Facts) -> dict[str, Any]:
    details = facts.details
    tv = details if isinstance(details, TvDetails) else TvDetails()
    overview = details.biography if isinstance(details, PersonDetails) else details.overview
    creators = list(tv.creators[:MAX_NAMES])
    return {
        **({"creators": creators} if creators else {}),
        "overview": overview[:MAX_OVERVIEW] if overview else None,
        "seasons": tv.number_of_seasons,
        "episodes": tv.number_of_episodes,
        "show_type": tv.show_type.replace("_", " ").title() if tv.show_type else None,
        "networks": list(tv.networks[:MAX_NAMES]),
        "runtime_min": details.runtime_min if isinstance(details, MovieDetails) else None,
    }


def _person_details(facts: Facts) -> dict[str, Any]:
    person = facts.details if isinstance(facts.details, PersonDetails) else PersonDetails()
    return {
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
        "death_date": person.death_date.isoformat() if person.death_date else None,
        "birthplace": _cut(person.birthplace),
        "known_for": [
            {"title": _cut(known.title), "year": known.year, "role": known.role.replace("_", " ").lower()}
            for known in person.known_for[:MAX_NAMES]
        ],
    }


def _people(facts: Facts, role: Role) -> list[str]:
    return _distinct(credit.name for credit in facts.credits if credit.role is role)


def _split(names: str | None) -> list[str]:
    return _distinct(names.split(", ")) if names else []


def _cast(facts: Facts) -> list[dict[str, str | None]]:
    roles = (Role.HOST, Role.ACTOR) if facts.kind is EntityKind.TV_SHOW else (Role.ACTOR,)
    cast: dict[str, str | None] = {}
    for role in roles:
        for credit in facts.credits:
            if credit.role is role:
                cast.setdefault(credit.name, credit.character)
    return [{"name": _cut(name), "character": _cut(character)} for name, character in list(cast.items())[:MAX_CAST]]


def _cut(name: str | None) -> str | None:
    return name[:MAX_NAME] if name else None


def _distinct(names: Iterable[str]) -> list[str]:
    return [name[:MAX_NAME] for name in dict.fromkeys(names)][:MAX_NAMES]
