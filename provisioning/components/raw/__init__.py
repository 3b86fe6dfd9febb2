"""Templates that somebody else wrote: read, understood as far as the portal must, and refused where it could not keep its word."""

from provisioning.components.raw.questions import Question, questions
from provisioning.components.raw.reading import RawProblem, RawTemplate, read_template
from provisioning.components.raw.refusals import refusals
from provisioning.components.raw.rewriting import Rewritten, rewrite

__all__ = [
    "Question",
    "RawProblem",
    "RawTemplate",
    "Rewritten",
    "questions",
    "read_template",
    "refusals",
    "rewrite",
]
