"""The two changes that the portal makes to an imported template, and reports: secrets, and what ties
resources to their environment (`identity.py`).

With a NoEcho parameter a secret would pass through the portal. The parameter is removed, and every
use of it reads a secret in Secrets Manager by a dynamic reference: a generated one, or one that the
team names.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from provisioning.components.kinds.cloudformation.imported_template.generation import generation
from provisioning.components.kinds.cloudformation.imported_template.identity import Identity, identify
from provisioning.components.kinds.cloudformation.imported_template.reading import ImportedTemplate, TemplateProblem
from provisioning.components.kit.intrinsic_functions import IN_SUB, functions, mentioned_names


@dataclass(frozen=True)
class Rewritten:
    """The template as it is sent, and each change in a sentence. `generated` are the logical ids of
    added secrets.
    """

    data: Mapping[str, Any]
    changes: tuple[str, ...]
    generated: tuple[str, ...]


def secret_parameters(template: ImportedTemplate) -> list[str]:
    return [name for name, value in template.section("Parameters").items() if is_secret(value)]


def is_secret(parameter: Mapping[str, Any]) -> bool:
    value = parameter.get("NoEcho")
    return value is True or (isinstance(value, str) and value.lower() == "true")


def misplaced_secrets(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    """Yield uses of NoEcho parameters where CloudFormation reads no secret, or where the value
    would be visible.
    """
    secrets = set(secret_parameters(template))
    for section in ("Conditions", "Rules", "Outputs"):
        for entry, value in template.section(section).items():
            for name in sorted(secrets & mentioned_names(value)):
                yield _misplaced(template, section, entry, name, f"in {section}, where CloudFormation reads no secret")
    for entry, resource in template.section("Resources").items():
        outside = {key: value for key, value in resource.items() if key != "Properties"}
        for name in sorted(secrets & mentioned_names(outside)):
            where = "in its Metadata, where the value would be visible and CloudFormation reads no secret"
            yield _misplaced(template, "Resources", entry, name, where)
        encoded = [value for key, value in functions(resource.get("Properties", {})) if key == "Fn::Base64"]
        for name in sorted(secrets & mentioned_names(encoded)):
            where = "in user data, which everybody who may describe the instance can read"
            yield _misplaced(template, "Resources", entry, name, where)


def _misplaced(template: ImportedTemplate, section: str, entry: str, name: str, where: str) -> TemplateProblem:
    return TemplateProblem(
        template.line(section, entry),
        f"{entry} uses the NoEcho parameter {name} {where}; let the resource read it from Secrets Manager itself.",
    )


def rewrite(template: ImportedTemplate, *, secrets: Mapping[str, str], identity: Identity) -> Rewritten:
    """Return the template as it is sent. `secrets` maps NoEcho parameters that are not generated to
    the ARN of a secret.

    Raises TemplateProblem if a secret can neither be generated nor was named.
    """
    data = deepcopy(dict(template.data))
    changes: list[str] = []
    generated: list[str] = []
    instead: dict[str, Any] = {}
    for name in secret_parameters(template):
        instead[name], change = _reference(template, name, secrets.get(name, ""), data, generated)
        changes.append(change)
        del data["Parameters"][name]
    for resource in data["Resources"].values():
        if "Properties" in resource:
            resource["Properties"] = _replaced(resource["Properties"], instead)
    if not data.get("Parameters"):
        data.pop("Parameters", None)
    _forget_in_interface(data, set(instead))
    changes.extend(identify(data["Resources"], identity))
    return Rewritten(data, tuple(changes), tuple(generated))


def _reference(
    template: ImportedTemplate, name: str, arn: str, data: dict[str, Any], generated: list[str]
) -> tuple[Any, str]:
    if arn:
        return (
            f"{{{{resolve:secretsmanager:{arn}:SecretString}}}}",
            f"The parameter {name} is read from the secret that you name.",
        )
    parameter = template.section("Parameters")[name]
    how = generation(parameter)
    if how is None:
        raise TemplateProblem(
            template.line("Parameters", name),
            f"The parameter {name} has constraints that a generated value might not satisfy; set the ARN of a secret that holds the value.",
        )
    logical_id, number = f"{name}Secret", 2
    while logical_id in data["Resources"]:
        logical_id, number = f"{name}Secret{number}", number + 1
    data["Resources"][logical_id] = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Description": f"Generated for the parameter {name}", "GenerateSecretString": how},
    }
    generated.append(logical_id)
    return (
        {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{logical_id}}}:SecretString}}}}"},
        f"The parameter {name} is a secret: AWS generates it into Secrets Manager ({logical_id}), and nobody enters it.",
    )


def _forget_in_interface(data: dict[str, Any], gone: set[str]) -> None:
    """Remove these parameters from the console's grouping, which may only name existing ones."""
    metadata = data.get("Metadata")
    interface = metadata.get("AWS::CloudFormation::Interface") if isinstance(metadata, dict) else None
    if not isinstance(interface, dict) or not gone:
        return
    groups = interface.get("ParameterGroups")
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict) and isinstance(group.get("Parameters"), list):
            group["Parameters"] = [name for name in group["Parameters"] if name not in gone]
    if isinstance(interface.get("ParameterLabels"), dict):
        interface["ParameterLabels"] = {k: v for k, v in interface["ParameterLabels"].items() if k not in gone}


def _replaced(value: Any, instead: Mapping[str, Any]) -> Any:
    """Return the value with every Ref (and `${…}` of a Sub) to a name of `instead` replaced."""
    if isinstance(value, list):
        return [_replaced(item, instead) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in instead:
        return instead[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return {"Fn::Sub": _sub(value["Fn::Sub"], instead)}
    return {key: _replaced(item, instead) for key, item in value.items()}


def _sub(value: Any, instead: Mapping[str, Any]) -> Any:
    text, own = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})  # noqa: PLR2004
    if not isinstance(text, str) or not isinstance(own, dict):
        return value
    own = {name: _replaced(item, instead) for name, item in own.items()}
    wanted = {name: instead[name] for name, _ in IN_SUB.findall(text) if name in instead and name not in own}
    variables = {**own, **wanted}
    return [text, variables] if variables else text
