"""Invented people and titles with the proportions of a real catalogue: few words and few people are in most titles, most are in few."""

from collections.abc import Sequence
from datetime import date
from random import Random

from shared.entities import (
    CollectionFact,
    Details,
    EntityKind,
    Facts,
    KnownFor,
    MovieDetails,
    PersonDetails,
    Role,
    ShowType,
    TvDetails,
)


def _listed(values: str) -> tuple[str, ...]:
    return tuple(values.split(","))


FILM_GENRES = _listed(
    "Drama,Comedy,Thriller,Action,Romance,Documentary,Horror,Crime,Adventure,Science Fiction,Family,Fantasy,Mystery,Animation,"
    "History,Music,War,Western,TV Movie"
)
TV_GENRES = _listed(
    "Drama,Comedy,Crime,Animation,Documentary,Action & Adventure,Sci-Fi & Fantasy,Family,Mystery,Reality,Kids,Talk,War & Politics,"
    "Soap,News,Western"
)
FIRST_NAMES = _listed(
    "Anna,Tom,Keiko,Luís,Zofia,Paweł,Amélie,Jürgen,Maria,John,Sofía,Chloé,Jack,Nora,Ivan,Olga,Mateusz,Erik,Björn,Hana,Carlos,Lucía,"
    "Emma,Liam,Noah,Aisha,Omar,Fatima,Chen,Mei,Ravi,Priya,Łukasz,Agnieszka,François,Renée,Günther,Heidi,Søren,Astrid"
)
PLACES = (
    "Kraków, Poland",
    "Łódź, Poland",
    "London, England, UK",
    "Paris, France",
    "Köln, Germany",
    "Los Angeles, California, USA",
    "Kyōto, Japan",
    "São Paulo, Brazil",
    "Málaga, Spain",
    "Montréal, Québec, Canada",
)
_KNOWN_WORDS = _listed(
    "night,love,house,man,life,day,girl,world,dead,death,last,dark,time,story,heart,blood,black,city,king,lost,moon,red,river,secret,"
    "summer,war,white,wild,winter,woman,star,fire,ghost,dream,island,road,sea,shadow,silence,stranger,sun,train,wolf,café,garden,"
    "fiancée,señor,mädchen,über,noël"
)
_SYLLABLES = _listed(
    "ba,be,bo,bra,cal,ce,cor,da,del,dor,e,fa,fen,gal,gor,ha,hel,i,jor,ka,kel,la,len,lo,ma,mar,mi,mon,na,nel,no,o,pa,per,qua,ra,ren,ri,"
    "ro,sa,sel,sha,so,ta,tel,tor,u,va,ven,vi,wa,wen,xa,yo,za,zel"
)
_PATTERNS = (
    "{0}",
    "The {0}",
    "{0} {1}",
    "The {0} {1}",
    "{0} of {1}",
    "The {0} of the {1}",
    "{0} and {1}",
    "A {0} in {1}",
    "{0}'s {1}",
    "{0} {2}",
    "{0} {1}: The {3}",
)
_CREW = (Role.DIRECTOR, Role.WRITER, Role.PRODUCER)
_TV_CREW = (Role.CREATOR, Role.EXECUTIVE_PRODUCER, Role.HOST)


