"""One checked text for one brief, written or translated: journal, call, checkpoint, check, and at most one repair."""

from generator import prompts
from generator.guard import Missing, Rejected, Valid, Validator
from generator.ports import Answer, Brief, Call, CallJournal, Prompt, Step, TextModel, Written
from shared.errors import Permanent, Transient, failure
from shared.faults import crash_point
from shared.jobs import Attempt, FailureType


class WriteText:
    """Makes at most as many possibly billed calls for each step of a job as the job has attempts, repairs included.

    An answer is stored before it is checked, and an equal prompt of the same job is answered from the store: a crash after the call
    costs no second one.
    """

    def __init__(self, *, calls: CallJournal, model: TextModel, validator: Validator, timeout_s: float) -> None:
        self._calls = calls
        self._model = model
        self._validator = validator
        self._timeout_s = timeout_s

    async def __call__(self, attempt: Attempt, brief: Brief) -> Written:
        """Raises Permanent with NOT_FOUND when the model says so, with VALIDATION_ERROR after two bad answers or no call left.

        VALIDATION_ERROR also comes before any call, for facts that nothing can be written about.
        """
        if problems := self._validator.refuse(brief):
            raise _rejected(Rejected(problems), "before any call")
        step = Step.WRITE if brief.source is None else Step.TRANSLATE
        prompt = prompts.render(brief)
        answer = await self._answer(attempt, prompt, step)
        if answer is None:
            raise Permanent(failure(FailureType.BUDGET_EXHAUSTED, "every call of the job is spent"))
        verdict = self._validator.check(answer, brief)
        if isinstance(verdict, Rejected):
            await self._calls.rejected(attempt, prompt, _codes(verdict))
            prompt = prompts.repair(prompt, [problem.sentence for problem in verdict.problems])
            answer = await self._answer(attempt, prompt, step)
            if answer is None:
                raise _rejected(verdict, "and no call is left to repair it")
            verdict = self._validator.check(answer, brief)
        match verdict:
            case Valid(text):
                return Written(text, answer.model, prompt.version, prompt.hash)
            case Missing():
                raise Permanent(failure(FailureType.NOT_FOUND, "the model says that the subject does not exist"))
            case Rejected():
                await self._calls.rejected(attempt, prompt, _codes(verdict))
                raise _rejected(verdict, "twice")

    async def _answer(self, attempt: Attempt, prompt: Prompt, step: Step) -> Answer | None:
        await self._model.admitted(prompt, attempt)
        call = await self._calls.begin(attempt, prompt, self._model.name(attempt), step)
        if not isinstance(call, Call):
            return call
        await crash_point("generator.before_call")
        try:
            answer, spent = await self._model.write(prompt, call, deadline_s=min(self._timeout_s, call.seconds_left))
            await crash_point("generator.after_call")
        except TimeoutError:
            late = failure(FailureType.TIMEOUT, "the model gave no whole answer in time")
            await self._calls.failed(call, late)
            raise Transient(late) from None
        except Transient as cause:
            await self._calls.failed(call, cause.failure, counted=cause.counted)
            raise
        except Permanent as cause:
            await self._calls.failed(call, cause.failure)
            raise
        await self._calls.answered(call, answer, spent)
        await crash_point("generator.after_checkpoint")
        return answer


def _codes(verdict: Rejected) -> list[str]:
    return [problem.code for problem in verdict.problems]


def _rejected(verdict: Rejected, when: str) -> Permanent:
    codes = ", ".join(_codes(verdict))
    return Permanent(failure(FailureType.VALIDATION_ERROR, f"the text failed the checks {when}: {codes}"))
