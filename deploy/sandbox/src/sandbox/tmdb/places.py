"""How TMDb calls the countries and languages of the sample facts."""

_COUNTRIES = {
    "US": "United States of America", "GB": "United Kingdom", "PL": "Poland", "DE": "Germany", "FR": "France",
    "ES": "Spain", "IT": "Italy", "JP": "Japan", "KR": "South Korea", "CA": "Canada", "AU": "Australia",
    "NZ": "New Zealand", "SE": "Sweden", "DK": "Denmark", "NO": "Norway", "MX": "Mexico", "BR": "Brazil",
    "IN": "India", "CN": "China", "HK": "Hong Kong", "IE": "Ireland", "BE": "Belgium", "AT": "Austria",
    "CH": "Switzerland", "CZ": "Czech Republic", "GR": "Greece", "RU": "Russia",
}  # fmt: skip
_LANGUAGES = {
    "en": ("English", "English"), "pl": ("Polish", "Polski"), "de": ("German", "Deutsch"),
    "fr": ("French", "Français"), "es": ("Spanish", "Español"), "it": ("Italian", "Italiano"),
    "ja": ("Japanese", "日本語"), "ko": ("Korean", "한국어/조선말"), "ru": ("Russian", "Русский"),
    "pt": ("Portuguese", "Português"),
}  # fmt: skip


def country(code: str) -> dict[str, str]:
    """A country of ISO 3166-1 in TMDb's form."""
    return {"iso_3166_1": code, "name": _COUNTRIES.get(code, code)}


def language(code: str) -> dict[str, str]:
    """A language of ISO 639-1 in TMDb's form."""
    english, own = _LANGUAGES.get(code, (code, ""))
    return {"english_name": english, "iso_639_1": code, "name": own}
