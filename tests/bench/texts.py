"""What texts cost: tokens and dollars by form and locale, and translating short ones against writing them in each locale.

The model is the sandbox's, its tokens are counted as words and punctuation are; the prompts are the real ones, and make most of the bill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.report import Tally
from tests.bench.scale import Scale
from tests.bench.servers import Ground, rows
from tests.support import driving
from tests.support.fleet import Fleet, fleet

from shared.entities import CANONICAL_LOCALE, SHORT_FORMS, Form, Locale

PRICES = {"AI_PRICES": '{"*": {"input": 0.15, "output": 0.60}}'}
"""US dollars per million tokens: gpt-4o-mini's, https://platform.openai.com/docs/pricing."""
COLUMNS = ("TEXT", "TEXTS", "CALLS", "PROMPT TOKENS", "ANSWER TOKENS", "USD PER 1000")
FORMS = (Form.DESCRIPTION, *sorted(SHORT_FORMS))
_SPENT = """
    SELECT jobs.form, jobs.locale, count(DISTINCT jobs.id), count(*), sum(prompt_tokens), sum(completion_tokens), sum(cost_usd)
    FROM ai_calls JOIN jobs ON jobs.id = ai_calls.job_id GROUP BY jobs.form, jobs.locale
"""


@dataclass(frozen=True, slots=True)
class _Spent:
    """What the texts of one form and locale cost together."""

    texts: int
    calls: int
    prompt: int
    answer: int
    usd: float

    @property
    def tokens(self) -> float:
        """Of one text."""
        return (self.prompt + self.answer) / self.texts

    def row(self, name: str) -> tuple[str | int, ...]:
        each = (f"{total / self.texts:,.0f}" for total in (self.prompt, self.answer))
        return name, self.texts, f"{self.calls / self.texts:.2f}", *each, f"{1000 * self.usd / self.texts:.3f}"


def measure(ground: Ground, scale: Scale) -> Sequence[Tally]:
    films = driving.FILMS[: scale.films]
    with fleet(ground.postgres, ground.rabbitmq, ground.redis, PRICES) as made:
        made.start()
        for form in FORMS:
            _write(made, films, form, [CANONICAL_LOCALE])  # first, so that every translation finds its source
            _write(made, films, form, [locale for locale in Locale if locale is not CANONICAL_LOCALE])
        spent = {
            (Form(form), Locale(locale)): _Spent(texts, calls, prompt, answer, float(usd))
            for form, locale, texts, calls, prompt, answer, usd in rows(made.database_url, _SPENT)
        }
    table = [spent[form, locale].row(f"{form} {locale}") for form in FORMS for locale in Locale]
    return [
        Tally(
            f"what a text costs, over {len(films)} films", COLUMNS, table, [_ratio(form, spent) for form in FORMS[1:]]
        )
    ]


def _write(made: Fleet, films: Sequence[str], form: Form, locales: Sequence[Locale]) -> None:
    job_ids = [driving.accepted(made, film, form=form, locale=locale) for film in films for locale in locales]
    ended = driving.ended(made, job_ids)
    if failed := [job["error"] for job in ended if job["status"] != "DONE"]:
        raise RuntimeError(f"not every text was written: {failed[0]}")


def _ratio(form: Form, spent: Mapping[tuple[Form, Locale], _Spent]) -> str:
    written = spent[form, CANONICAL_LOCALE]
    each = [spent[form, locale] for locale in Locale]
    tokens = sum(one.tokens for one in each) / (len(each) * written.tokens)
    usd = sum(one.usd / one.texts for one in each) / (len(each) * written.usd / written.texts)
    return (
        f"{form}, all locales: one written and {len(each) - 1} translated take {tokens:.2f} of the tokens and {usd:.2f} of the dollars of "
        f"{len(each)} written ones, were each as long as the English one"
    )
