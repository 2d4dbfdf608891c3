"""The clients: they ask for texts at a steady pace through every gateway, whatever happens, and write down what they see."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
from tests.faults.chaos.ledger import Ledger, Post
from tests.faults.chaos.wishes import Action, Wish, wishes

from shared import ids
from shared.clock import SystemClock
from shared.entities import KINDS, EntityKind

ANSWER_S = 5.0
IN_FLIGHT = 64
A_LIST = "sort=updated_at"
CHECKED = 0.1
"""The share of acceptances that are read back at once, through the other gateway."""


class Load:
    """Runs in a thread of its own. `paused` stops new wishes; `stored` are the entities with a text, which may be read and refreshed."""

    def __init__(self, gateways: Sequence[str], key: str, seed: int, per_s: float) -> None:
        self.ledger = Ledger()
        self.paused = False
        self.stored: Sequence[tuple[EntityKind, str]] = ()
        self._gateways = gateways
        self._key = key
        self._wishes = wishes(seed)
        self._rng = random.Random(f"chaos load {seed}")
        self._gap_s = 1 / per_s
        self._prefix = f"chaos-{seed}-{ids.job_id().hex[:8]}"
        self._recent: deque[str] = deque(maxlen=5)
        self._clients: list[httpx.AsyncClient] = []
        self._clock = SystemClock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for the answers that are still due."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    async def _run(self) -> None:
        open_: set[asyncio.Task[None]] = set()
        headers = {"X-API-Key": self._key}
        async with AsyncExitStack() as stack:
            for url in self._gateways:
                client = httpx.AsyncClient(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False)
                self._clients.append(await stack.enter_async_context(client))
            due = self._clock.monotonic()
            for wish in self._wishes:
                while not self._stop.is_set() and (self.paused or len(open_) >= IN_FLIGHT):
                    await self._clock.sleep(0.05)
                if self._stop.is_set():
                    break
                task = asyncio.create_task(self._fulfil(wish))
                open_.add(task)
                task.add_done_callback(open_.discard)
                due += self._gap_s
                # what an outage held up is made up for at twice the pace
                await self._clock.sleep(max(due - self._clock.monotonic(), self._gap_s / 2))
            await asyncio.gather(*open_)

    async def _fulfil(self, wish: Wish) -> None:
        match wish.action:
            case Action.GENERATE | Action.REPEAT | Action.FORCE:
                await self._post("/api/v1/generate", wish.text.body(force=wish.action is Action.FORCE))
            case Action.CANCEL if self._recent:
                await self._cancel(self._recent[-1])
            case Action.REFRESH if self.stored:
                await self._post(f"{self._stored_path()}/refresh", None)
            case Action.READ if self.stored:
                path = self._stored_path()
                await self._read(path)
                await self._read(f"{path.rpartition('/')[0]}?{A_LIST}")
            case _:
                pass

    async def _post(self, path: str, body: Mapping[str, Any] | None) -> None:
        post = Post(f"{self._prefix}-{len(self.ledger.posts)}", path, body)
        self.ledger.posts.append(post)
        gateway = self._rng.randrange(len(self._clients))
        await send(self._clients[gateway], post, self.ledger)
        self._recent.extend(post.job_ids)
        if post.acknowledged and self._rng.random() < CHECKED:
            await self._read_back(self._clients[gateway - 1], post.job_ids[0])

    async def _read_back(self, client: httpx.AsyncClient, job_id: str) -> None:
        answer = await self._asked(client, "GET", f"/api/v1/jobs/{job_id}")
        if answer is not None and answer.status_code == 404:
            self.ledger.broken.append(f"job {job_id} was accepted, and then unknown to the other gateway")

    async def _cancel(self, job_id: str) -> None:
        self.ledger.cancelled.add(job_id)
        await self._asked(self._rng.choice(self._clients), "POST", f"/api/v1/jobs/{job_id}/cancel")

    async def _read(self, path: str) -> None:
        answer = await self._asked(self._rng.choice(self._clients), "GET", path)
        if answer is not None and answer.status_code not in {200, 503}:
            self.ledger.broken.append(f"{path} has a text, and its read was {answer.status_code}")

    async def _asked(self, client: httpx.AsyncClient, method: str, path: str) -> httpx.Response | None:
        try:
            answer = await client.request(method, path)
        except httpx.HTTPError as error:
            self.ledger.others[f"{method} {type(error).__name__}"] += 1
            return None
        self.ledger.others[f"{method} {answer.status_code}"] += 1
        judge(answer, self.ledger)
        return answer

    def _stored_path(self) -> str:
        kind, slug = self._rng.choice(self.stored)
        return f"/api/v1/{KINDS[kind].path}/{slug}"


async def send(client: httpx.AsyncClient, post: Post, ledger: Ledger) -> bool:
    """Send `post` and write down the answer; whether it was said to be a repetition."""
    headers = {"Idempotency-Key": post.key, "Prefer": "respond-async"}
    try:
        answer = await client.post(post.path, json=post.body, headers=headers)
    except httpx.HTTPError as error:
        post.error = type(error).__name__
        return False
    judge(answer, ledger)
    if answer.is_success:
        post.job_ids = (str(answer.json()["job_id"]),)
    post.status = answer.status_code
    return answer.headers.get("Idempotent-Replayed") == "true"


def judge(answer: httpx.Response, ledger: Ledger) -> None:
    """What no answer may be, whatever is down: an error of another kind than 503, or one in another shape than a problem."""
    sent, problem = answer.request, answer.headers.get("Content-Type", "").startswith("application/problem+json")
    if answer.status_code >= 400 and (not problem or answer.status_code in {500, 502, 504}):
        what = answer.text[:200] if problem else "no problem document"
        ledger.broken.append(f"{sent.method} {sent.url.path} was {answer.status_code}: {what}")
