"""The welcome and the published contract."""

from collections.abc import Callable
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

from gateway.http.documentation import Success, answer
from gateway.http.links import API, Links
from gateway.http.schemas import Shape

_CACHED = {"Cache-Control": "public, max-age=300"}
OPENAPI_PATH = "/api/docs/openapi.yaml"


ASSETS_PATH = "/api/docs/assets"
"""Swagger's scripts, served from here so that the page works without a network; they come with the package fastapi-offline."""


class Resource(Shape):
    url: str
    description: str


class Documentation(Shape):
    openapi: str
    swagger_ui: str


class Welcome(Shape):
    message: str
    status: Literal["ok"]
    version: str
    api: str
    resources: dict[str, Resource]
    documentation: Documentation


def assets() -> StaticFiles:
    """What `ASSETS_PATH` serves."""
    return StaticFiles(packages=[("fastapi_offline", "static")])


def router(*, links: Links, version: str, document: Callable[[], dict[str, Any]]) -> APIRouter:
    router = APIRouter(tags=["Welcome"])

    @router.get(API, include_in_schema=False)
    @router.get(
        "/", responses={200: answer(Success("What is here", Welcome, {"Cache-Control": "`public, max-age=300`"}))}
    )
    async def welcome() -> Response:
        """What is here."""
        resources = {
            "generate": ("/api/v1/generate", "POST: ask for a text"),
            "movies": ("/api/v1/movies", "Movies and their descriptions"),
            "people": ("/api/v1/people", "People and their biographies"),
            "tv_series": ("/api/v1/tv-series", "TV series and their descriptions"),
            "tv_shows": ("/api/v1/tv-shows", "TV shows and their descriptions"),
            "health": ("/health/ready", "Whether this instance can serve"),
        }
        body = {
            "message": "Welcome to MovieMind",
            "status": "ok",
            "version": version,
            "api": links.path(API),
            "resources": {
                name: {"url": links.path(path), "description": description}
                for name, (path, description) in resources.items()
            },
            "documentation": {"openapi": links.path(OPENAPI_PATH), "swagger_ui": links.path("/api/doc")},
        }
        return Response(orjson.dumps(body), headers=_CACHED, media_type="application/json")

    @router.get("/api/doc", include_in_schema=False)
    async def swagger_ui() -> Response:
        """The contract to read and try."""
        page = get_swagger_ui_html(
            openapi_url=OPENAPI_PATH,
            title="MovieMind API",
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_PATH}/favicon.png",
        )
        page.headers.update(_CACHED)
        return page

    @router.get(OPENAPI_PATH, include_in_schema=False)
    async def openapi_yaml() -> Response:
        """The contract in JSON, which is YAML 1.2 too."""
        return Response(
            orjson.dumps(document(), option=orjson.OPT_INDENT_2), headers=_CACHED, media_type="application/yaml"
        )

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> Response:
        return Response(orjson.dumps(document()), headers=_CACHED, media_type="application/json")

    return router
