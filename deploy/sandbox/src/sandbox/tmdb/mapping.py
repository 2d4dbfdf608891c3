"""The sample facts in TMDb's field names. What the sandbox does not know is null, "" or [], as TMDb has it."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sandbox import moving
from sandbox.airings import RETURNING, Airing, count_before, last_before, next_from
from sandbox.day import EPOCH, Day
from sandbox.tmdb.entries import Group, Movie, Person, Show
from sandbox.tmdb.genres import MOVIE_GENRES, TV_GENRES
from sandbox.tmdb.places import country, language
from sandbox.tmdb.store import Store, Work

_NO_IMAGES = {"poster_path": None, "backdrop_path": None}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Facts in TMDb's form, with titles in `language` (`pl-PL` or `pl`) where one is known.

    Overviews exist in English only and are given for every language. Numbers are those of `day`.
    """

    store: Store
    language: str = "en-US"
    day: Day = field(default_factory=Day)

    def movie_item(self, movie: Movie) -> dict[str, Any]:
        """A film as it appears in lists."""
        return {
            "adult": movie.adult,
            "backdrop_path": None,
            "genre_ids": [MOVIE_GENRES[name] for name in movie.genres],
            "id": movie.id,
            "original_language": movie.original_language,
            "original_title": movie.original_title,
            "overview": movie.overview,
            "popularity": moving.popularity(movie.popularity, "movie", movie.id, self.day.facts),
            "poster_path": None,
            "release_date": movie.release_date,
            "title": self._localised(movie.title, movie.titles),
            "video": False,
            "vote_average": moving.vote_average(movie, self.day.facts),
            "vote_count": moving.vote_count(movie, self.day.facts),
        }

    def show_item(self, show: Show) -> dict[str, Any]:
        """A show as it appears in lists."""
        return {
            "adult": show.adult,
            "backdrop_path": None,
            "first_air_date": show.first_air_date,
            "genre_ids": [TV_GENRES[name] for name in show.genres],
            "id": show.id,
            "name": self._localised(show.name, show.titles),
            "origin_country": list(show.countries),
            "original_language": show.original_language,
            "original_name": show.original_name,
            "overview": show.overview,
            "popularity": moving.popularity(show.popularity, "tv", show.id, self.day.facts),
            "poster_path": None,
            "vote_average": moving.vote_average(show, self.day.facts),
            "vote_count": moving.vote_count(show, self.day.facts),
        }

    def plain_item(self, title: Movie | Show) -> dict[str, Any]:
        """A film or show in a list of its kind."""
        return self.movie_item(title) if isinstance(title, Movie) else self.show_item(title)

    def title_item(self, title: Movie | Show) -> dict[str, Any]:
        """A film or show in a list of both kinds."""
        return {**self.plain_item(title), "media_type": "movie" if isinstance(title, Movie) else "tv"}

    def person_item(self, person: Person) -> dict[str, Any]:
        """A person as it appears in lists."""
        known = {(type(work.title), work.title.id): work.title for work in self.store.works_of(person.id)}
        return {**self._person(person), "known_for": [self.title_item(title) for title in list(known.values())[:3]]}

    def movie(self, movie: Movie) -> dict[str, Any]:
        """The details of a film."""
        item = self.movie_item(movie)
        del item["genre_ids"]
        group = movie.collection
        return {
            **item,
            "belongs_to_collection": {"id": group.id, "name": group.name, **_NO_IMAGES} if group else None,
            "budget": 0,
            "genres": [{"id": MOVIE_GENRES[name], "name": name} for name in movie.genres],
            "homepage": "",
            "imdb_id": movie.imdb_id,
            "origin_country": list(movie.countries),
            "production_companies": [],
            "production_countries": [country(code) for code in movie.countries],
            "revenue": 0,
            "runtime": moving.runtime(movie, self.day.facts),
            "spoken_languages": [language(movie.original_language)],
            "status": "Released",
            "tagline": movie.tagline,
        }

    def show(self, show: Show) -> dict[str, Any]:
        """The details of a show. With the day its seasons, episodes and last date grow as episodes are on the air."""
        item = self.show_item(show)
        del item["genre_ids"]
        aired, coming = last_before(show, self.day.today), next_from(show, self.day.today)
        moved = last_before(show, self.day.facts) if self.day.facts > EPOCH else None
        return {
            **item,
            "created_by": [self._creator(name, show) for name in show.created_by],
            "episode_run_time": [],
            "genres": [{"id": TV_GENRES[name], "name": name} for name in show.genres],
            "homepage": "",
            "in_production": show.status == RETURNING,
            "languages": [show.original_language],
            "last_air_date": moved.at.date().isoformat() if moved else show.last_air_date,
            "last_episode_to_air": _episode(aired),
            "networks": [
                {"id": _number(name), "logo_path": None, "name": name, "origin_country": ""} for name in show.networks
            ],
            "next_episode_to_air": _episode(coming),
            "number_of_episodes": show.number_of_episodes + count_before(show, self.day.facts),
            "number_of_seasons": max(show.number_of_seasons, moved.season if moved else 0),
            "production_companies": [],
            "production_countries": [country(code) for code in show.countries],
            "seasons": [],
            "spoken_languages": [language(show.original_language)],
            "status": show.status,
            "tagline": show.tagline,
            "type": show.type,
        }

    def collection_item(self, group: Group) -> dict[str, Any]:
        """A collection as it appears in a search."""
        return {"adult": False, **self._collection(group)}

    def collection(self, group: Group) -> dict[str, Any]:
        """The details of a collection, its films in the order of their release."""
        films = sorted(self.store.movies_of(group.id), key=lambda movie: (movie.date, movie.id))
        return {**self._collection(group), "parts": [self.title_item(movie) for movie in films]}

    def person(self, person: Person) -> dict[str, Any]:
        """The details of a person."""
        item = self._person(person)
        del item["original_name"]
        return {
            **item,
            "also_known_as": list(person.also_known_as),
            "biography": person.biography,
            "birthday": person.birthday,
            "deathday": person.deathday,
            "homepage": None,
            "imdb_id": None,
            "place_of_birth": person.place_of_birth,
        }

    def credited(self, key: str, work: Work) -> dict[str, Any]:
        """The person of a credit, with the credit's id."""
        person = self._person(self.store.credited(key))
        return {**person, "credit_id": credit_id(key, work.title, work.job)}

    def _person(self, person: Person) -> dict[str, Any]:
        return {
            "adult": False,
            "gender": person.gender,
            "id": person.id,
            "known_for_department": person.department,
            "name": person.name,
            "original_name": person.name,
            "popularity": self.popularity(person),
            "profile_path": None,
        }

    def popularity(self, person: Person) -> float:
        """Half the popularity of the best known title of a person, as it is on the day."""
        best = max((work.title.popularity for work in self.store.works_of(person.id)), default=0.0)
        return moving.popularity(round(best / 2, 3), "person", person.id, self.day.facts)

    def _collection(self, group: Group) -> dict[str, Any]:
        names = {"name": group.name, "original_language": "en", "original_name": group.name}
        return {"id": group.id, **names, "overview": "", **_NO_IMAGES}

    def _creator(self, key: str, show: Show) -> dict[str, Any]:
        person = self._person(self.store.credited(key))
        names = ("id", "name", "original_name", "gender", "profile_path")
        return {**{key: person[key] for key in names}, "credit_id": credit_id(key, show, "Creator")}

    def _localised(self, title: str, titles: dict[str, str]) -> str:
        by_language = {locale.split("-")[0]: text for locale, text in titles.items()}
        return titles.get(self.language) or by_language.get(self.language.split("-")[0]) or title


def _episode(airing: Airing | None) -> dict[str, Any] | None:
    if airing is None:
        return None
    return {
        "id": airing.id,
        "name": airing.title,
        "overview": "",
        "vote_average": 0.0,
        "vote_count": 0,
        "air_date": airing.at.date().isoformat(),
        "episode_number": airing.number,
        "episode_type": "standard",
        "production_code": "",
        "runtime": None,
        "season_number": airing.season,
        "show_id": airing.show.id,
        "still_path": None,
    }


def credit_id(key: str, title: Movie | Show, job: str) -> str:
    """TMDb's 24 hexadecimal digits of a credit, derived from what the credit says."""
    kind = "movie" if isinstance(title, Movie) else "tv"
    return hashlib.sha256(f"{kind}:{title.id}:{job}:{key}".encode()).hexdigest()[:24]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:3])
