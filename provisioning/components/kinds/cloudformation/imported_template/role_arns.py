"""Finds ARNs of the template's own roles that are written by hand.

The portal puts roles and instance profiles into the environment's path, and their ARNs contain it.
An ARN without it names a role that does not exist, which AWS reports only while it creates the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provisioning.components.kinds.cloudformation.imported_template.filling import Filling
from provisioning.components.kinds.cloudformation.imported_template.reading import ImportedTemplate, TemplateProblem
from provisioning.components.kit.dynamic_references import texts_in

_NAMES: Final = {"AWS::IAM::Role": "RoleName", "AWS::IAM::InstanceProfile": "InstanceProfileName"}
_ARN: Final = re.compile(r":(?:role|instance-profile)/(?:[^\s/\"'$]+/)*((?:\$\{[^}\s]*\}|[\w+=,.@*?-])+)")


def role_arns(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    """Yield each place where such an ARN is put together, with what to write instead."""
    filling = Filling({})
    resources = template.section("Resources")
    own: dict[str, str] = {}
    for logical, resource in resources.items():
        if name_property := _NAMES.get(resource["Type"]):
            own[f"${{{logical}}}"] = logical
            name = filling.filled((resource.get("Properties") or {}).get(name_property))
            own |= {name: logical} if isinstance(name, str) else {}
    for section in ("Resources", "Outputs"):
        for entry, content in template.section(section).items():
            named = {
                own[name] for _, text in texts_in(filling.filled(content)) for name in _ARN.findall(text) if name in own
            }
            for logical in sorted(named):
                yield TemplateProblem(
                    template.line(section, entry),
                    f"{entry} puts the ARN of {logical} together. The portal gives {logical} a path, which the ARN then "
                    f"lacks; use GetAtt {logical}.Arn.",
                )
