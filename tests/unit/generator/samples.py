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
    Locale.PL: "„Matrix” to film z 1999 roku o programiście, który odkrywa, że świat wokół niego jest jedynie symulacją.",
    Locale.EN: "“The Matrix” is a film from 1999 about a programmer who learns that the world around him is a simulation.",
    Locale.DE: "„Matrix“ ist ein Film von 1999 über einen Programmierer, der erfährt, dass die Welt um ihn eine Simulation ist.",
    Locale.FR: "« Matrix » est un film de 1999 : un programmeur y apprend que le monde qui l'entoure est une simulation.",
    Locale.ES: "«Matrix» es una película de 1999: un programador descubre que el mundo que lo rodea es una simulación.",
}
AGAIN = (
    "What is real? “The Matrix” asks the question with kung fu, green rain and black leather, and answers it differently than you think.",
    "Office worker by day, hacker by night: in “The Matrix” a bored man follows a white rabbit and never sees his cubicle again.",
    "Two sisters mixed philosophy, comics and Hong Kong stunts in “The Matrix”, and action cinema has not looked the same since.",
    "Bullets slow down and doubts speed up: “The Matrix” is a chase through a city that its own inhabitants are dreaming together.",
)
"""Other texts about the film, in English."""
BIO = "Keanu Reeves grew up far from Hollywood and became one of its calmest stars, at home in comedies and in hails of bullets."
TAGLINES = {
    Locale.PL: "Programista odkrywa, że cały jego świat jest tylko snem.",
    Locale.EN: "A programmer learns that his whole world is only a dream.",
    Locale.DE: "Ein Programmierer erfährt, dass seine ganze Welt nur ein Traum ist.",
    Locale.FR: "Un programmeur apprend que son monde entier n'est qu'un rêve.",
    Locale.ES: "Un programador descubre que todo su mundo es solo un sueño.",
}


def answer(
    text: str,
    *,
    about: Facts = MATRIX,
    exists: bool = True,
    title: str | None = None,
    year: int | None = None,
    director: str | None = None,
    finish_reason: str = "stop",
) -> Answer:
    """The answer of a model that knows what it writes about, but for what is given here."""
    said = {
        "exists": exists,
        "title": title or about.title,
        "year": year or about.year,
        "director": director or about.director,
        "text": text,
    }
    return Answer(json.dumps(said), finish_reason, "gpt-4o-mini")
