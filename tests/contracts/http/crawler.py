"""Follows the links of a running gateway, and compares every answer with the contract."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from tests.contracts.http.contract import Contract
from tests.contracts.http.links import Link, links_of, media_type

_START = "the start"
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class Crawl:
    """`broken` has a line for each link that leads to anything but what the contract states; `reached` counts by operation."""

    http: httpx.Client
    contract: Contract
    at_most: int
    broken: list[str] = field(default_factory=list[str])
    reached: Counter[str] = field(default_factory=Counter[str])
    _waiting: deque[Link] = field(default_factory=deque[Link])
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def run(self, start: Sequence[str]) -> None:
        """Breadth first, in the order in which links appear, until there is nothing new or `at_most` are followed."""
        for path in start:
            self._add(Link("GET", str(self.http.base_url.join(path)), _START))
        while self._waiting and self.reached.total() < self.at_most:
            link = self._waiting.popleft()
            answer = self._follow(link)
            wrong = "; ".join(self._judge(link, answer))
            if wrong:
                self.broken.append(f"{link.method} {link.url}, {link.found}: {answer.status_code}, {wrong}")
            if not answer.is_stream_consumed:
                continue
            for more in links_of(answer):
                self._add(more)

    def _add(self, link: Link) -> None:
        """A link without a method is a GET where the contract has one."""
        methods = self.contract.methods(httpx.URL(link.url).path)
        if link.method == "GET" and methods and "GET" not in methods:
            link = Link(min(methods), link.url, link.found)
        if (link.method, link.url) not in self._seen:
            self._seen.add((link.method, link.url))
            self._waiting.append(link)

    def _follow(self, link: Link) -> httpx.Response:
        """The answer, of a stream its head only. What would change something is asked whether it would be taken."""
        with self.http.stream(link.method if link.method in _SAFE else "OPTIONS", link.url) as answer:
            if media_type(answer) != "text/event-stream":
                answer.read()
        return answer

    def _judge(self, link: Link, answer: httpx.Response) -> list[str]:
        path = httpx.URL(link.url).path
        methods = self.contract.methods(path)
        self.reached[methods.get(link.method, {}).get("operationId", path)] += 1
        if link.method not in _SAFE:
            routed = link.method in methods and link.method in answer.headers.get("allow", "").split(", ")
            return [] if routed else ["no such operation"]
        if not methods:  # pages for people and tools; they are no part of the contract
            return [] if answer.is_success else ["a broken page"]
        failed = answer.is_error and link.found != _START
        return [*(["an error"] if failed else []), *self.contract.deviations(answer)]
