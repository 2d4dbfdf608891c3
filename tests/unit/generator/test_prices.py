from decimal import Decimal

import pytest

from generator.ports import Message, Prompt
from generator.prices import FRAME_TOKENS, Price, PriceTable, Usage, WorstCase

SMALL = Price(input=Decimal("0.15"), cached=Decimal("0.075"), output=Decimal("0.60"))
LARGE = Price(input=Decimal("2.5"), output=Decimal(10))
DATED = Price(input=Decimal(5), output=Decimal(15))
TABLE = PriceTable({"gpt-4o-mini": SMALL, "gpt-4o": LARGE, "gpt-4o-2024-05-13": DATED})


@pytest.mark.parametrize(
    ("usage", "price", "cost_usd"),
    [
        (Usage(1000, 200), SMALL, "0.00027"),
        (Usage(1000, 200, cached=400), SMALL, "0.00024"),
        (Usage(1000, 200, cached=400), LARGE, "0.0045"),
        (Usage(1000, 0, cached=5000), SMALL, "0.000075"),
        (Usage(0, 0), LARGE, "0"),
    ],
    ids=["plain", "cached", "no_price_for_cached", "more_cached_than_sent", "nothing"],
)
def test_tokens_cost_what_the_table_says_per_million(usage: Usage, price: Price, cost_usd: str) -> None:
    assert price.cost_usd(usage) == Decimal(cost_usd)


@pytest.mark.parametrize(
    ("names", "price"),
    [
        (("gpt-4o-mini-2024-07-18", "gpt-4o"), SMALL),
        (("gpt-4o-2024-05-13",), DATED),
        (("gpt-4o-2024-08-06",), LARGE),
        (("served-by-another-name", "gpt-4o"), LARGE),
        (("unknown",), None),
    ],
    ids=["dated_counts_as_undated", "a_price_of_its_own", "another_date", "the_one_asked_for", "none"],
)
def test_the_first_name_with_a_price_counts(names: tuple[str, ...], price: Price | None) -> None:
    assert TABLE.price(*names) == price


def test_a_star_is_every_other_model() -> None:
    free = PriceTable({"*": Price(input=Decimal(0), output=Decimal(0))})

    assert free.cost_usd(Usage(10, 10), "anything") == 0
    assert TABLE.cost_usd(Usage(10, 10), "anything") is None


def test_the_most_a_call_can_cost_is_that_of_the_dearest_model_it_may_end_at() -> None:
    prompt = Prompt((Message("user", "é" * 1000),), "v")
    usage = Usage(2000 + FRAME_TOKENS, 4096)

    alone = WorstCase(TABLE, max_output_tokens=4096)
    with_fallback = WorstCase(TABLE, max_output_tokens=4096, fallbacks=("gpt-4o",))
    in_doubt = WorstCase(TABLE, max_output_tokens=4096, fallbacks=("unknown",))

    assert alone.most_usd(prompt, "gpt-4o-mini") == SMALL.cost_usd(usage)
    assert with_fallback.most_usd(prompt, "gpt-4o-mini") == LARGE.cost_usd(usage)
    assert in_doubt.most_usd(prompt, "gpt-4o-mini") is None
