"""Addresses of TMDb's images (https://developer.themoviedb.org/docs/image-basics)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from shared import reading
from shared.clock import Clock
from shared.errors import MovieMindError
from shared.reading import Json
from shared.tmdb.client import TmdbClient
from shared.tmdb.memory import Memory

Use = Literal["poster", "backdrop", "profile", "logo"]

KEPT_S = 86_400.0
RETRY_S = 300.0
"""How long the usual configuration serves when TMDb's cannot be had."""
_BASE_URL = "https://image.tmdb.org/t/p/"
_WIDTHS: Mapping[Use, int] = MappingProxyType({"poster": 500, "backdrop": 1280, "profile": 185, "logo": 92})
_FILE = re.compile(r"/[\w-]+\.(?:jpg|jpeg|png|svg|webp)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageUrls:
    """Where images are, and the name of the size for each use."""

    base_url: str
    sizes: Mapping[Use, str]

    def url(self, use: Use, path: str | None) -> str | None:
        """The address of the file that a document names, None when it names none or something that is no file."""
        return f"{self.base_url}{self.sizes[use]}{path}" if path and _FILE.fullmatch(path) else None


USUAL = ImageUrls(_BASE_URL, MappingProxyType({use: f"w{width}" for use, width in _WIDTHS.items()}))


class TmdbImages:
    """TMDb's configuration of images, asked for once a day. While it cannot be had, what it has been for years serves."""

    def __init__(self, client: TmdbClient, clock: Clock) -> None:
        self._client = client
        self._memory = Memory[ImageUrls](
            clock, lasting_s=lambda urls: RETRY_S if urls is USUAL else KEPT_S, max_entries=1
        )

    async def urls(self) -> ImageUrls:
        """Never fails."""
        return await self._memory("configuration", self._ask)

    async def _ask(self) -> ImageUrls:
        try:
            return _configured(reading.member(await self._client.configuration(), "images"))
        except MovieMindError:
            return USUAL


def _configured(images: Json) -> ImageUrls:
    base_url = reading.text(images, "secure_base_url")
    if base_url is None or not base_url.startswith("https://"):
        return USUAL
    sizes: dict[Use, str] = {use: _size(images, use, width) for use, width in _WIDTHS.items()}
    return ImageUrls(f"{base_url.rstrip('/')}/", MappingProxyType(sizes))


def _size(images: Json, use: Use, width: int) -> str:
    """The smallest size on offer that is no narrower than wanted, else the widest there is."""
    offered = [int(size[1:]) for size in reading.texts(images, f"{use}_sizes") if re.fullmatch(r"w\d{1,4}", size)]
    if not offered:
        return f"w{width}"
    return f"w{min((one for one in offered if one >= width), default=max(offered))}"
