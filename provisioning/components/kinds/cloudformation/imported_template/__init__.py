"""Existing CloudFormation templates: read, checked, turned into questions, and refused if the
portal could not keep its promises.
"""

from provisioning.components.kinds.cloudformation.imported_template.dynamic_references import (
    own_references,
    parameters_read,
)
from provisioning.components.kinds.cloudformation.imported_template.external_names import names_outside
from provisioning.components.kinds.cloudformation.imported_template.identity import Identity
from provisioning.components.kinds.cloudformation.imported_template.questions import Question, questions
from provisioning.components.kinds.cloudformation.imported_template.reading import (
    ImportedTemplate,
    TemplateProblem,
    read_template,
)
from provisioning.components.kinds.cloudformation.imported_template.refusals import refusals
from provisioning.components.kinds.cloudformation.imported_template.rewriting import Rewritten, rewrite

__all__ = [
    "Identity",
    "ImportedTemplate",
    "Question",
    "Rewritten",
    "TemplateProblem",
    "names_outside",
    "own_references",
    "parameters_read",
    "questions",
    "read_template",
    "refusals",
    "rewrite",
]
