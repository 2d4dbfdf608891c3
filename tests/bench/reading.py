"""(r) Reading from libraries of growing size: every kind of question, asked one after the other, cold and from the cache."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

import httpx
from redis import Redis
from tests.bench import catalogue
from tests.bench.load import percentile
from tests.bench.report import Tally
from tests.bench.scale import Scale
from tests.bench.seeding import make_key
from tests.bench.servers import Ground, rows
from tests.bench.subjects import gateway, running

from moviemind.console import err

SEED = 7
COLUMNS = ("QUESTION", "ENTITIES", "P50 ms", "P99 ms", "CACHED P50 ms", "304 P50 ms", "P50 AGAINST THE SMALLEST")
_FILMS = """
SELECT slug, title, year FROM entities
WHERE kind = 'MOVIE' AND default_text_id IS NOT NULL AND year IS NOT NULL AND title ~ '[A-Za-z]{5}'
ORDER BY md5(slug) LIMIT %s
"""
_ACTORS = "SELECT title FROM entities WHERE kind = 'PERSON' ORDER BY md5(slug) LIMIT %s"


@dataclass(frozen=True, slots=True)
class Film:
    slug: str
    title: str
    year: int

    @property
    def word(self) -> str:
        """The longest word of the title."""
        return max(self.title.split(), key=len)

    @property
    def mistaken(self) -> str:
        """That word with two neighbours swapped."""
        word = self.word
        return word[:2] + word[3] + word[2] + word[4:]


Question = Callable[[Film, str], str]


def _list(**parameters: object) -> str:
    return f"/api/v1/movies?{urlencode(parameters)}"


def _search(**parameters: object) -> str:
    return f"/api/v1/movies/search?{urlencode({'source': 'local', **parameters})}"


QUESTIONS: Mapping[str, Question] = {
    "detail": lambda film, _: f"/api/v1/movies/{film.slug}",
    "list, words and a year": lambda film, _: _list(year=film.year, per_page=20, q=film.word[:4]),
    "list, newest of a genre": lambda film, _: _list(genre="drama", year_from=film.year, per_page=20),
    "search, whole title": lambda film, _: _search(q=film.title),
    "search, one word": lambda film, _: _search(q=film.word),
    "search, beginning of a word": lambda film, _: _search(q=film.word[:3]),
    "search, typing mistake": lambda film, _: _search(q=film.mistaken),
    "search, an actor": lambda _, actor: _search(actor=actor),
    "search, genre and years": lambda film, _: _search(genre="drama", year_from=film.year, year_to=film.year + 5),
    "search, everything with facets": lambda film, _: _search(year_from=1900 + film.year % 60, page=1),
    "related": lambda film, _: f"/api/v1/movies/{film.slug}/related",
}


def measure(ground: Ground, scale: Scale) -> list[Tally]:
    found = {size: _of_size(ground, size, scale.questions) for size in scale.catalogues}
    smallest = found[scale.catalogues[0]]
    table = [
        (
            question,
            f"{size:,}",
            *(f"{value:.1f}" for value in times),
            f"{times[0] / smallest[question][0]:.1f}",
        )
        for question in QUESTIONS
        for size, measured in found.items()
        for times in [measured[question]]
    ]
    notes = (f"{scale.questions} different questions of each kind, one client, nothing else running; first asked cold",)
    return [Tally("r reading from growing libraries", COLUMNS, table, notes)]


def _of_size(ground: Ground, size: int, questions: int) -> dict[str, tuple[float, float, float, float]]:
    Redis.from_url(ground.redis.url).flushdb()  # answers about the library before this one
    with ground.migrated() as database_url:
        asyncio.run(catalogue.load(database_url, size))
        films = [Film(*row) for row in rows(database_url, _FILMS, questions)]
        actors = [str(row[0]) for row in rows(database_url, _ACTORS, questions)]
        api, port = gateway(ground, database_url)
        headers = {"X-API-Key": make_key(database_url)}
        with running(api), httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            measured: dict[str, tuple[float, float, float, float]] = {}
            for name, question in QUESTIONS.items():
                asked = list(dict.fromkeys(question(film, actor) for film, actor in zip(films, actors, strict=False)))
                measured[name] = _ask(client, asked)
                err.print(f"  r  {size:,} entities  {name}: p50 {measured[name][0]:.1f} ms", markup=False)
            return measured


def _ask(client: httpx.Client, asked: Sequence[str]) -> tuple[float, float, float, float]:
    """p50 and p99 of questions asked for the first time, p50 of the same from the cache, and p50 of 304, in milliseconds."""
    Random(SEED).shuffle(shuffled := list(asked))
    cold, tags = _times(client, shuffled)
    cached, _ = _times(client, shuffled)
    unchanged, _ = _times(client, shuffled, tags)
    return percentile(cold, 0.5), percentile(cold, 0.99), percentile(cached, 0.5), percentile(unchanged, 0.5)


def _times(
    client: httpx.Client, asked: Sequence[str], known: Mapping[str, str] | None = None
) -> tuple[list[float], dict[str, str]]:
    """Sorted latencies, and the entity tag of each answer. With `known` tags every answer must be 304."""
    latencies, tags = list[float](), dict[str, str]()
    for question in asked:
        headers = {"If-None-Match": known[question]} if known else {}
        began = time.perf_counter()
        answer = client.get(question, headers=headers)
        latencies.append((time.perf_counter() - began) * 1000)
        if answer.status_code != (304 if known else 200):
            raise RuntimeError(f"{question}: {answer.status_code} {answer.text[:300]}")
        tags[question] = answer.headers["etag"]
    return sorted(latencies), tags
