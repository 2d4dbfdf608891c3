"""What may be asked of related entities, collections and comparisons."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from starlette.datastructures import QueryParams

from gateway.http.problems import Problem, invalid
from gateway.http.queries import Query
from gateway.related_ports import DEFAULT_RELATED, MAX_RELATED, PeopleType, PeopleWanted, Relation, TitlesWanted
from shared import slugs
from shared.entities import EntityKind, Role

TITLE_TYPES: Mapping[str, tuple[Relation, ...]] = MappingProxyType(
    {
        "all": tuple(Relation),
        "collection": tuple(relation for relation in Relation if relation is not Relation.SIMILAR),
        **{relation.lower(): (relation,) for relation in Relation},
    }
)
"""The values of `type` for titles, and what each shows."""
PEOPLE_TYPES: Mapping[str, PeopleType] = MappingProxyType({name: name for name in get_args(PeopleType)})


def related(kind: EntityKind, parameters: QueryParams) -> TitlesWanted | PeopleWanted:
    """Raises `invalid-request` naming every wrong parameter."""
    query = Query(parameters)
    wanted = _people(query) if kind is EntityKind.PERSON else _titles(query)
    query.check()
    return wanted


def compared(parameters: QueryParams) -> tuple[str, str]:
    """Both slugs as sent. Raises `invalid-request` naming what is missing."""
    query = Query(parameters)
    sent = [query.one(name) for name in ("slug1", "slug2")]
    for name, slug in zip(("slug1", "slug2"), sent, strict=True):
        if slug is None:
            query.wrong(name, "Required.")
    query.check()
    return sent[0] or "", sent[1] or ""


def same_entity() -> Problem:
    """Both slugs of a comparison name one entity."""
    return invalid({"slug2": ["Must name another entity than slug1."]})


def _titles(query: Query) -> TitlesWanted:
    chosen = query.choice("type", TITLE_TYPES) or "all"
    genres = dict.fromkeys(map(slugs.slugify, (*query.many("genre"), *query.many("genres"))))
    return TitlesWanted(chosen, TITLE_TYPES[chosen], tuple(sorted(genres)), _limit(query))


def _people(query: Query) -> PeopleWanted:
    chosen = PEOPLE_TYPES[query.choice("type", PEOPLE_TYPES) or "all"]
    role = query.choice("collaborator_role", tuple(Role))
    return PeopleWanted(chosen, Role(role) if role else None, _limit(query))


def _limit(query: Query) -> int:
    return query.integer("limit", 1, MAX_RELATED) or DEFAULT_RELATED
