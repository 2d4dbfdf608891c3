"""What writing a text needs of the outside world, and the values that cross that line."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from shared.catalog import Lookup
from shared.entities import ContextTag, EntityKind, Facts, Form, Locale
from shared.events import GenerationRequested
from shared.jobs import Attempt, Failure, Identity


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be written, and what the text is checked against. `others` are the texts it has to differ from, newest first."""

    facts: Facts
    form: Form
    locale: Locale
    context_tag: ContextTag
    others: tuple[str, ...] = ()


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
    """What the model said, unchecked. `finish_reason` is the provider's word; `length` means cut off."""

    content: str
    finish_reason: str
    model: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer cost; None where the provider or the price list says nothing."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: Decimal | None = None


class Step(StrEnum):
    """What a call of a job is for. Each step has calls of its own."""

    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is written down and may now be made, once. `seconds_left` is the time to the job's deadline."""

    id: UUID
    attempt: Attempt
    seconds_left: float


class TextModel(Protocol):
    @property
    def name(self) -> str:
        """The model asked for."""
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
    """A current text."""

    id: UUID
    entity_id: UUID
    context_tag: ContextTag
    text: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """An entity's current texts of one form and locale, newest first.

    `twin` is the one that another job with the same identity wrote after this job was accepted.
    """

    texts: tuple[Text, ...] = ()
    twin: Text | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A checked text, the model that wrote it, and the prompt that the model answered."""

    text: str
    ai_model: str
    prompt_version: str
    prompt_hash: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text and its place, ready to be published."""

    subject: Subject
    form: Form
    locale: Locale
    context_tag: ContextTag
    written: Written


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
        default moves only if the one seen at acceptance still is the default, or if there is none. Raises LeaseLost.
        """
        ...

    async def share(self, attempt: Attempt, event: GenerationRequested, text: Text) -> None:
        """Job DONE with the text of another job, inbox and completion event in one transaction. Raises LeaseLost."""
        ...


class CallJournal(Protocol):
    """Every call to a model, written down before it is made. Raises Unavailable("postgres") while the store is away."""

    async def begin(self, attempt: Attempt, prompt: Prompt, model: str, step: Step) -> Answer | Call | None:
        """The stored answer to an equal prompt of the same job; else a call written down, its outcome unknown.

        None when every call of this step is spent: a job has as many for each step as it has attempts.

        Raises LeaseLost.
        """
        ...

    async def answered(self, call: Call, answer: Answer, spent: Spent) -> None:
        """Keep the raw answer, before anything is checked."""
        ...

    async def failed(self, call: Call, failure: Failure, *, counted: bool = True) -> None:
        """Record that no usable answer came. One that is not `counted` was turned away unread, and spends none of the job's calls."""
        ...
