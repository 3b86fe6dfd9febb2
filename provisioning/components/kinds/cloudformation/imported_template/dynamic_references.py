"""The dynamic references that an imported template may contain: to its own resources, to secrets
whose names a plan checks, and to parameters of AWS or of the team.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from provisioning.components.kit.dynamic_references import texts_in
from provisioning.design.expressions import DYNAMIC_REFERENCE_START

_REFERENCE: Final = re.compile(r"\{\{resolve:(secretsmanager|ssm|ssm-secure):((?:\$\{[^}]*\}|[^{}])*)\}\}")
_OWN: Final = re.compile(r"\$\{(?:AWS::StackName|([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?)\}")
_SSM_VALUE: Final = "AWS::SSM::Parameter::Value<"


def own_references(template: Mapping[str, Any], *, answers: Mapping[str, str], team: str) -> set[str]:
    """Return the references in a template as they are written.

    Raises ValueError, with a sentence, for one that leads elsewhere. The names of secrets in other
    places are allowed here: `names_outside` reports them, and a plan checks that the team may use
    them.
    """
    references: set[str] = set()
    for place, text in texts_in(template):
        for start in DYNAMIC_REFERENCE_START.finditer(text):
            reference = _REFERENCE.match(text, start.start())
            if reference is None:
                raise ValueError(f"{place} contains a dynamic reference that cannot be read; write it in one piece")
            service, key = reference[1], reference[2]
            if service != "secretsmanager" and not _is_own(key, template) and not _may_read(key, answers, team):
                raise ValueError(
                    f"{place} reads the parameter {key[:80]} of Systems Manager, which belongs neither to AWS "
                    f"(/aws/service/…) nor to the team (/portal/{team}/…); use one of those"
                )
            references.add(reference[0])
    return references


def parameters_read(template: Mapping[str, Any], answers: Mapping[str, str], team: str) -> Iterator[str]:
    """Yield a sentence for every answer that names a parameter of Systems Manager that is not the
    team's: CloudFormation reads it with the rights of the stack's role.
    """
    for name, parameter in (template.get("Parameters") or {}).items():
        named = answers.get(name, str(parameter.get("Default", "")))
        if not str(parameter.get("Type", "")).startswith(_SSM_VALUE) or not named:
            continue
        if not _may_read(named, {}, team):
            yield (
                f"{name} names the parameter “{named[:80]}” of Systems Manager; use one of AWS's (/aws/service/…) or "
                f"of your team's (/portal/{team}/…)"
            )


def _is_own(key: str, template: Mapping[str, Any]) -> bool:
    own = _OWN.match(key)
    return own is not None and (own[1] is None or own[1] in template["Resources"])


def _may_read(key: str, answers: Mapping[str, str], team: str) -> bool:
    filled = re.sub(r"\$\{([A-Za-z0-9]+)\}", lambda found: answers.get(found[1], found[0]), key)
    return filled.startswith(("/aws/service/", f"/portal/{team}/"))
