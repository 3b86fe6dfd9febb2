"""Proof before provisioning: what a rendered template allows, read from the template alone, with evidence.

Pure: no I/O beyond the package's own tables, no Django, no AWS; it never looks at the design, which could be wrong in
the same way as the template.
"""

from provisioning.proof.model.template import Stack
from provisioning.proof.report import Admission, Checked, Finding, Grant, Proof, Severity
from provisioning.proof.rule import RULES, Rule
from provisioning.proof.run import prove

__all__ = ["RULES", "Admission", "Checked", "Finding", "Grant", "Proof", "Rule", "Severity", "Stack", "prove"]
