"""How work comes by each crash point, what is seen when it strikes, and what happens next."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import httpx
from tests.faults.crash_points.stage import Asked, Cell, Stage
from tests.faults.crash_points.victims import Victim
from tests.support import driving
from tests.support.processes import wait_until

from shared.entities import Form, Locale
from shared.faults import Mode
from shared.jobs import JobStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """The jobs of a cell, how many AI calls they must have cost together, and what became of the victim."""

    asked: list[Asked]
    calls: int
    victim: str


Scenario = Callable[[Stage, Cell], Outcome]
TAGS = ("modern", "critical", "humorous")
COSTS_ANOTHER_CALL = "generator.after_call"
"""The one point where an AI call was made and nothing of it is stored."""


def seen(victim: Victim, mode: Mode) -> str:
    """Make sure that the point did what it was armed for, and bring the victim to an end where it would not come to one.

    A process that hangs is killed, as its supervisor would; one that raised where nothing handles it is stopped in order, so that the
    broker delivers again what it never settled.
    """
    assert victim.struck, victim.describe()
    match mode:
        case Mode.EXIT:
            assert victim.ended() == 137
            return "exit 137"
        case Mode.HANG:
            assert victim.alive, victim.describe()
            victim.kill()
            return "hung, killed"
        case Mode.RAISE:
            assert victim.alive, victim.describe()
            assert victim.stop() == 0, victim.describe()
            return "raised, stopped"
        case Mode.EXECUTE_THEN_RAISE:
            assert victim.alive, victim.describe()
            return "lost an answer, went on"


def accepting(stage: Stage, cell: Cell) -> Outcome:
    """A POST that the gateway breaks off; its repetition, by another gateway, is the same job, which exists once."""
    slug, key = next(stage.films), stage.key()
    stored = cell.point == "gateway.after_commit"
    with stage.victim("gateway", cell) as victim, ThreadPoolExecutor(1) as pool:
        victim.wait_serving()
        posted = pool.submit(post, stage, victim, slug, key)
        wait_until(lambda: victim.struck, "the fault")
        if cell.mode in {Mode.RAISE, Mode.EXECUTE_THEN_RAISE}:
            told = posted.result().status_code
            became = f"told {told}"
            assert told == (500 if cell.mode is Mode.RAISE else 503)
        else:
            became = seen(victim, cell.mode)
            assert isinstance(posted.exception(), httpx.TransportError)
    assert stage.accepted(slug) == stored
    answer = driving.ask(stage.fleet, slug, key=key)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (202, stored)
    assert stage.accepted(slug) == 1
    return Outcome([Asked(str(answer.json()["job_id"]), {"slug": slug}, key)], 1, became)


def post(stage: Stage, victim: Victim, slug: str, key: str) -> httpx.Response:
    headers = {"X-API-Key": stage.fleet.key, "Idempotency-Key": key}
    body = {"entity_type": "MOVIE", "slug": slug}
    return httpx.post(f"{victim.url}/api/v1/generate", json=body, headers=headers, timeout=60)


def publishing(stage: Stage, cell: Cell) -> Outcome:
    """An event that only the victim's relay can take, because everybody else is paused; then traffic goes on, by the relays of others."""
    with ExitStack() as stack:
        with stage.others_paused():
            asked = [stage.stored(next(stage.films))]
            victim = stack.enter_context(stage.victim("gateway", cell))
            wait_until(lambda: victim.struck, "the fault")
            if cell.mode is Mode.RAISE:
                status = victim.ended()
                became = f"exit {status}"
                assert status == 1, "a gateway whose relay ended must end"
            else:
                became = seen(victim, cell.mode)
        asked.append(stage.generate(next(stage.films)))
        stage.done(asked)
    return Outcome(asked, 2, became)


