"""A plan as files that deploy without this portal: each stack's template as it was approved, and a
script in the plan's order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from provisioning.exchange.deploy_script import deploy_script
from provisioning.lifecycle.plan_document import PlannedStack, StackedPlan, StackInput
from provisioning.zip_archive import write_zip

_SCRIPT = "deploy.sh"


def cloudformation_package(plan: StackedPlan, *, name: str, digest: str, artefacts: Mapping[str, bytes]) -> bytes:
    """Zip the plan of a creation. `artefacts` are packages by their SHA-256; one that is missing is
    named in the script.

    The templates are the plan's own text, byte for byte.
    """
    files = {_SCRIPT: deploy_script(plan, name=name, digest=digest).encode()}
    for stack in plan.stacks:
        files.update(stack_files(stack))
        for artefact in stack.artefacts:
            if artefact.sha256 in artefacts:
                files[f"artefacts/{artefact.sha256}.zip"] = artefacts[artefact.sha256]
    return write_zip({f"{name}/{path}": data for path, data in files.items()}, executable=[f"{name}/{_SCRIPT}"])


def stack_files(stack: PlannedStack) -> dict[str, bytes]:
    """One stack's files as the AWS CLI takes them. In the file of parameters, a mark replaces each
    value of an earlier stack; the script reads these values itself.
    """
    key = stack.key
    marks = {value.parameter: mark(value) for value in stack.inputs}
    parameters = {**stack.parameters, **marks}
    files = {
        f"{key}.template.json": stack.body.encode(),
        f"{key}.parameters.json": _json(
            [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        ),
        f"{key}.tags.json": _json([{"Key": name, "Value": value} for name, value in stack.tags.items()]),
    }
    if stack.stack_policy:
        files[f"{key}.policy.json"] = stack.stack_policy.encode()
    return files


def mark(value: StackInput) -> str:
    """Return the placeholder for an output of an earlier stack."""
    return f"@{value.stack}.{value.output}@"


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
