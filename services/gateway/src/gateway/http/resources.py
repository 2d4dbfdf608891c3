"""Entities on the wire: one rendering for all four kinds, whose member names are data."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from gateway.http.job_documents import moment
from gateway.http.links import API, Links
from gateway.read_ports import Choice, Credit, Entity, Representation, StoredText, Wanted
from shared.entities import CANONICAL_LOCALE, KINDS, EntityKind, Form, Locale, MovieDetails, PersonDetails, TvDetails

CREDITS = {kind: "movies" if kind is EntityKind.PERSON else "people" for kind in EntityKind}
"""The member that holds the credits of a kind."""
AMBIGUOUS = "Several {label} entries share this name: this is the newest. The alternatives have their own slugs."


def representation(kind: EntityKind, document: Any) -> Representation:
    """`document` as bytes, tagged by their digest: equal tags mean equal bytes, whatever they were built from."""
    body = orjson.dumps(document)
    return Representation(f'"{KINDS[kind].one[0]}-{hashlib.sha256(body).hexdigest()[:24]}"', body)


class Resources:
    """Renders entities; unknown facts are null and no member tells the catalogue's id."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def detail(
        self, entity: Entity, wanted: Wanted, selected: StoredText | None, others: tuple[Choice, ...]
    ) -> Representation:
        """The whole resource. `selected` is shown when a text was asked for, or as null when there is none to show."""
        names = KINDS[entity.kind]
        locale = wanted.locale or Locale.EN
        document = self._facts_and_texts(entity)
        document[names.texts] = [text_body(text) for text in entity.texts]
        if wanted.locale or wanted.text_id or selected is None:
            document[f"selected_{names.text}"] = _text_or_null(selected)
        document |= {"locale": locale, f"{names.title}_localized": entity.titles.get(locale, entity.title)}
        if isinstance(entity.details, MovieDetails):
            document["director_localized"] = entity.details.director
        document |= _short_content(entity, locale)
        document |= self._credits_and_rest(entity)
        if meta := self._meta(entity, others):
            document["_meta"] = meta
        return representation(entity.kind, document)

    def listed(
        self, entity: Entity, include: Sequence[str], others: tuple[Choice, ...] = (), *, credited: bool = True
    ) -> dict[str, Any]:
        """The resource as one of many; its texts come with it when `include` names them, its credits and links to them when `credited`."""
        names = KINDS[entity.kind]
        document = self._facts_and_texts(entity)
        if names.texts in include:
            document[names.texts] = [text_body(text) for text in entity.texts]
        document |= self._credits_and_rest(entity)
        if not credited:
            del document[CREDITS[entity.kind]], document["_links"][CREDITS[entity.kind]]
        if meta := self._meta(entity, others):
            document["_meta"] = meta
        return document

    def _facts_and_texts(self, entity: Entity) -> dict[str, Any]:
        names, default = KINDS[entity.kind], entity.default_text
        return _facts(entity) | {
            f"default_{names.text_id_member}": str(default.id) if default else None,
            f"default_{names.text}": _text_or_null(default),
            f"{names.texts}_count": len(entity.texts),
        }

    def _credits_and_rest(self, entity: Entity) -> dict[str, Any]:
        own = self._links.entity(entity.kind, entity.slug)
        member = CREDITS[entity.kind]
        return {
            member: [_credit_body(credit) for credit in entity.credits],
            "created_at": moment(entity.created_at),
            "updated_at": moment(entity.updated_at),
            "_links": {
                "self": {"href": own},
                "generate": {
                    "href": self._links.path(f"{API}/generate"),
                    "method": "POST",
                    "body": {"entity_type": entity.kind, "slug": entity.slug},
                },
                "refresh": {"href": f"{own}/refresh", "method": "POST"},
                "related": {"href": f"{own}/related"},
                member: [self._credit_link(credit) for credit in entity.credits],
            },
        }

    def _credit_link(self, credit: Credit) -> dict[str, Any]:
        link = {"href": self._links.entity(credit.kind, credit.slug), "title": credit.title, "role": credit.role}
        known = {"character_name": credit.character_name, "job": credit.job, "billing_order": credit.billing_order}
        return link | {name: value for name, value in known.items() if value is not None}

    def _meta(self, entity: Entity, others: tuple[Choice, ...]) -> dict[str, Any]:
        meta: dict[str, Any] = {}
        if others:
            meta = {
                "ambiguous": True,
                "message": AMBIGUOUS.format(label=KINDS[entity.kind].label),
                "alternatives": [self._alternative(entity.kind, other) for other in others],
            }
        return meta | ({"stale_since": moment(entity.stale_since)} if entity.stale_since else {})

    def _alternative(self, kind: EntityKind, other: Choice) -> dict[str, Any]:
        names = KINDS[kind]
        dated = {"birth_date": day(other.birth_date)} if kind is EntityKind.PERSON else {names.year: other.year}
        return {"slug": other.slug, names.title: other.title, **dated, "url": self._links.entity(kind, other.slug)}


def text_body(text: StoredText) -> dict[str, Any]:
    return {
        "id": str(text.id),
        "locale": text.locale,
        "context_tag": text.context_tag,
        "origin": text.origin,
        "ai_model": text.ai_model,
        "version": text.version,
        "text": text.text,
        "created_at": moment(text.created_at),
        "updated_at": moment(text.updated_at),
    }


def _text_or_null(text: StoredText | None) -> dict[str, Any] | None:
    return text_body(text) if text else None


def _facts(entity: Entity) -> dict[str, Any]:
    known: dict[str, Any] = {"id": str(entity.id), KINDS[entity.kind].title: entity.title, "slug": entity.slug}
    match entity.details:
        case MovieDetails() as movie:
            known |= {"release_year": entity.year, "director": movie.director, "genres": entity.genres}
        case PersonDetails() as person:
            known |= {"birth_date": day(person.birth_date), "birthplace": person.birthplace}
        case TvDetails() as tv:
            known |= {
                "first_air_date": day(tv.first_air_date),
                "last_air_date": day(tv.last_air_date),
                "number_of_seasons": tv.number_of_seasons,
                "number_of_episodes": tv.number_of_episodes,
                "genres": entity.genres,
            }
            if entity.kind is EntityKind.TV_SHOW:
                known["show_type"] = tv.show_type
    return known


def _short_content(entity: Entity, locale: Locale) -> dict[str, Any]:
    """Tagline and summary in `locale`, or in the canonical one when there is neither, as far as they are written."""
    written = {text.locale for text in entity.short_texts}
    shown = next((one for one in (locale, CANONICAL_LOCALE) if one in written), None)
    texts = {text.form: text for text in entity.short_texts if text.locale == shown}
    tagline, summary = (texts[form].text if form in texts else None for form in (Form.TAGLINE, Form.SUMMARY))
    origin = next((text.origin for text in texts.values()), None)
    content = {"tagline": tagline, "summary": summary, "synopsis": summary}
    return {"short_locale": shown, "short_origin": origin, **content}


def _credit_body(credit: Credit) -> dict[str, Any]:
    if credit.kind is EntityKind.PERSON:
        shown = {"id": str(credit.id), "name": credit.title, "slug": credit.slug}
    else:
        shown = {"id": str(credit.id), "slug": credit.slug, "title": credit.title}
    return shown | {"role": credit.role, "character_name": credit.character_name}


def day(known: date | None) -> str | None:
    return known.isoformat() if known else None