class Invention:
    """A seeded source of facts. `vocabulary` is the number of words that titles and surnames are made of."""

    def __init__(self, random: Random, vocabulary: int) -> None:
        self._random = random
        invented = {"".join(random.choices(_SYLLABLES, k=random.choice((2, 2, 3, 3, 4)))) for _ in range(vocabulary)}
        others = sorted(invented - set(_KNOWN_WORDS))
        random.shuffle(others)
        self._words = [*_KNOWN_WORDS, *others]
        self._sentences = [" ".join(self._word() for _ in range(40)).capitalize() + "." for _ in range(300)]

    def facts(self, kind: EntityKind, tmdb_id: int) -> Facts:
        """Facts without credits."""
        random = self._random
        title = self._name() if kind is EntityKind.PERSON else self._title()
        year = self._year(kind)
        genres = FILM_GENRES if kind is EntityKind.MOVIE else TV_GENRES
        chosen = dict.fromkeys(self._skewed(genres, 1.6) for _ in range(random.choice((1, 2, 2, 3, 3, 4))))
        titles = {locale: self._title() for locale in ("pl-PL", "de-DE") if random.random() < 0.15}
        in_series = kind is EntityKind.MOVIE and random.random() < 0.06
        return Facts(
            kind=kind,
            tmdb_id=tmdb_id,
            title=title,
            original_title=title if kind is EntityKind.PERSON or random.random() < 0.8 else self._title(),
            year=year,
            genres=() if kind is EntityKind.PERSON else tuple(chosen),
            details=self._details(kind, year),
            titles={} if kind is EntityKind.PERSON else titles,
            popularity=round(random.lognormvariate(1.2, 1.1), 3),
            collection=self._collection(tmdb_id) if in_series else None,
            recommended=tuple({random.randrange(tmdb_id) + 1 for _ in range(3)} - {tmdb_id}),
        )

    def credits(self, kind: EntityKind, people: int) -> list[tuple[int, Role, int | None]]:
        """Who is credited in a title, as places in a list of `people`, with role and billing order; nobody twice in a role."""
        random = self._random
        actors = dict.fromkeys(self._place(people) for _ in range(random.randint(2, 9)))
        crew = _CREW if kind is EntityKind.MOVIE else _TV_CREW
        others = [(self._place(people), role, None) for role in crew if random.random() < 0.8]
        return [*((place, Role.ACTOR, order) for order, place in enumerate(actors)), *others]

    def sentence(self) -> str:
        """One of a few hundred: nobody searches for what texts say."""
        return self._random.choice(self._sentences)

    def _details(self, kind: EntityKind, year: int | None) -> Details:
        random = self._random
        day = date(year, random.randint(1, 12), random.randint(1, 28)) if year else None
        about = self.sentence()
        match kind:
            case EntityKind.MOVIE:
                return MovieDetails(release_date=day, runtime_min=random.randint(70, 190), overview=about)
            case EntityKind.PERSON:
                place = self._skewed(PLACES, 1.5) if random.random() < 0.7 else None
                known = KnownFor(title=self._title(), year=2001, role=Role.ACTOR)
                return PersonDetails(birth_date=day, birthplace=place, biography=about, known_for=(known,))
            case EntityKind.TV_SERIES:
                return TvDetails(first_air_date=day, number_of_seasons=random.randint(1, 12), overview=about)
            case EntityKind.TV_SHOW:
                return TvDetails(first_air_date=day, show_type=random.choice(list(ShowType)), overview=about)

    def _year(self, kind: EntityKind) -> int | None:
        if self._random.random() < 0.03:
            return None
        ago = int(min(self._random.expovariate(1 / 18), 90))
        return (2000 if kind is EntityKind.PERSON else 2026) - ago

    def _name(self) -> str:
        surname = self._skewed(self._words, 1.5).capitalize()
        return f"{self._skewed(FIRST_NAMES, 1.5)} {surname}"

    def _title(self) -> str:
        first, second, third = (self._word().capitalize() for _ in range(3))
        return self._random.choice(_PATTERNS).format(first, second, self._random.randint(2, 5), third)

    def _word(self) -> str:
        return self._skewed(self._words, 2.5)

    def _collection(self, tmdb_id: int) -> CollectionFact:
        number = tmdb_id // 60
        return CollectionFact(
            tmdb_id=number + 1, name=f"{self._words[number % len(self._words)].capitalize()} Collection"
        )

    def _place(self, people: int) -> int:
        return int(people * self._random.random() ** 2)

    def _skewed(self, choices: Sequence[str], power: float) -> str:
        return choices[int(len(choices) * self._random.random() ** power)]
