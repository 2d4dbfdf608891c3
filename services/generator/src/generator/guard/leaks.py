"""Texts that speak of the request, the rules or the writer instead of the subject."""

import re

from generator.guard.problems import Problem

_MARKS = re.compile(
    r"</?(?:request|problems)\b|\b(?:entity_type|context_tag|local_title|original_title|runtime_min|birth_date|known_for|show_type)\b|"
    r"\{\s*\"(?:exists|title|text)\"|\b(?:exists|text)\"\s*:|\bpl-PL\b|\ben-US\b|\bde-DE\b|\bfr-FR\b|\bes-ES\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"\bas\s+an?\s+(?:AI|artificial\s+intelligence)(?:\s+(?:language\s+model|assistant|model))?,\s+I\b|\bas\s+a\s+(?:large\s+)?language\s+model\b|"
    r"\bI(?:['’]m|\s+am)\s+(?:sorry|unable|an\s+AI)\b|\bI\s+can(?:['’]t|not)\s+(?:help|write|provide|assist)\b|\bmy\s+(?:system\s+prompt|instructions|training\s+data)\b|"
    r"^(?:sure|certainly|of\s+course|here\s+is|here['’]s|absolutely)\b[^.!?]{0,80}(?:text|description|summary|tagline|biography|bio)\b|"
    r"\bjako\s+(?:model\s+językowy|sztuczna\s+inteligencja,|asystent\s+AI)|^(?:oto|oczywiście)\b[^.!?]{0,60}(?:opis|tekst|biogram|podsumowanie|hasło)\b|\bnie\s+mogę\s+(?:napisać|pomóc)\b|"
    r"\bals\s+(?:KI(?:-Assistent|-Modell|-Sprachmodell)?|Sprachmodell|künstliche\s+Intelligenz)\s+(?:kann|bin|darf|habe)\b|^(?:hier\s+ist|gerne|natürlich)\b[^.!?]{0,60}(?:Text|Beschreibung|Zusammenfassung)\b|"
    r"\ben\s+tant\s+qu['’](?:IA|intelligence\s+artificielle|assistant)|\ben\s+tant\s+que\s+modèle\s+de\s+langage|^(?:voici|bien\s+sûr)\b[^.!?]{0,60}(?:texte|description|résumé|biographie)\b|"
    r"\bcomo\s+(?:modelo\s+de\s+lenguaje|(?:una\s+)?inteligencia\s+artificial,|asistente\s+de\s+IA)|^(?:aquí\s+tienes|claro|por\s+supuesto)\b[^.!?]{0,60}(?:texto|descripción|resumen|biografía)\b",
    re.IGNORECASE,
)


def leak_problems(text: str) -> tuple[Problem, ...]:
    """Whether `text` holds pieces of the request, or a writer who speaks of itself. `text` is without titles: one may be anything."""
    if _MARKS.search(text) or _SPEAKER.search(text):
        return (Problem("leak", "The text speaks of the request or of its writer instead of the subject."),)
    return ()
