"""The checks that every answer of a model passes before anything else sees it.

Pure, but for the language model read once by `Validator.load`. One file per concept; each check gives reasons as data.
"""

from generator.guard.cleaning import cleaned
from generator.guard.problems import Problem
from generator.guard.translation import fidelity
from generator.guard.validator import Missing, Rejected, Valid, Validator, Verdict

__all__ = ["Missing", "Problem", "Rejected", "Valid", "Validator", "Verdict", "cleaned", "fidelity"]
