"""Checks that no secret can be read in environment variables, properties, parameters, user data,
outputs or elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from provisioning.design.secret_names import ABOUT, promises_secret
from provisioning.proof.facts.secrets import DYNAMIC, HINT, PROPERTY, VALUES, assignments, masked
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import has_unknown, is_unknown, mapping, mentioned, number, shown, texts
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_SECRETS = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html"
_WITH_ENVIRONMENT = (
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::Function",
    "AWS::CodeBuild::Project",
    "AWS::Batch::JobDefinition",
    "AWS::AppRunner::Service",
    "AWS::ElasticBeanstalk::Environment",
    "AWS::Amplify::App",
    "AWS::SageMaker::Model",
    "AWS::Glue::Job",
)


def variables(value: Any, path: str = "", *, inside: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yields (path, name, value) of environment variables, for every type that has them."""
    if isinstance(value, dict):
        name = value.get("Name", value.get("Key", value.get("OptionName")))
        if inside and isinstance(name, str) and isinstance(value.get("Value"), str):
            if value.get("Type", "PLAINTEXT") == "PLAINTEXT":
                yield path, name, value["Value"]
            return
        for key, part in value.items():
            here = f"{path}.{key}" if path else key
            if inside and isinstance(part, str):
                yield here, key, part
            else:
                yield from variables(part, here, inside=inside or key in _ENVIRONMENTS)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from variables(part, f"{path}[{index}]", inside=inside)


_ENVIRONMENTS = (
    "Environment",
    "EnvironmentVariables",
    "Variables",
    "RuntimeEnvironmentVariables",
    "OptionSettings",
    "DefaultArguments",
)


@rule(
    "secrets.environment",
    "No environment variable holds a secret",
    severity="high",
    why="Everyone who may describe a task definition or a function can read its environment, and logs may show it.",
    remedy="Put it into Secrets Manager, and reference it in Secrets or read it by its ARN.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
    types=_WITH_ENVIRONMENT,
)
def environment(view: View, report: Reporter) -> None:
    for resource in view.of(*_WITH_ENVIRONMENT):
        faults = 0
        for path, name, value in variables(resource.properties):
            where = resource.at(f"{path} ({name})")
            if DYNAMIC.search(value):
                faults += 1
                report.fault(
                    resource,
                    f"{resource.key} gets the secret {name} as plain text, because CloudFormation resolves it.",
                    where,
                )
            elif promises_secret(name) and value and not set(mentioned(value)):
                faults += 1
                if has_unknown(value):
                    report.fault(
                        resource, f"{resource.key} gets {name} as plain text from a parameter.", f"{where}: {value}"
                    )
                else:
                    report.fault(resource, f"{resource.key} gets {name} as plain text.", f"{where}: {masked(value)}")
        if not faults:
            report.passes(resource, f"{resource.key}: no secret in its environment")


@rule(
    "secrets.property",
    "No property holds a secret in plain text",
    severity="high",
    why="A password in a template is in every copy of the template: in Git, in the stack, in backups.",
    remedy="Generate the secret in AWS, and refer to it by {{resolve:secretsmanager:…}} or a managed password.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html",
)
def written_out(view: View, report: Reporter) -> None:
    for resource in view.model.resources.values():
        for path, value in texts(resource.properties):
            name = path.rpartition(".")[2].partition("[")[0]
            if not PROPERTY.match(name) or "GenerateSecretString" in path or not value:
                continue
            if name == "Secret" and not resource.type.startswith("AWS::Cognito"):
                continue
            where = resource.at(path)
            if DYNAMIC.search(value) or set(mentioned(value)):
                report.passes(resource, f"{where} is {value}")
            elif is_unknown(value):
                report.fault(
                    resource,
                    f"The secret {name} of {resource.key} is passed through a parameter.",
                    f"{where}: {value}",
                    severity="medium",
                )
            else:
                report.fault(
                    resource, f"The secret {name} of {resource.key} is in plain text.", f"{where}: {masked(value)}"
                )


