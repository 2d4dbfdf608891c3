import asyncio

from tests.integration.generator.harness import Generator
from tests.support.jobs import store_generation
from tests.support.sandbox import Sandbox

from shared.entities import ContextTag, EntityKind, Form, Locale
from shared.jobs import Identity, JobStatus


async def test_f46_an_older_job_that_finishes_late_does_not_replace_the_newer_text(
    generator: Generator, sandbox: Sandbox
) -> None:
    await generator.finish(await store_generation(generator.database, "the-matrix-1999", tag=ContextTag.MODERN))
    held = await sandbox.fault("hold", times=1)
    older = await store_generation(generator.database, "the-matrix-1999")
    newer = await store_generation(generator.database, "the-matrix-1999", tag=ContextTag.DEFAULT)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(generator.deliver(older))
        await sandbox.until_open(2)
        new_row = await generator.finish(newer)
        version = (await generator.entity("the-matrix-1999"))["version"]
        await sandbox.heal(held)

    old_row = await generator.job(older)
    assert old_row["status"] == new_row["status"] == "DONE"
    assert old_row["result"]["text_id"] == new_row["result"]["text_id"]
    assert (old_row["result"]["became_default"], old_row["result"]["entity_version"]) == (False, version)
    assert (await generator.entity("the-matrix-1999"))["version"] == version
    late = next(text for text in await generator.texts() if text["job_id"] == older.id)
    assert late["archived_at"] is not None
    assert late["version"] == 2


async def test_two_spellings_of_one_film_cost_one_call(generator: Generator, sandbox: Sandbox) -> None:
    held = await sandbox.fault("hold", times=1)
    canonical = await store_generation(generator.database, "the-matrix-1999", locale=Locale.PL)
    other = await store_generation(generator.database, "the-matrix", locale=Locale.PL)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(generator.deliver(canonical))
        await sandbox.until_open(1)
        await generator.deliver(other)
        waiting = await generator.job(other)
        await sandbox.heal(held)
    row = await generator.finish(other)

    assert (waiting["status"], waiting["attempt"], waiting["slug"]) == ("RETRYING", 0, "the-matrix")
    assert row["status"] == "DONE", row["error"]
    assert (row["slug"], row["requested_slug"], row["attempt"]) == ("the-matrix-1999", "the-matrix", 1)
    assert row["result"]["text_id"] == (await generator.job(canonical))["result"]["text_id"]
    assert len(await sandbox.calls()) == len(await generator.texts()) == 1
    assert len(await generator.calls_of(other)) == 0


async def test_another_spelling_that_comes_first_takes_the_canonical_identity(
    generator: Generator, sandbox: Sandbox
) -> None:
    held = await sandbox.fault("hold", times=1)
    spelled = await store_generation(generator.database, "the-matrix")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(generator.deliver(spelled))
        await sandbox.until_open(1)
        row = await generator.job(spelled)
        await sandbox.heal(held)

    identity = Identity(EntityKind.MOVIE, "the-matrix-1999", Form.DESCRIPTION, Locale.EN, None)
    assert (row["slug"], row["dedupe_key"]) == ("the-matrix-1999", identity.dedupe_key)
    assert (await generator.job(spelled))["status"] == "DONE"


async def test_f47_a_cancelled_job_publishes_nothing(generator: Generator, sandbox: Sandbox) -> None:
    held = await sandbox.fault("hold", times=1)
    job = await store_generation(generator.database, "the-matrix-1999")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(generator.deliver(job))
        await sandbox.until_open(1)
        await generator.end(job, JobStatus.CANCELLED)
        await sandbox.heal(held)

    row = await generator.job(job)
    assert (row["status"], row["result"]) == ("CANCELLED", None)
    assert await generator.texts() == []
    assert generator.acked == [job.id]


async def test_a_superseded_job_publishes_nothing_and_its_successor_does(
    generator: Generator, sandbox: Sandbox
) -> None:
    held = await sandbox.fault("hold", times=1)
    old = await store_generation(generator.database, "the-matrix-1999")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(generator.deliver(old))
        await sandbox.until_open(1)
        await generator.end(old, JobStatus.CANCELLED)
        new = await store_generation(generator.database, "the-matrix-1999")
        row = await generator.finish(new)
        await sandbox.heal(held)

    (text,) = await generator.texts()
    assert (row["status"], text["job_id"]) == ("DONE", new.id)
    assert (await generator.job(old))["result"] is None


async def test_a_repeated_delivery_of_a_finished_job_changes_nothing(generator: Generator, sandbox: Sandbox) -> None:
    job = await store_generation(generator.database)
    row = await generator.finish(job)

    await generator.deliver(job)

    assert await generator.job(job) == row
    assert len(await generator.texts()) == len(await sandbox.calls()) == 1


async def test_an_attempt_that_is_interrupted_in_its_call_is_counted_and_handed_back(
    generator: Generator, sandbox: Sandbox
) -> None:
    held = await sandbox.fault("hold", times=1)
    job = await store_generation(generator.database)
    delivery = asyncio.create_task(generator.deliver(job))
    await sandbox.until_open(1)

    await generator.consumer.drain(0.0)
    await asyncio.gather(delivery, return_exceptions=True)

    waiting = await generator.job(job)
    await sandbox.heal(held)
    row = await generator.finish(job)
    assert (waiting["status"], waiting["attempt"]) == ("RETRYING", 1)
    assert (row["status"], row["attempt"]) == ("DONE", 2)
    assert [call["outcome"] for call in await generator.calls_of(job)] == ["unknown", "ok"]