def generating(stage: Stage, cell: Cell) -> Outcome:
    """A text whose worker goes wrong; another worker, or another attempt, ends the job."""
    with stage.victim("generator", cell) as victim:
        victim.wait_serving()
        asked = stage.drive(victim, lambda _: stage.generate(next(stage.films)))
        if cell == LEFT_TO_THE_LEASE:
            stage.done(asked)
            assert victim.alive, victim.describe()
            became = "hung, outlived"
        else:
            became = seen(victim, cell.mode)
            stage.done(asked)
    return Outcome(asked, len(asked) + (cell.point == COSTS_ANOTHER_CALL), became)


def translating(stage: Stage, cell: Cell) -> Outcome:
    """A translated text whose worker goes wrong with the translation, when the text that it translates is written and not yet published."""
    passes = 2 if cell.point.startswith("generator.") else 1
    with stage.victim("generator", replace(cell, passes=passes)) as victim:
        victim.wait_serving()
        asked = stage.drive(victim, lambda _: stage.generate(next(stage.films), form=Form.TAGLINE, locale=Locale.PL))
        became = seen(victim, cell.mode)
        stage.done(asked)
    assert stage.sources(asked) == len(asked)
    return Outcome(asked, 2 * len(asked) + (cell.point == COSTS_ANOTHER_CALL), became)


LEFT_TO_THE_LEASE = Cell("consumer.after_claim", Mode.HANG)
"""Nothing renews the lease here, so nobody has to kill the worker: whoever the sweep sends the event to takes the job over."""


def refreshing(stage: Stage, cell: Cell) -> Outcome:
    """A refresh whose worker goes wrong."""
    films = stage.written(2)
    with stage.victim("tmdb_sync", cell) as victim:
        victim.wait_serving()
        asked = stage.drive(victim, lambda number: stage.refresh(films[number % 2]))
        became = seen(victim, cell.mode)
        stage.done(asked)
    return Outcome(asked, 0, became)


def invalidating(stage: Stage, cell: Cell) -> Outcome:
    """New texts of films whose cached details lack them.

    While the invalidator hangs, whoever is told DONE reads the new text at once; in the other modes nobody is told, and readers get it
    because the event is delivered again.
    """
    films = stage.written(2)
    assert [len(stage.texts(slug)) for slug in films] == [1, 1]

    def ask(number: int) -> Asked:
        return stage.generate(films[number % 2], context_tag=TAGS[number // 2])

    def shown(number: int, text: str | None) -> bool:
        return text in stage.texts(films[number % 2])

    with stage.victim("cache_invalidator", cell) as victim:
        victim.wait_serving()
        asked = stage.drive(victim, ask)
        texts = stage.done(asked)
        if cell.mode is Mode.HANG:
            for number, one in enumerate(asked):
                assert driving.job(stage.fleet, one.job_id)["status"] == JobStatus.DONE
                assert shown(number, texts[number])
        became = seen(victim, cell.mode)
        for number, text in enumerate(texts):
            wait_until(partial(shown, number, text), "the new text")
    return Outcome(asked, len(asked), became)


WAYS: Mapping[str, tuple[Scenario, ...]] = MappingProxyType(
    {
        "gateway.before_insert": (accepting,),
        "gateway.before_commit": (accepting,),
        "gateway.after_commit": (accepting,),
        "relay.after_select": (publishing,),
        "relay.after_confirm": (publishing,),
        "relay.before_delete": (publishing,),
        "relay.before_commit": (publishing,),
        "consumer.after_delivery": (generating, invalidating),
        "consumer.after_claim": (generating,),
        "consumer.before_commit": (generating, translating, refreshing),
        "consumer.before_ack": (generating, invalidating),
        "generator.before_call": (generating, translating),
        "generator.after_call": (generating, translating),
        "generator.after_checkpoint": (generating, translating),
        "sync.before_call": (refreshing,),
        "sync.after_call": (refreshing,),
        "invalidator.before_delete": (invalidating,),
        "invalidator.after_delete": (invalidating,),
    }
)
"""How work comes by each point; more than one way where the point stands in more than one place."""
