"""OMDb (https://www.omdbapi.com): ratings of IMDb, Metacritic and Rotten Tomatoes by IMDb id, within a daily number of calls."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import httpx
from pydantic import SecretStr

from shared import reading
from shared.errors import Unavailable
from shared.http import Answer
from shared.provider import Provider, report_drift, transient
from shared.reading import Json
from tmdb_sync.ports import Critique, MediaType, Quota, Skipped, SkipReason

NO_KEY = Skipped(SkipReason.NO_KEY)
_MAX_BYTES = 256 * 1024
_TYPES: Mapping[MediaType, str] = MappingProxyType({MediaType.MOVIES: "movie", MediaType.SHOWS: "series"})
_LIMIT = re.compile(r"\blimit\b.*\b(?:reached|exceeded)\b", re.IGNORECASE)
_KEY = re.compile(r"\bapi key\b", re.IGNORECASE)
_UNKNOWN = re.compile(r"\bnot found\b|\bincorrect imdb id\b", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(?:%|/\s*(?:100|10))?", re.ASCII)


class OmdbCritics:
    """Implements `Critics`. Each call ends within `deadline_s`, and is taken of `quota` before it is made.

    Without a key, or with the quota spent or uncountable, nothing is asked. OMDb takes its key as a parameter: no message, cause or log
    line holds it.
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr | None,
        *,
        http: httpx.AsyncClient,
        quota: Quota,
        deadline_s: float = 10.0,
        concurrency: int = 2,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/"
        self._key = api_key.get_secret_value() if api_key else None
        self._quota = quota
        self._provider = Provider("OMDb", http, deadline_s=deadline_s, concurrency=concurrency, max_bytes=_MAX_BYTES)

    async def critique(self, media: MediaType, imdb_id: str) -> Critique | Skipped | None:
        if not self._key:
            return NO_KEY
        try:
            spent = await self._quota.take()
        except Unavailable:
            return Skipped(SkipReason.QUOTA_UNKNOWN)
        if spent is not None:
            return Skipped(SkipReason.QUOTA_SPENT, spent.renews_at)
        answer = await self._provider.get(self._url, {"apikey": self._key, "i": imdb_id, "type": _TYPES[media]})
        if answer.status not in {200, 401}:
            raise self._provider.refusal(answer)
        return await self._read(answer)

    async def _read(self, answer: Answer) -> Critique | Skipped | None:
        """OMDb tells errors in words: in answers of 200, and of 401 for the key and for its limit."""
        document = self._provider.document(answer)
        with reading.noted(document) as drift:
            said = reading.text(document, "Error") or ""
            found = _critique(document) if reading.text(document, "Response") == "True" else None
        report_drift("omdb", drift.paths)
        if found is not None:
            return found
        if _LIMIT.search(said):
            return await self._limit_reached()
        if answer.status == 401 or _KEY.search(said):
            raise Unavailable("omdb", retry_after_s=60)
        if _UNKNOWN.search(said):
            return None
        raise transient("OMDb answered with an error")

    async def _limit_reached(self) -> Skipped:
        try:
            return Skipped(SkipReason.QUOTA_SPENT, (await self._quota.refused()).renews_at)
        except Unavailable:
            return Skipped(SkipReason.QUOTA_SPENT)


def _critique(document: Json) -> Critique:
    stated = {reading.text(item, "Source"): item for item in reading.items(document, "Ratings")}
    metacritic = _whole(stated.get("Metacritic", {}), "Value", 100)
    return Critique(
        imdb_average=_number(document, "imdbRating", 10),
        imdb_votes=_whole(document, "imdbVotes", 10**9),
        metacritic=_whole(document, "Metascore", 100) if metacritic is None else metacritic,
        rotten_tomatoes=_whole(stated.get("Rotten Tomatoes", {}), "Value", 100),
    )


def _number(document: Json, name: str, most: float) -> float | None:
    """`8.7`, `83%`, `73/100`, `2,207,412`; `N/A` is none."""
    written = reading.text(document, name)
    if written is None or written.upper() == "N/A":
        return None
    found = _NUMBER.fullmatch(written.replace(",", ""))
    if found is None or float(found[1]) > most:
        reading.odd(document, name)
        return None
    return float(found[1])


def _whole(document: Json, name: str, most: int) -> int | None:
    found = _number(document, name, most)
    return None if found is None else int(found)
