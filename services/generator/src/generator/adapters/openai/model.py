"""The text model behind an endpoint that speaks OpenAI's protocol.

The SDK's errors never leave this package, because they hold prompts, keys and the provider's words.
"""

from asyncio import timeout

import httpx2
from openai import APIStatusError, APITimeoutError, OpenAIError
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from generator.adapters.circuits import Circuits
from generator.adapters.openai import errors, spans, structured
from generator.adapters.openai.chat import ChatCompletions
from generator.adapters.openai.endpoint import Endpoint, connect
from generator.adapters.openai.errors import Meaning, Problem
from generator.adapters.openai.responses import Responses
from generator.adapters.openai.structured import Remembered, Wish
from generator.adapters.openai.wire import Asked, Reply
from generator.adapters.rate_limiter import RateLimiter
from generator.ports import Answer, Call, Prompt, Spent
from generator.prices import PriceTable
from generator.routing import ModelRoutes
from shared.clock import Clock
from shared.errors import Permanent, Transient, failure
from shared.jobs import Attempt, FailureType
from shared.telemetry.context import current_traceparent

CHARACTERS_PER_TOKEN = 3
"""Of prompts, estimated low: English has about four, Polish fewer than three. The provider's own count replaces the estimate."""


_ANY = "any call"


class OpenAITextModel:
    """Implements `TextModel`. One connection pool for all calls; one circuit per model, which hears how each call ended.

    A call is one request that a model reads. Before it there may be requests that were turned away unread, for which providers bill
    nothing: a model that takes no schema, or is not there, is found out once an hour at most. All of them share the deadline of the call,
    and any other error ends it.

    `transport` is replaced in tests only.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        routes: ModelRoutes,
        connections: int,
        circuits: Circuits,
        clock: Clock,
        fallbacks: tuple[str, ...] = (),
        prices: PriceTable | None = None,
        limiter: RateLimiter | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = connect(endpoint, connections=connections, transport=transport)
        api = ChatCompletions if endpoint.api == "chat" else Responses
        self._api = api(self._client, endpoint)
        self._endpoint = endpoint
        self._routes = routes
        self._fallbacks = fallbacks
        self._circuits = circuits
        self._prices = prices or PriceTable()
        self._limiter = limiter
        self._refused = Remembered(clock)
        self._tracer = trace.get_tracer("generator")

    def name(self, attempt: Attempt) -> str:
        return self._routes(attempt.job_id, attempt.form)

    async def close(self) -> None:
        await self._client.close()

    async def admitted(self, prompt: Prompt, attempt: Attempt) -> None:
        model = self.name(attempt)
        self._circuits.enter(model)
        if self._limiter is None:
            return
        refused_s = await self._limiter.enter(self._tokens(prompt))
        if refused_s is not None:
            self._circuits.of(model).throttled(refused_s)
            limited = failure(FailureType.RATE_LIMITED, "the provider's limit is used up by other calls")
            raise Transient(limited, retry_after_s=refused_s, counted=False)

    async def write(self, prompt: Prompt, call: Call, *, deadline_s: float) -> tuple[Answer, Spent]:
        model = self.name(call.attempt)
        with self._tracer.start_as_current_span(
            f"chat {model}",
            kind=SpanKind.CLIENT,
            attributes=spans.attributes(self._endpoint, model, call),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                reply, wish = await self._reply(model, prompt, call, deadline_s)
                spans.describe(span, reply)
                return await self._result(model, prompt, reply, wish)
            except TimeoutError:
                self._circuits.of(model).failed()
                spans.mark(span, FailureType.TIMEOUT)
                raise
            except (Transient, Permanent) as error:
                spans.mark(span, error.failure.type)
                raise

    async def _reply(self, model: str, prompt: Prompt, call: Call, deadline_s: float) -> tuple[Reply, Wish]:
        """The one answer of a call, and how it was asked for."""
        problem = Problem(Meaning.MODEL)
        async with timeout(deadline_s):
            for name in self._candidates(model):
                for wish in self._wishes(name):
                    found = await self._ask(name, wish, prompt, call, deadline_s)
                    if isinstance(found, Reply):
                        return found, wish
                    problem = found
                    if problem.meaning is not Meaning.SCHEMA:
                        break
                    self._refused.add(name, wish)
                if problem.meaning is not Meaning.MODEL:
                    break
                self._refused.add(name, _ANY)
        raise self._failed(model, problem)

    def _candidates(self, model: str) -> tuple[str, ...]:
        """The models to ask, in order; OpenRouter changes over to fallbacks by itself. The last one is asked even if it was missing."""
        names = (model,) if self._endpoint.dialect == "openrouter" else (model, *self._fallbacks)
        return tuple(name for name in names if not self._refused.has(name, _ANY)) or names[-1:]

    def _wishes(self, model: str) -> tuple[Wish, ...]:
        """The ways to ask the model, in order. JSON mode is for servers that know nothing better: who takes a schema needs none."""
        known = (wish for wish in Wish if wish is not Wish.OBJECT or self._endpoint.dialect == "compatible")
        return tuple(wish for wish in known if wish is Wish.WORDS or not self._refused.has(model, wish))

    async def _ask(self, model: str, wish: Wish, prompt: Prompt, call: Call, deadline_s: float) -> Reply | Problem:
        """One request. An error is a value, so that what is raised because of it has no context that knows the prompt."""
        asked = Asked(
            model=model,
            messages=prompt.messages if wish is Wish.SCHEMA else structured.with_instruction(prompt.messages),
            wish=wish,
            headers=_headers(call),
            deadline_s=deadline_s,
            fallbacks=self._fallbacks,
        )
        try:
            reply = await self._api.ask(asked)
        except (APITimeoutError, TimeoutError):
            return Problem(Meaning.LATE)
        except APIStatusError as error:
            return errors.of_status(error)
        except (OpenAIError, OSError):
            return Problem(Meaning.UNREACHABLE)
        except ValidationError:
            return Problem(Meaning.UNREADABLE)
        return reply.problem or reply

    async def _result(self, model: str, prompt: Prompt, reply: Reply, wish: Wish) -> tuple[Answer, Spent]:
        self._circuits.of(model).answered()
        if self._limiter is not None and reply.usage is not None:
            await self._limiter.settle(self._tokens(prompt), reply.usage.prompt + reply.usage.completion)
        if reply.refused:
            raise Permanent(failure(FailureType.AI_API_ERROR, "the model refused to write the text"))
        content = structured.json_object(reply.content)
        answer = Answer(
            content, reply.finish_reason, reply.model or model, "json" if wish is Wish.SCHEMA else "json_plain"
        )
        if reply.usage is None:
            return answer, Spent(cost_usd=reply.cost_usd)
        cost_usd = reply.cost_usd
        if cost_usd is None:
            cost_usd = self._prices.cost_usd(reply.usage, reply.model, model)
        return answer, Spent(reply.usage.prompt, reply.usage.completion, cost_usd)

    def _failed(self, model: str, problem: Problem) -> Transient | Permanent | TimeoutError:
        """What a problem means for the job, once the model's circuit has heard of it."""
        circuit = self._circuits.of(model)
        match problem.meaning:
            case Meaning.LATE:
                return TimeoutError()
            case Meaning.KEY:
                refused = failure(FailureType.AI_API_ERROR, problem.sentence)
                return Transient(refused, retry_after_s=circuit.refused(problem.status), counted=False)
            case Meaning.THROTTLED:
                circuit.throttled(problem.retry_after_s)
                throttled = failure(FailureType.RATE_LIMITED, problem.sentence)
                return Transient(throttled, retry_after_s=problem.retry_after_s, counted=False)
            case Meaning.BROKEN | Meaning.UNREACHABLE | Meaning.UNREADABLE:
                circuit.failed()
                return Transient(
                    failure(FailureType.AI_API_ERROR, problem.sentence), retry_after_s=problem.retry_after_s
                )
            case Meaning.CONTENT | Meaning.SCHEMA | Meaning.MODEL | Meaning.REFUSED:
                circuit.answered()
                return Permanent(failure(FailureType.AI_API_ERROR, problem.sentence))

    def _tokens(self, prompt: Prompt) -> int:
        """What a call takes of the limit at most, as providers reckon before it is made: the prompt and the longest answer."""
        characters = sum(len(message.content) for message in prompt.messages)
        return characters // CHARACTERS_PER_TOKEN + self._endpoint.max_output_tokens


def _headers(call: Call) -> dict[str, str]:
    traceparent = current_traceparent()
    return {"X-Client-Request-Id": str(call.id)} | ({"traceparent": traceparent} if traceparent else {})
