"""What a search found, on the wire: one rendering for all four kinds, whose member names are data."""

from datetime import date
from typing import Any

from gateway.http import lists
from gateway.http.problems import Problem
from gateway.http.resources import representation
from gateway.http.search_queries import cursor_of
from gateway.read_ports import Representation
from gateway.search_ports import Hit
from gateway.usecases.search_results import ExternalHit, Question, Results
from shared.entities import KINDS, EntityKind

LONGEST_OVERVIEW = 200
_ELLIPSIS = "…"


def render(asked: Question, found: Results) -> Representation:
    """One page; equal pages have equal tags, and no member tells the catalogue's id."""
    document: dict[str, Any] = {
        "results": [_item(asked.wanted.kind, one) for one in found.shown],
        "total": found.total,
        "local_count": found.local_count,
        "external_count": found.external_count,
        "match_type": found.match_type,
        "confidence": found.confidence,
        "external_status": found.external_status,
    }
    if asked.start is not None:
        document["pagination"] = {
            "page": asked.page,
            **lists.pagination(asked.page, asked.per_page, found.total),
            "has_next_page": found.following is not None,
            "next_cursor": cursor_of(found.following) if found.following else None,
        }
    document["facets"] = {
        name: [{"value": value, "count": count} for value, count in values] for name, values in found.facets.items()
    }
    return representation(asked.wanted.kind, document)


def no_results(kind: EntityKind, text: str) -> Problem:
    """404: nothing is called `text`."""
    nothing: dict[str, Any] = {
        "results": [],
        "total": 0,
        "local_count": 0,
        "external_count": 0,
        "match_type": "none",
        "confidence": 0,
    }
    return Problem("no-results", kind=kind, values={"q": text}, members=nothing)


def shortened(text: str | None) -> str | None:
    """At most 200 characters, cut between words where there are any, with `…` for what was cut."""
    if text is None or len(text) <= LONGEST_OVERVIEW:
        return text
    cut = text[: LONGEST_OVERVIEW - 1]
    inside_a_word = not cut[-1].isspace() and not text[len(cut)].isspace()
    if inside_a_word and len(cut.split()) > 1:
        cut = cut.rsplit(maxsplit=1)[0]
    return cut.rstrip() + _ELLIPSIS


def _item(kind: EntityKind, one: Hit | ExternalHit) -> dict[str, Any]:
    if isinstance(one, Hit):
        return {
            "source": "local",
            "entity_type": kind,
            "slug": one.slug,
            **_facts(kind, one, one.first_air_date),
            **_more(kind, one.director, one.birthplace),
            f"has_{KINDS[kind].text}": one.has_text,
            "overview": shortened(one.overview),
        }
    overview = shortened(one.candidate.overview)
    return {
        "source": "external",
        "entity_type": kind,
        **_facts(kind, one, one.candidate.first_air_date),
        **_more(kind, None, None),
        "overview": overview,
        **({"biography": overview} if kind is EntityKind.PERSON else {}),
        "needs_creation": True,
        "suggested_slug": one.slug,
    }


def _facts(kind: EntityKind, one: Hit | ExternalHit, first_air_date: date | None) -> dict[str, Any]:
    names = KINDS[kind]
    dated = {"first_air_date": first_air_date} if kind in {EntityKind.TV_SERIES, EntityKind.TV_SHOW} else {}
    return {names.title: one.title, **dated, names.year: one.year}


def _more(kind: EntityKind, director: str | None, birthplace: str | None) -> dict[str, Any]:
    match kind:
        case EntityKind.MOVIE:
            return {"director": director}
        case EntityKind.PERSON:
            return {"birthplace": birthplace}
        case EntityKind.TV_SERIES | EntityKind.TV_SHOW:
            return {}
