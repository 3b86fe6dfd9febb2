"""Proves what a rendered template allows, from the template alone, with evidence for every result.

Pure: no I/O except the package's own tables, no Django, no AWS. It never reads the design, which
could contain the same error as the template.

How a proof runs: `run.prove` reads each stack's template. `model/parameter_cases` decides the
conditions for every combination of parameters that matters. `model/resolve` evaluates the intrinsic
functions of each case; values that only AWS or a parameter knows become marks. `model/view` offers
the result to the rules: resources, network, security groups, listeners, policies. `rules/` contains
the rules, `facts/` what they need to know about AWS, as data with sources. `report` holds the
result.

Write a rule: add a function to the module of its subject in `rules/`; a new module is found by
itself. Decorate it with `@rule(id, title, severity=…, why=…, remedy=…, source=…, types=…)`. The id
is `area.name`; it never changes, because stored proofs contain it. The title states what is true if
the rule passes, `why` the risk, `remedy` what to change, `source` the AWS page, and `types` every
resource type that the rule covers.

The function receives `(view, report)`. `view.of(type)` yields resources, `resource.get("A.B.C")` a
property, and `resource.at("A.B.C")` its name for evidence. Call `report.passes(resource, evidence)`
for a resource that is right, `report.fault(resources, sentence, *evidence)` for a fault, and
`report.undecided(…)` for a value that the template does not decide (`is_unknown`): the unknown is
never safe. `report.fact(text)` records something worth knowing. The rule runs once per parameter
case; `run` merges equal findings and adds for which parameters they hold.

Test a rule: add a mutation to `tests/proof/mutations_*.py`. It breaks one thing in a healthy
template, and the rule must report it with the given severity, and must report nothing for the
healthy template. Then run `python -m tests.proof.readme`, which rewrites README.md, and update the
rule and template counts in the top-level README.md.

Trade-offs: a rule reads text that CloudFormation would read, so it must follow CloudFormation's
semantics (the text `true` is a boolean; a condition restricts access only by the callers that it
really excludes). A finding that is wrong in a rare case is better than a fault that is missed.
"""

from provisioning.proof.model.template import Stack
from provisioning.proof.report import Admission, Checked, Finding, Grant, Proof, Severity
from provisioning.proof.rule import RULES, Rule
from provisioning.proof.run import prove

__all__ = ["RULES", "Admission", "Checked", "Finding", "Grant", "Proof", "Rule", "Severity", "Stack", "prove"]
