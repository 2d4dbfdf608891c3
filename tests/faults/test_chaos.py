"""The short form of `./moviemind chaos`: every script once with each termination that makes sense, on servers and a fleet of our own."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.faults.chaos.arena import Arena, arena, private_servers
from tests.faults.chaos.ledger import Ledger, Post
from tests.faults.chaos.load import Load
from tests.faults.chaos.plan import INSTANCES, TERMINATIONS, Script, Step, Termination, plan, step_of
from tests.faults.chaos.run import Run
from tests.faults.chaos.verdict import judge
from tests.faults.chaos.witness import Heard

from moviemind.commands.chaos import SCRIPTS
from shared import ids

PER_S = 5.0
BACKLOG = 30
ONE_OF_EACH = tuple((names[0],) for names in INSTANCES.values())
"""Who is terminated here; the long form takes every instance."""

pytestmark = [pytest.mark.rabbit, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def system() -> Iterator[Arena]:
    with private_servers() as private, arena(private) as made:
        yield made


def hurried(script: Script, termination: Termination | None, groups: tuple[tuple[str, ...], ...] = ()) -> Step:
    step = step_of(random.Random(f"{script} {termination}"), script, termination, hurried=True)
    return replace(step, groups=groups) if groups else step


def survive(system: Arena, step: Step) -> Run:
    """Do one step under load; everything holds afterwards."""
    load = Load(system.gateways, system.fleet.key, seed=ids.job_id().int % 1_000_000, per_s=PER_S)
    run = Run(system, load, look=lambda _: None, say=print, backlog=BACKLOG)

    verdict = run([step], duration_s=1.0)

    assert verdict.findings == []
    assert verdict.ok == verdict.acknowledged > 0
    assert (verdict.lost, verdict.duplicated, verdict.unexpected) == (0, 0, 0)
    assert run.done == [step]
    return run


def of(script: Script) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("termination", TERMINATIONS[script])


def test_chaos_simple_and_the_judge_sees_what_was_lost_doubled_or_not_asked_for(system: Arena) -> None:
    evidence = survive(system, hurried(Script.SIMPLE, None)).evidence
    assert evidence is not None
    posts, [some, *_] = evidence.ledger.posts, sorted(evidence.heard.outcomes)

    never_stored = Post("chaos-never-stored", "/api/v1/generate", None, 202, (str(ids.job_id()),))
    lost = judge(replace(evidence, ledger=replace(evidence.ledger, posts=[*posts, never_stored])))
    unheard = judge(replace(evidence, heard=Heard()))
    doubled = judge(
        replace(evidence, heard=replace(evidence.heard, outcomes={**evidence.heard.outcomes, some: {"a", "b"}}))
    )
    nobodys = judge(replace(evidence, ledger=Ledger(), repetitions=[]))
    called = judge(replace(evidence, sandbox=[{"client_request_id": "x", "title": "Jaws", "fault": None}]))

    assert (lost.lost, lost.ok) == (1, lost.acknowledged - 1)
    assert unheard.lost == 2 * sum(unheard.jobs.values())
    assert doubled.duplicated == 1
    assert nobodys.unexpected >= sum(nobodys.jobs.values())
    assert called.unexpected == 1


@of(Script.RECEIVER_STARTS_LATER)
def test_chaos_receiver_starts_later(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.RECEIVER_STARTS_LATER, termination))


@of(Script.GRACEFUL_SHUTDOWN)
def test_chaos_graceful_shutdown(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.GRACEFUL_SHUTDOWN, termination, (INSTANCES["generator"],)))


@of(Script.ROLLING_RESTART)
def test_chaos_rolling_restart(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.ROLLING_RESTART, termination, ONE_OF_EACH))


@of(Script.KILL_ONE)
def test_chaos_kill_one(system: Arena, termination: Termination) -> None:
    groups = ONE_OF_EACH[:2] if termination is Termination.KILL else (("generator-1",),)

    survive(system, hurried(Script.KILL_ONE, termination, groups))


@of(Script.BROKER_RESTART)
def test_chaos_broker_restart(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.BROKER_RESTART, termination))


@of(Script.STORE_RESTART)
def test_chaos_store_restart(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.STORE_RESTART, termination))


@of(Script.REDIS_RESTART)
def test_chaos_redis_restart(system: Arena, termination: Termination) -> None:
    survive(system, hurried(Script.REDIS_RESTART, termination))


def test_the_same_seed_plans_the_same_steps_and_every_script_comes_once_before_any_comes_again() -> None:
    first = plan(11, 600.0)

    assert plan(11, 600.0) == first
    assert plan(12, 600.0) != first
    assert {step.script for step in first[: len(Script)]} == set(Script)
    assert {step.script for step in plan(11, 600.0, Script.KILL_ONE)} == {Script.KILL_ONE}
    assert all(step.termination in TERMINATIONS[step.script] or step.script is Script.SIMPLE for step in first)


def test_the_command_line_knows_every_script() -> None:
    assert tuple(Script) == SCRIPTS
