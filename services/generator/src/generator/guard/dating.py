"""Numbers in a text that contradict the facts: years of release and birth, seasons, episodes and minutes.

A year is not false because the facts do not hold it: texts tell of wars, settings and awards. It is false where the text dates the
subject by it: in one clause with a word for the work or for birth, and with no word for a setting, another title or a comparison.
Centuries, decades, ages and what is part of a title are no years.
"""

import re
from collections.abc import Iterator

from generator.guard.names import titles_of
from generator.guard.problems import Problem
from generator.guard.years import known_years, main_years, titles_blanked
from shared.entities import EntityKind, Facts, MovieDetails, PersonDetails, TvDetails

_YEAR = re.compile(r"(?<![\d.,:/-])(1[89]\d{2}|20\d{2})(?![\d:/]|[.,]\d|s\b|er\b|ers\b|-er|’s\b|'s\b)")
_DATED_TITLE = re.compile(r"[„“«\"][^„“”«»\"]{1,120}[“”»\"]\s*\(\d{4}\)")
_DECADE = re.compile(
    r"\b(?:lat|lata|latach|latami|années|décennie|años|década|decade|Jahrzehnt)\s+(?:de\s+)?(?:1[89]\d0|20\d0)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(?<=[.!?;…])\s+|\s[–—]\s")
_WORK = re.compile(
    r"\b(?:film\w*|movie|picture|feature|series|show|sitcom|miniseries|released?|premier\w*|debut\w*|first\s+aired|first\s+broadcast|came\s+out|"
    r"obraz\w*|serial\w*|program\w*|produkcj\w*|ekran\w*|antenie|kin(?:a|ach)|wszed\w*|powstał\w*|nakręcon\w*|"
    r"serie\w*|sendung|kinos?|erschien\w*|startete|gedreht|ausgestrahlt|leinwand|kommt|"
    r"série|émission|sorti\w*|sort|tourné\w*|diffusé\w*|écrans?|salles|"
    r"película|cinta|largometraje|programa|estren\w*|rodad\w*|emitid\w*|pantallas?)\b",
    re.IGNORECASE,
)
_BIRTH = re.compile(
    r"\b(?:born|birth\w*|urodz\w*|urodzi\w*|narodzin\w*|przysz\w+\s+na\s+świat|geboren\w*|geburt\w*|zur\s+welt|née?|naissance|naquit|naît|nacid[oa]|nació|nace|"
    r"nacimiento)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:set\s+in|takes?\s+place|unfolds|during|war|compared|unlike|remake|remade|original|based\s+on|inspired|novel|book|play|after|before|since|until|award\w*|"
    r"oscar\w*|restor\w*|re-?release\w*|anniversary|sequel|prequel|events?|between|later|earlier|"
    r"dzieje|rozgrywa|akcja|podczas|wojn\w*|powieś\w*|książ\w*|remake\w*|pierwowz\w*|oryginał\w*|nagrod\w*|później\w*|wcześniej\w*|odrestaur\w*|wydarze\w*|"
    r"spielt|während|krieg\w*|roman\w*|vorlage|neuverfilm\w*|fortsetzung|später|früher|ereignisse\w*|preis\w*|handlung|"
    r"se\s+déroule|se\s+passe|pendant|guerre|inspiré\w*|suite|plus\s+tard|événements|prix|césar|intrigue|"
    r"ambientad\w*|transcurre|durante|guerra|novela|secuela|basad\w*|más\s+tarde|posterior\w*|sucesos|premio\w*|trama|versión)\b",
    re.IGNORECASE,
)
_LONG_DATE = re.compile(
    r"\b(?:\d{1,2}\.?\s+(?:de\s+)?[^\W\d]{3,12}\.?\s+(?:de\s+)?(\d{4})|[A-Z][a-z]{2,8}\s+\d{1,2},?\s+(\d{4}))\b"
)
_PART = re.compile(
    r"\b(?:first|last|final|opening|next|another|after|other|pierwsz\w*|ostatni\w*|kolejn\w*|po|przez|erst\w*|letzt\w*|nach|weiter\w*|premi\w*|derni\w*|après|"
    r"prochain\w*|primer\w*|últim\w*|tras|otr\w+|only|barely|every|co|alle|toutes\s+les|cada)\b\W*(?:\w+\W+)?$",
    re.IGNORECASE,
)
_COUNTS = {
    "seasons": r"seasons?|sezon(?:y|ów|ach|u)?|staffeln?|saisons?|temporadas?",
    "episodes": r"episodes?|odcink(?:i|ów|ach|u|a)?|odcinek|folgen?|episoden?|épisodes?|episodios?|capítulos?",
    "minutes": r"minutes?|minut(?:y|a|ę|ach)?|minuten?|minutos?",
}
_COUNTED = {
    name: re.compile(rf"(?<![\w.,])(\d{{1,3}}(?:[.,\s\u00a0\u202f]\d{{3}})?)\s+(?:{unit})\b", re.IGNORECASE)
    for name, unit in _COUNTS.items()
}
SHORTEST_RUNTIME = 40
"""Minutes: less is a scene, more claims to be the film."""
NEAR = 70
"""Characters between a year and the word that makes it a date of the subject."""


