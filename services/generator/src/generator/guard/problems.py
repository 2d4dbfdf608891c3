"""Why a text is refused, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A code for people who operate it, a sentence for the model that is to repair it.

    Codes go into logs, the journal and the job; sentences only into the next prompt. Neither holds a piece of the text.
    """

    code: str
    sentence: str
