import asyncio
import json
from typing import Any

import httpx
from tests.integration.gateway.world import MATRIX, World, eventually, listening, settings_for

from gateway.config import GatewaySettings
from gateway.parts import Running
from shared.db.engine import Database
from shared.jobs import JobStatus


async def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Every event until the server closes: its id, its name and its data."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name in {"id", "event"}:
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and "data" in event:
            found.append(event)
            event = {}
    return found


async def follow(world: World, job_id: object, **headers: str) -> list[dict[str, Any]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with world.client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=sent) as response:
        assert response.status_code == 200
        return await events_of(response)


async def test_stored_then_live_transitions_and_the_end(live: World) -> None:
    job_id = await live.accepted()

    async with live.client.stream("GET", f"/api/v1/jobs/{job_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
        await live.finish(job_id)
        found = await events_of(response)

    assert [event["id"] for event in found] == ["1", "2", "3"]
    assert [event["event"] for event in found] == ["pending", "processing", "done"]
    assert {event["data"]["job_id"] for event in found} == {str(job_id)}
    assert "job" not in found[0]["data"]
    assert found[-1]["data"]["job"] == (await live.job(job_id)).json()


async def test_the_stream_begins_with_the_reconnection_time(live: World) -> None:
    job_id = await live.accepted()
    await live.cancel(job_id)

    text = (await live.client.get(f"/api/v1/jobs/{job_id}/events")).text

    assert text.startswith("retry: 2000\n\nid: 1\nevent: pending\ndata: {")
    assert text.endswith("}\n\n")


async def test_a_stream_resumes_after_the_last_event(live: World) -> None:
    job_id = await live.accepted()
    await live.finish(job_id)

    by_header = await follow(live, job_id, last_event_id="2")
    async with live.client.stream("GET", f"/api/v1/jobs/{job_id}/events?last_event_id=1") as response:
        by_parameter = await events_of(response)

    assert [event["id"] for event in by_header] == ["3"]
    assert [event["id"] for event in by_parameter] == ["2", "3"]


async def test_nothing_is_left_to_send_after_the_last_event(live: World) -> None:
    job_id = await live.accepted()
    await live.cancel(job_id)

    seen = await live.client.get(f"/api/v1/jobs/{job_id}/events", headers={"last-event-id": "2"})
    wrong = await live.client.get(f"/api/v1/jobs/{job_id}/events?last_event_id=-1")
    empty = await live.client.get(f"/api/v1/jobs/{job_id}/events?last_event_id=")

    assert (seen.status_code, seen.content) == (204, b"")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["last_event_id"])
    assert empty.status_code == 200


async def test_a_retry_keeps_its_time_in_the_stream(live: World) -> None:
    job_id = await live.accepted()
    await live.start(job_id)
    await live.move(job_id, JobStatus.RETRYING)
    await live.cancel(job_id)

    found = await follow(live, job_id)

    assert [event["event"] for event in found] == ["pending", "processing", "retrying", "cancelled"]
    assert "next_attempt_at" in found[2]["data"]
    assert "next_attempt_at" not in found[3]["data"]


async def test_too_many_streams_are_refused(database_url: str, redis_url: str, database: Database) -> None:
    async with listening(settings_for(database_url, redis_url, max_streams=1), database) as (world, _):
        job_id = await world.accepted()
        path = f"/api/v1/jobs/{job_id}/events"
        async with world.client.stream("GET", path) as first:
            chunks = first.aiter_bytes()
            await anext(chunks)
            refused = await world.client.get(path)

        async def room_again() -> bool:
            async with world.client.stream("GET", path) as again:
                return again.status_code == 200

        await eventually(room_again, within_s=2)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"] == "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


async def test_head_of_a_stream_ends_at_once(live: World) -> None:
    job_id = await live.accepted()

    response = await live.client.head(f"/api/v1/jobs/{job_id}/events")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"].startswith("text/event-stream")


async def test_f16_a_waiter_is_freed_within_a_second_of_the_disconnect(live: World) -> None:
    job_id = await live.accepted()
    running: Running = live.app.state.running

    async def watched() -> bool:
        return running.completions.watching == 1

    async def freed() -> bool:
        return running.completions.watching == 0

    waiting = asyncio.create_task(live.job(job_id, prefer="wait=30"))
    await eventually(watched)
    waiting.cancel()
    await eventually(freed, within_s=1)

    following = asyncio.create_task(follow(live, job_id))
    await eventually(watched)
    following.cancel()
    await eventually(freed, within_s=1)

    assert (await live.job(job_id)).json()["status"] == "PENDING"


async def test_f18_draining_ends_waits_and_streams_with_what_they_have(
    settings: GatewaySettings, database: Database
) -> None:
    async with listening(settings, database) as (world, server):
        job_id = await world.accepted()
        running: Running = world.app.state.running
        waiting = asyncio.create_task(world.post(MATRIX, prefer="wait=30"))
        following = asyncio.create_task(follow(world, job_id))

        async def both_wait() -> bool:
            return running.completions.waiters == 2

        await eventually(both_wait)
        server.should_exit = True
        running.drain()
        async with asyncio.timeout(3):
            waited, followed = await waiting, await following

    assert (waited.status_code, waited.json()["job_id"]) == (202, str(job_id))
    assert [event["event"] for event in followed] == ["pending"]
