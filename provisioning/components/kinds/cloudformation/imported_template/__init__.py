"""Templates that somebody else wrote: read, understood as far as the portal must, and refused where it could not keep its word."""

from provisioning.components.kinds.cloudformation.imported_template.questions import Question, questions
from provisioning.components.kinds.cloudformation.imported_template.reading import (
    RawProblem,
    RawTemplate,
    read_template,
)
from provisioning.components.kinds.cloudformation.imported_template.refusals import refusals
from provisioning.components.kinds.cloudformation.imported_template.rewriting import Rewritten, rewrite

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
