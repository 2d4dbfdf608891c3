"""What a prompt asks for: the `<request>` line, read tolerantly, because it is what a model would read."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from sandbox.shape import as_list, as_object, as_text, as_whole

LOCALES = ("pl-PL", "en-US", "de-DE", "fr-FR", "es-ES")
STYLES = ("DEFAULT", "modern", "critical", "humorous", "journalistic", "playful", "noir", "scholarly")
FORMS = ("description", "bio", "summary", "tagline")
TASKS = ("write", "translate")
MAX_NAME = 200
_LINE = re.compile(r"^<request>(.*)</request>\s*$", re.MULTILINE)
_COMMAND = re.compile(
    r"[\s.,:;\u2010-\u2015-]*\b(?:ignore|disregard|forget)\b.{0,40}\binstructions?\b.*", re.IGNORECASE | re.DOTALL
)
_MARKUP = re.compile(r"<[^>]*>|https?://\S+")


@dataclass(frozen=True, slots=True)
class Work:
    """A title a person is known for."""

    title: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one entity. Names are plain text: markup and embedded commands are gone, the overview is as sent."""

    title: str
    original_title: str | None = None
    year: int | None = None
    overview: str | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    seasons: int | None = None
    episodes: int | None = None
    show_type: str | None = None
    networks: tuple[str, ...] = ()
    runtime_min: int | None = None
    birth_date: str | None = None
    death_date: str | None = None
    birthplace: str | None = None
    known_for: tuple[Work, ...] = ()
    local_title: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A text to write, or to translate when there is a `source`.

    `facts` is null when the prompt has none: then there is nothing to write about.
    """

    entity_type: str
    form: str
    locale: str
    tag: str
    facts: Facts | None
    avoid: tuple[str, ...]
    seed: str
    source: str | None = None


def read_order(messages: Iterable[str]) -> Order | None:
    """The order in the messages of a chat, null when no message has a readable `<request>` line."""
    text = "\n".join(messages)
    line = _LINE.search(text)
    if line is None:
        return None
    try:
        body = as_object(orjson.loads(line.group(1).strip()))
    except orjson.JSONDecodeError:
        return None
    if body is None:
        return None
    entity_type = _choice(body.get("entity_type"), ("MOVIE", "PERSON", "TV_SERIES", "TV_SHOW"))
    avoid = [text for text in as_list(body.get("avoid")) or [] if isinstance(text, str)]
    translated = _choice(body.get("task"), TASKS) == "translate"
    return Order(
        entity_type=entity_type,
        form=_choice(body.get("form"), FORMS),
        locale=_choice(body.get("locale"), ("en-US", *LOCALES)),
        tag=_choice(body.get("context_tag"), STYLES),
        facts=_facts(body.get("facts")),
        avoid=tuple(avoid[:5]),
        seed=text,
        source=as_text((as_object(body.get("source")) or {}).get("text")) if translated else None,
    )


def _facts(value: object) -> Facts | None:
    raw = as_object(value)
    title = _name(raw.get("title") or raw.get("name")) if raw else None
    if raw is None or title is None:
        return None
    overview = as_text(raw.get("overview"))
    return Facts(
        title=title,
        original_title=_name(raw.get("original_title")),
        local_title=_name(raw.get("local_title")),
        year=_number(raw.get("year")),
        overview=overview if overview and overview.strip() else None,
        genres=_names(raw.get("genres")),
        directors=_names(raw.get("directors")),
        creators=_names(raw.get("creators")),
        cast=_names(raw.get("cast")),
        seasons=_number(raw.get("seasons")),
        episodes=_number(raw.get("episodes")),
        show_type=_name(raw.get("show_type")),
        networks=_names(raw.get("networks")),
        runtime_min=_number(raw.get("runtime_min")),
        birth_date=_date(raw.get("birth_date")),
        death_date=_date(raw.get("death_date")),
        birthplace=_name(raw.get("birthplace")),
        known_for=_works(raw.get("known_for")),
    )


def _name(value: object) -> str | None:
    spoken = _COMMAND.sub("", _MARKUP.sub(" ", as_text(value) or ""))
    return " ".join(spoken.split())[:MAX_NAME].strip() or None


def _names(values: object) -> tuple[str, ...]:
    entries = ((as_object(value) or {"name": value}).get("name") for value in as_list(values) or [])
    return tuple(name for entry in entries if (name := _name(entry)))


def _works(values: object) -> tuple[Work, ...]:
    entries = [as_object(value) or {} for value in as_list(values) or []]
    return tuple(Work(title, _number(entry.get("year"))) for entry in entries if (title := _name(entry.get("title"))))


def _number(value: object) -> int | None:
    number = as_whole(value)
    return number if number and 0 < number < 1_000_000 else None


def _date(value: object) -> str | None:
    try:
        return dt.date.fromisoformat(as_text(value) or "").isoformat()
    except ValueError:
        return None


def _choice(value: object, known: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in known else known[0]