@rule(
    "secrets.pattern",
    "Nothing in the template looks like a key or token",
    severity="high",
    why="Keys have well-known formats, so anyone who gets the template can find them.",
    remedy="Revoke the key now, and keep its successor in Secrets Manager.",
    source=_SECRETS,
)
def pattern(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        matches = 0
        for path, text in texts(stack.template):
            if HINT.search(text) is None:
                continue
            for what, form in VALUES.items():
                if match := form.search(text):
                    matches += 1
                    holder = _resource_at(view, stack.key, path)
                    report.fault(holder, f"The template contains {what}.", f"{path}: {masked(match[0])}")
        if not matches:
            report.fact(f"the stack {stack.key}: no text has the format of a key, token or password")


def _resource_at(view: View, stack: str, path: str) -> list[Resource]:
    parts = path.split(".")
    name = parts[1] if len(parts) > 1 and parts[0] == "Resources" else ""
    key = name if stack == "main" else f"{stack}/{name}"
    return [view.model.resources[key]] if key in view.model.resources else []


_TEXT_PARAMETERS = ("String", "CommaDelimitedList")


@rule(
    "secrets.parameter",
    "Secrets are generated in AWS, never parameters",
    severity="medium",
    why="A parameter passes through a form, a shell or a pipeline first, and may be stored there.",
    remedy="Let Secrets Manager generate it, or let people enter it there after the stack is created.",
    source=_SECRETS,
)
def parameter(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        parameters = mapping(stack.template.get("Parameters"))
        for name, body in parameters.items():
            described = mapping(body)
            hidden = str(described.get("NoEcho", "")).lower() == "true"
            where = f"Parameters.{name}"
            if hidden and described.get("Default") not in (None, ""):
                report.fault(
                    [],
                    f"The secret parameter {name} has a default that everyone can read.",
                    f"{where}.Default",
                    severity="high",
                )
            elif hidden:
                report.fault([], f"{name} is a secret that is passed as a parameter.", f"{where}.NoEcho")
            elif promises_secret(name) and described.get("Type", "String") in _TEXT_PARAMETERS:
                report.fault(
                    [],
                    f"{name} is visible to everyone who may describe the stack.",
                    f"{where}.NoEcho is not set",
                    severity="high",
                )
        if not parameters:
            report.fact(f"the stack {stack.key} has no parameters")
        else:
            report.fact(f"the stack {stack.key}: {len(parameters)} parameters checked")


@rule(
    "secrets.user-data",
    "User data holds no secret",
    severity="high",
    why="Every program on the host can read its user data, and so can everyone who may describe the instance.",
    remedy="Read the secret at boot with the host's role.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html",
    types=("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"),
)
def user_data(view: View, report: Reporter) -> None:
    for kind, path in (
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.UserData"),
        ("AWS::EC2::Instance", "UserData"),
        ("AWS::AutoScaling::LaunchConfiguration", "UserData"),
    ):
        for host in view.of(kind):
            script = host.get(path)
            if script is None:
                continue
            secrets = [(name, value) for name, value in assignments(str(script)) if _is_literal_secret(name, value)]
            for name, value in secrets:
                detail = value if has_unknown(value) else masked(value)
                report.fault(host, f"The user data of {host.key} sets {name}.", f"{host.at(path)}: {name} = {detail}")
            if not secrets:
                report.passes(host, f"{host.at(path)} sets no secret")


def _is_literal_secret(name: str, value: str) -> bool:
    """Whether an assignment contains a literal secret, not a name, an ARN, a path or a reference to
    its location.
    """
    if ABOUT.search(name) or value.startswith(("arn:", "/", "-", "|", "*", "{{resolve")):
        return False
    return not set(mentioned(value))


@rule(
    "secrets.output",
    "No output shows a secret",
    severity="high",
    why="Outputs are visible to everyone who may describe the stack.",
    remedy="Output the secret's ARN instead.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html",
)
def output(view: View, report: Reporter) -> None:
    for key, outputs in view.model.outputs.items():
        for name, value in outputs.items():
            text = shown(value)
            if DYNAMIC.search(text) or _shows_secret(text):
                holders = [r for n in mentioned(value) if (r := view.model.resources.get(n))]
                report.fault(holders, f"The output {name} shows a secret.", f"Outputs.{name}: {text}")
            elif promises_secret(name) and not set(mentioned(value)):
                report.fault([], f"The output {name} shows a value that looks like a secret.", f"Outputs.{name}")
        report.fact(f"the stack {key}: {len(outputs)} outputs checked")


_ATTRIBUTE = re.compile(r"\$\{[^}.]+\.([^}]+)\}")


def _shows_secret(text: str) -> bool:
    """Whether the text of a value contains a secret attribute, such as `${Key.SecretAccessKey}`, or a
    NoEcho parameter.
    """
    return any(map(promises_secret, _ATTRIBUTE.findall(text))) or "the secret parameter" in text


@rule(
    "secrets.generated",
    "Secrets are generated, and long",
    severity="medium",
    why="Nobody has seen a secret that AWS generates; a short secret can be guessed.",
    remedy="Use GenerateSecretString with 32 characters or more.",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/cfn-example_secret.html",
    types=("AWS::SecretsManager::Secret",),
)
def generated(view: View, report: Reporter) -> None:
    for secret in view.of("AWS::SecretsManager::Secret"):
        how = secret.get("GenerateSecretString")
        if how is None and secret.get("SecretString") is None:
            report.passes(secret, f"{secret.key} is created without a value, which people enter")
        elif how is None and (sources := _composed_from(view, secret)):
            report.passes(secret, f"{secret.key} is composed inside AWS from {', '.join(sources)}, generated there")
        elif how is None:
            report.fault(secret, f"The value of {secret.key} comes from the template.", secret.at("SecretString"))
        elif (length := number(mapping(how).get("PasswordLength", 32)) or 32) < _LONG_ENOUGH:
            report.fault(
                secret,
                f"{secret.key} is only {length} characters long.",
                secret.at("GenerateSecretString.PasswordLength"),
                severity="low",
            )
        else:
            report.passes(secret, f"{secret.key} is generated in AWS, {length} characters")


def _composed_from(view: View, secret: Resource) -> list[str]:
    """The generated secrets that CloudFormation resolves into this one, for example a password in a
    URL.
    """
    text = secret.get("SecretString")
    if not isinstance(text, str):
        return []
    resolved = {name for part in text.split("{{resolve:secretsmanager:")[1:] for name in mentioned(part.split("}}")[0])}
    secrets = (view.model.resources.get(name) for name in sorted(resolved))
    return [
        composed.key
        for composed in secrets
        if composed is not None and composed.get("GenerateSecretString") is not None
    ]


_LONG_ENOUGH = 20


_SECRET_REFERENCE = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure):")


@rule(
    "secrets.plain-store",
    "Parameter Store holds no secret as plain text",
    severity="high",
    why="Everyone who may read parameters can read a String parameter, without a key.",
    remedy="Use Secrets Manager; CloudFormation cannot make SecureString parameters.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-securestring.html",
    types=("AWS::SSM::Parameter",),
)
def plain_store(view: View, report: Reporter) -> None:
    for parameter_resource in view.of("AWS::SSM::Parameter"):
        name, value = (
            str(parameter_resource.get("Name", parameter_resource.logical_id)),
            parameter_resource.get("Value"),
        )
        last = name.rpartition("/")[2]
        text = shown(value)
        if _SECRET_REFERENCE.search(text) or _shows_secret(text):
            report.fault(
                parameter_resource,
                f"{parameter_resource.key} stores a secret as plain text.",
                f"{parameter_resource.at('Value')}: {text}",
            )
        elif promises_secret(last.replace("-", "_")) and isinstance(value, str) and not set(mentioned(value)):
            detail = value if has_unknown(value) else masked(value)
            report.fault(
                parameter_resource,
                f"{parameter_resource.key} stores {last} as plain text.",
                f"{parameter_resource.at('Value')}: {detail}",
            )
        else:
            report.passes(
                parameter_resource, f"{parameter_resource.key} has neither the name nor the value of a secret"
            )
