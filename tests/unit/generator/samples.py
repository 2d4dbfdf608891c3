"""Facts and texts that tests write about."""

import json

from generator.ports import Answer
from shared.entities import CreditFact, EntityKind, Facts, KnownFor, Locale, MovieDetails, PersonDetails, Role

MATRIX = Facts(
    kind=EntityKind.MOVIE,
    tmdb_id=603,
    title="The Matrix",
    original_title="The Matrix",
    year=1999,
    genres=("Action", "Science Fiction"),
    details=MovieDetails(
        director="Lana Wachowski, Lilly Wachowski", runtime_min=136, overview="A programmer wakes up."
    ),
    credits=(
        CreditFact(tmdb_id=1, name="Keanu Reeves", role=Role.ACTOR, character="Neo", billing_order=0),
        CreditFact(tmdb_id=2, name="Lana Wachowski", role=Role.DIRECTOR),
        CreditFact(tmdb_id=3, name="Lilly Wachowski", role=Role.DIRECTOR),
    ),
)
KEANU = Facts(
    kind=EntityKind.PERSON,
    tmdb_id=6384,
    title="Keanu Reeves",
    year=1964,
    details=PersonDetails(
        birthplace="Beirut, Lebanon", known_for=(KnownFor(title="The Matrix", year=1999, role=Role.ACTOR),)
    ),
)
TEXTS = {
    Locale.PL: "Film z 1999 roku opowiada o programiście, który odkrywa, że świat wokół niego jest jedynie symulacją.",
    Locale.EN: "The film from 1999 tells the story of a programmer who learns that the world around him is a simulation.",
    Locale.DE: "Der Film von 1999 erzählt von einem Programmierer, der erfährt, dass die Welt um ihn eine Simulation ist.",
    Locale.FR: "Le film de 1999 raconte comment un programmeur apprend que le monde qui l'entoure est une simulation.",
    Locale.ES: "La película de 1999 cuenta cómo un programador descubre que el mundo que lo rodea es una simulación.",
}


def answer(text: str, *, exists: bool = True, finish_reason: str = "stop") -> Answer:
    return Answer(json.dumps({"exists": exists, "text": text}), finish_reason, "gpt-4o-mini")
