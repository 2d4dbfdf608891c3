"""What a call costs, from a table in configuration: providers publish prices, they do not send them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from generator.ports import Prompt

ANY_MODEL = "*"
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION = 1_000_000
FRAME_TOKENS = 1024
"""More than the schema, the words for it and the frames of the messages come to."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. `cached` are those of `prompt` that it had kept from an earlier call."""

    prompt: int
    completion: int
    cached: int = 0


class Price(BaseModel):
    """US dollars per million tokens. Without a price of their own, cached tokens cost what others cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0, le=10**6)
    output: Decimal = Field(ge=0, le=10**6)
    cached: Decimal | None = Field(default=None, ge=0, le=10**6)

    def cost_usd(self, usage: Usage) -> Decimal:
        cached = min(usage.cached, usage.prompt)
        cached_price = self.input if self.cached is None else self.cached
        spent = self.input * (usage.prompt - cached) + cached_price * cached + self.output * usage.completion
        return spent / _MILLION


class PriceTable:
    """Prices by model name; `*` is the price of every model that is not named."""

    def __init__(self, prices: Mapping[str, Price] = MappingProxyType({})) -> None:
        self._prices = prices

    def price(self, *names: str) -> Price | None:
        """The price of the first of `names` that has one, `gpt-4o-2024-08-06` counting as `gpt-4o` unless it is in the table itself."""
        for name in names:
            for spelling in (name, _DATED.sub("", name)):
                if (found := self._prices.get(spelling)) is not None:
                    return found
        return self._prices.get(ANY_MODEL)

    def cost_usd(self, usage: Usage, *names: str) -> Decimal | None:
        """What `usage` costs at the price of the first of `names` that has one; None when none has."""
        price = self.price(*names)
        return None if price is None else price.cost_usd(usage)


class WorstCase:
    """Implements `Tariff`: the dearest of the models that a call may end at."""

    def __init__(self, prices: PriceTable, *, max_output_tokens: int, fallbacks: Sequence[str] = ()) -> None:
        self._prices = prices
        self._max_output_tokens = max_output_tokens
        self._fallbacks = fallbacks

    def most_usd(self, prompt: Prompt, model: str) -> Decimal | None:
        """No token is shorter than a byte, so a prompt has at most as many tokens as bytes."""
        prompt_tokens = sum(len(message.content.encode()) for message in prompt.messages) + FRAME_TOKENS
        usage = Usage(prompt_tokens, self._max_output_tokens)
        costs = [self._prices.cost_usd(usage, name) for name in (model, *self._fallbacks)]
        known = [cost for cost in costs if cost is not None]
        return max(known) if len(known) == len(costs) else None
