"""Proof before provisioning: what a rendered template allows, read from the template alone, with evidence.

Pure: no I/O beyond the package's own tables, no Django, no AWS; it never looks at the design, which could be wrong in
the same way as the template.
"""

from provisioning.design.prove.model import Stack
from provisioning.design.prove.proof import Admission, Checked, Finding, Grant, Proof, Severity
from provisioning.design.prove.rule import RULES, Rule
from provisioning.design.prove.run import prove

__all__ = ["RULES", "Admission", "Checked", "Finding", "Grant", "Proof", "Rule", "Severity", "Stack", "prove"]
