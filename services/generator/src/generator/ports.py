"""What writing a text needs of the outside world, and the values that cross that line."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from shared.catalog import Lookup
from shared.entities import Candidate, ContextTag, EntityKind, Facts, Form, Locale, Origin
from shared.events import GenerationRequested
from shared.jobs import Attempt, Failure, Identity


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be written, and what the text is checked against. `others` are the texts it has to differ from, the closest first.

    With a `source`, the English text of the same form, it is not written but translated.
    """

    facts: Facts
    form: Form
    locale: Locale
    context_tag: ContextTag
    others: tuple[str, ...] = ()
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked. `version` names the templates, so that a stored text can be traced to them."""

    messages: tuple[Message, ...]
    version: str

    @property
    def hash(self) -> str:
        """SHA-256 of the messages, 64 hex digits: equal prompts are answered by the same stored answer."""
        content = json.dumps([[message.role, message.content] for message in self.messages])
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, unchecked. `finish_reason` is the provider's word; `length` means cut off.

    `data_format` is `json` for an answer to a strict schema, `json_plain` for one whose shape was asked for in words. It is kept for the
    metrics only: a stored answer comes back without it.
    """

    content: str
    finish_reason: str
    model: str
    data_format: Literal["json", "json_plain"] = "json"


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer cost; None where the provider or the price list says nothing."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be spent: US dollars and calls, None for no limit."""

    usd: Decimal | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps for each job, for what each caller's jobs spend in a UTC day, and for everything in a UTC day.

    A call counts as the most it can cost until its answer tells what it did cost. A call that was turned away unread counts nothing, one
    of unknown outcome counts as the most.
    """

    job: Cap = Cap()
    caller: Cap = Cap()
    everything: Cap = Cap()


class Tariff(Protocol):
    def most_usd(self, prompt: Prompt, model: str) -> Decimal | None:
        """The most that one call of `model` with `prompt` can cost; None when the price is not known."""
        ...


class Step(StrEnum):
    """What a call of a job is for. Each step has calls of its own."""

    WRITE = "write"
    TRANSLATE = "translate"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is written down and may now be made, once. `seconds_left` is the time to the job's deadline."""

    id: UUID
    attempt: Attempt
    seconds_left: float


class TextModel(Protocol):
    def name(self, attempt: Attempt) -> str:
        """The model that the attempt's job asks: the same one in all its attempts."""
        ...

    async def admitted(self, prompt: Prompt, attempt: Attempt) -> None:
        """Return when a call may be written down and made, after some seconds at most.

        Raises Transient (uncounted) when that would take longer: with RATE_LIMITED for a limit that other calls use up, with AI_API_ERROR
        while the model is given a rest.
        """
        ...

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        """The whole answer within `deadline_s` seconds, else TimeoutError; never retries.

        Raises Transient with RATE_LIMITED (uncounted, the provider's own delay) when throttled, with AI_API_ERROR (uncounted) when no
        call is taken with this key, and with AI_API_ERROR for failures of the provider or the network; Permanent with AI_API_ERROR
        for refusals. No error holds a prompt, a key or a provider's words.
        """
        ...


class Catalog(Protocol):
    """What is known to exist. Raises Transient or Unavailable("tmdb") when it cannot tell, never a wrong answer."""

    async def lookup(self, kind: EntityKind, slug: str) -> Lookup: ...

    async def facts(self, kind: EntityKind, tmdb_id: int) -> Facts | None: ...

    async def search(self, kind: EntityKind, query: str, *, limit: int) -> tuple[Candidate, ...]: ...


@dataclass(frozen=True, slots=True)
class Known:
    """A stored entity and its facts. `complete` is False for a person who is known from credits only."""

    entity_id: UUID
    slug: str
    facts: Facts
    complete: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what a text is about. `slug` is canonical; `fresh` facts come from the catalogue and are stored with the text."""

    slug: str
    facts: Facts
    fresh: bool
    entity_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A stored text."""

    id: UUID
    entity_id: UUID
    context_tag: ContextTag
    text: str


MAX_ARCHIVED = 4
"""Earlier texts of one place, beside the one that is shown, that a new one is held against."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """An entity's current texts of one form and locale, newest first.

    `twin` is the one that another job with the same identity wrote after this job was accepted. `archived` are the last `MAX_ARCHIVED`
    of each tag that are shown no more, newest first.

    Of a short form in another locale `source` is the current English text, as long as nothing here was written since: then it was
    translated already, and once more it would be the same text. `sources` are the English texts that a new source has to differ from.
    """

    texts: tuple[Text, ...] = ()
    twin: Text | None = None
    archived: tuple[Text, ...] = ()
    source: Text | None = None
    sources: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A checked text, the model that wrote it, and the prompt that the model answered."""

    text: str
    ai_model: str
    prompt_version: str
    prompt_hash: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text and its place, ready to be published. `source` is the English text that was written on the way to a translation."""

    subject: Subject
    form: Form
    locale: Locale
    context_tag: ContextTag
    written: Written
    origin: Origin = Origin.GENERATED
    source: Written | None = None


class Library(Protocol):
    """Entities and their texts. Every method raises Unavailable("postgres") while the store is away."""

    async def find(self, kind: EntityKind, slug: str, entity_id: UUID | None) -> Known | None:
        """The stored entity with this id, else with this canonical or former slug."""
        ...

    async def find_by_tmdb(self, kind: EntityKind, tmdb_id: int) -> Known | None: ...

    async def free_slug(self, facts: Facts) -> str:
        """The slug an entity of `facts` would get if it were stored now."""
        ...

    async def adopt(self, attempt: Attempt, identity: Identity) -> bool:
        """Give the job its canonical identity; False when another active job holds it. Raises LeaseLost."""
        ...

    async def shelf(self, attempt: Attempt, identity: Identity, tmdb_id: int) -> Shelf:
        """What is written about the entity with this catalogue id; nothing when it is not stored."""
        ...

    async def publish(self, attempt: Attempt, event: GenerationRequested, draft: Draft) -> None:
        """Entity, text, default, version, job DONE, inbox and completion event in one transaction.

        A text of a slot that a later accepted job has filled meanwhile is kept archived, and the job's result is the current one. The
        default moves only if the one seen at acceptance still is the default, or if there is none, and never to a short form. A source
        is stored with its translation: shown while nothing else is in its slot, where any job's own text takes its place, else archived.
        Raises LeaseLost.
        """
        ...

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        """Job DONE with the text of another job, inbox and completion event in one transaction. Raises LeaseLost."""
        ...


class CallJournal(Protocol):
    """Every call to a model, written down before it is made. Raises Unavailable("postgres") while the store is away."""

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        """The stored answer to an equal prompt of the same job; else a call written down, its outcome unknown and its cost reserved.

        None when every call of this step, or the budget of the job, is spent: a job has as many calls for each step as it has attempts.

        Raises LeaseLost; Transient (uncounted) with BUDGET_EXHAUSTED, due when the budget of the day renews, and with TIMEOUT while an
        operator has stopped all calls. Exact however many workers begin calls at the same time: no cap is passed, and no call begins once
        the stop is committed.
        """
        ...

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        """Keep the raw answer, before anything is checked."""
        ...

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        """Record that no usable answer came. One that is not `counted` was turned away unread, and spends none of the job's calls."""
        ...

    async def rejected(self, attempt: Attempt, prompt: Prompt, problems: Sequence[str]) -> None:
        """Record why the job's answer to `prompt` was not taken, as codes. An answer about which nothing is recorded was taken."""
        ...
