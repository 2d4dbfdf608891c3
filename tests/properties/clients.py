"""The system's clients: what they ask for, what they were promised, and what they may expect from then on."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from tests.properties.bodies import version_of
from tests.properties.services import Gateway
from tests.properties.stepping import Activity
from tests.properties.world import World, planned

from gateway.ports import Accepted, AlreadyFinished, Cancelled, IdempotencyKey, JobView, KeyReused, Replayed
from gateway.usecases.read_entity import Asked, Shown
from gateway.usecases.request_generation import GenerationRequest
from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.faults import InjectedFault
from shared.jobs import JobStatus


@dataclass(frozen=True, slots=True)
class Wish:
    """A request for a text, the same each time it is sent."""

    caller: str
    slug: str
    tag: ContextTag | None
    force: bool
    key: str | None

    @property
    def idempotency_key(self) -> IdempotencyKey | None:
        return IdempotencyKey(self.key, f"{self.slug} {self.tag} {self.force}") if self.key else None


@dataclass(frozen=True, slots=True)
class Again:
    """One of the wishes so far, once more; 0 is the latest."""

    which: int


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one of the jobs, or its cancellation by a caller; 0 is the latest."""

    which: int
    cancelled_by: str | None


Request = Wish | Again | Asked | Look


@dataclass(slots=True)
class Clients:
    """`promised` holds the jobs that somebody was told of."""

    world: World
    promised: set[UUID] = field(default_factory=set[UUID])
    _told: dict[str, int] = field(default_factory=dict[str, int])
    _wishes: list[Wish] = field(default_factory=list[Wish])
    _by_key: dict[tuple[str, str], tuple[UUID, ...]] = field(default_factory=dict[tuple[str, str], tuple[UUID, ...]])
    _waiting: list[tuple[Gateway, Activity[Any], Callable[[Any], None]]] = field(
        default_factory=list[tuple[Gateway, Activity[Any], Callable[[Any], None]]]
    )

    def ask(self, gateway: Gateway, request: Request, turns: int) -> None:
        """Let `gateway` work on an answer for some turns."""
        jobs = list(reversed(self.world.database.jobs))
        match request:
            case Wish() as wish:
                self._post(gateway, wish, turns)
            case Again(which) if self._wishes:
                self._post(gateway, self._wishes[-1 - which % len(self._wishes)], turns)
            case Asked() as asked:
                learn = partial(_shown, asked, {slug: self.known(slug) for slug in self.world.slugs})
                self._start(gateway, gateway.read_entity(asked, "reader"), turns, learn)
            case Look(which, None) if jobs:
                self._start(gateway, gateway.read_job(jobs[which % len(jobs)]), turns, self._learn)
            case Look(which, str(caller)) if jobs:
                self._start(gateway, gateway.cancel_job(jobs[which % len(jobs)], caller), turns, self._learn)
            case _:
                pass

    def _post(self, gateway: Gateway, wish: Wish, turns: int) -> None:
        self._wishes.append(wish)
        self._start(gateway, _posted(gateway, wish), turns, partial(self._accepted, wish))

    def known(self, slug: str) -> int:
        """The version that everybody who asks from now on may expect at least."""
        return max(self._told.get(slug, 0), self.world.acknowledged.get(slug, 0))

    def hear(self) -> None:
        """Take in what was answered; a gateway that broke off in the middle of an answer is gone."""
        answered = [waiting for waiting in self._waiting if waiting[1].ended]
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].ended]
        for gateway, activity, learn in answered:
            answer = activity.outcome()
            if not planned(answer):
                learn(answer)
            elif isinstance(answer, InjectedFault) and gateway in self.world.gateways:
                self.world.crash(gateway)

    def _start(
        self, gateway: Gateway, work: Coroutine[Any, Any, Any], turns: int, learn: Callable[[Any], None]
    ) -> None:
        self._waiting.append((gateway, self.world.start(gateway, work, turns), learn))

    def _accepted(self, wish: Wish, answer: object) -> None:
        match answer:
            case Accepted(jobs=jobs):
                job_ids = tuple(job.job_id for job in jobs)
            case Replayed(job_ids=job_ids):
                pass
            case KeyReused():
                assert any(other.key == wish.key and other != wish for other in self._wishes), "I3: a key nobody reused"
                return
            case _:
                raise AssertionError(answer)
        assert all(job_id in self.world.database.jobs for job_id in job_ids), "I10: a promised job is not stored"
        self.promised.update(job_ids)
        if wish.key is not None:
            known = self._by_key.setdefault((wish.caller, wish.key), job_ids)
            assert known == job_ids, "I3: one key stands for two jobs"

    def _learn(self, answer: object) -> None:
        if isinstance(answer, AlreadyFinished | Cancelled):
            assert answer.job.status.terminal, "a job that was called finished is not"
        job = answer.job if isinstance(answer, AlreadyFinished) else answer
        if isinstance(job, JobView) and job.status is JobStatus.DONE and job.result is not None:
            self._told[job.result.slug] = max(self._told.get(job.result.slug, 0), job.result.entity_version)


async def _posted(gateway: Gateway, wish: Wish) -> object:
    """What the handler of the route does."""
    key = wish.idempotency_key
    if key is not None:
        known = await gateway.request_generation.replay(wish.caller, key)
        if known is not None:
            return known
    return await gateway.request_generation(
        GenerationRequest(
            kind=EntityKind.MOVIE,
            slug=wish.slug,
            requested_slug=wish.slug,
            locale=Locale.EN,
            form=Form.DESCRIPTION,
            caller=wish.caller,
            confidence=0.9,
            context_tags=(wish.tag,),
            force=wish.force,
            key=key,
        )
    )


def _shown(asked: Asked, at_least: dict[str, int], answer: object) -> None:
    if isinstance(answer, Shown):
        slug, version = answer.slug or asked.slug, version_of(answer.shown.body)
        assert version >= at_least.get(slug, 0), f"I9: {slug} was shown at {version} to who may expect {at_least[slug]}"