def number_problems(text: str, facts: Facts) -> Iterator[Problem]:
    """Years and counts of the text that the facts contradict."""
    plain = _DECADE.sub(" ", titles_blanked(_DATED_TITLE.sub(" ", text), facts))
    if main_years(facts) and (any(_bracketed(text, facts)) or any(_dates_the_subject(plain, facts))):
        yield Problem("year_in_text", "The text dates its subject by a year that the facts do not hold.")
    known = _counts(facts)
    if any(_contradicts(plain, name, number) for name, number in known.items()):
        yield Problem("count_in_text", "A number of seasons, episodes or minutes in the text is not that of the facts.")


def _bracketed(text: str, facts: Facts) -> Iterator[bool]:
    """Whether a year in brackets behind a title is another one than the facts give to that title."""
    details = facts.details
    works = details.known_for if isinstance(details, PersonDetails) else ()
    years = {title: main_years(facts) for title in titles_of(facts)}
    years |= {work.title: {known.year for known in works if known.title == work.title} for work in works}
    for title, known in years.items():
        name = re.escape(title)
        for found in re.finditer(rf"[„“«\"]\s*{name}\s*[”“»\"]\s*\((\d{{4}})\)|(?<!\w){name}\s+\((\d{{4}})\)", text):
            yield None not in known and int(found[1] or found[2]) not in known


def _dates_the_subject(plain: str, facts: Facts) -> Iterator[bool]:
    known, person = known_years(facts), facts.kind is EntityKind.PERSON
    cue = _BIRTH if person else _WORK
    allowed = main_years(facts) if person and _full(facts) else known
    for clause in _CLAUSE.split(plain):
        if _ASIDE.search(clause):
            continue
        for found in _YEAR.finditer(clause):
            year = int(found[1])
            near = clause[max(0, found.start() - NEAR) : found.end() + NEAR]
            if cue.search(near):
                yield year not in (allowed if person else _span(facts, known))
    if person and _full(facts):
        for found in _LONG_DATE.finditer(plain):
            yield int(found[1] or found[2]) not in known


def _full(facts: Facts) -> bool:
    """Whether the day of birth is known: whole dates in a biography are of birth and death."""
    return isinstance(facts.details, PersonDetails) and facts.details.birth_date is not None


def _span(facts: Facts, known: frozenset[int]) -> frozenset[int]:
    """A series is on air in every year between its first and its last."""
    if not isinstance(facts.details, TvDetails):
        return known
    first, last = facts.details.first_air_date, facts.details.last_air_date
    return known | frozenset(range(first.year, last.year + 1)) if first and last else known


def _counts(facts: Facts) -> dict[str, int]:
    details = facts.details
    counts: dict[str, int | None] = {}
    if isinstance(details, TvDetails):
        counts = {"seasons": details.number_of_seasons, "episodes": details.number_of_episodes}
    elif isinstance(details, MovieDetails):
        counts = {"minutes": details.runtime_min}
    return {name: number for name, number in counts.items() if number}


def _contradicts(plain: str, name: str, known: int) -> bool:
    for found in _COUNTED[name].finditer(plain):
        number = int(re.sub(r"\D", "", found[1]))
        part = _PART.search(plain[max(0, found.start() - 30) : found.start()])
        if number != known and not part and (name != "minutes" or number >= SHORTEST_RUNTIME):
            return True
    return False
