"""Checks whose stored values a template reads: by dynamic references, for which CloudFormation uses
the rights of the stack's role, and with the rights of its own roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioning.design.expressions import DYNAMIC_REFERENCE_START
from provisioning.proof.model.policies import POLICY_TYPES
from provisioning.proof.model.template import Resource, Stack
from provisioning.proof.model.values import CLOSE, OPEN, is_known, mapping, shown, texts
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_SOURCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"
_REFERENCE = re.compile(r"\{\{resolve:(secretsmanager|ssm|ssm-secure):([^{}]*)\}\}")
# EC2 resolves this form in a launch template's ImageId.
_IMAGE = re.compile(r"resolve:(ssm):(.*)")
_SECRET_ARN = re.compile(rf"arn:[^:]*:secretsmanager:[^:]*:(?:{OPEN}[^{CLOSE}]*{CLOSE}|[^:]*):secret:([^:]*)")
_FIRST_MARK = re.compile(rf"/?{OPEN}([^{CLOSE}?.]+)(?:\.[^{CLOSE}]+)?{CLOSE}(?![A-Za-z0-9])")
# Secrets Manager adds a hyphen and six characters to a name.
_ANY_ENDING = "-??????"
_PUBLIC = "/aws/service/"
_TEAM_TAG = "portal:team"
_NAMED_LIKE_IT = {"secretsmanager": "AWS::SecretsManager::Secret", "ssm": "AWS::SSM::Parameter"}


@rule(
    "secrets.dynamic-reference",
    "Dynamic references read only values of the environment or its team",
    severity="high",
    why="A reference to another team's secret would put its value into a resource that this team reads.",
    remedy=(
        "Refer to a secret of the template by Ref, to one that is named portal/<team>/… (a parameter: /portal/<team>/…), "
        "or to one that an administrator has listed for the team."
    ),
    source=_SOURCE,
)
def dynamic_reference(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        references = 0
        for holders, place, service, key in _references(view, stack):
            references += 1
            where = f"{place}: {{{{resolve:{service}:{shown(key)}}}}}"
            if why := _belongs(view, stack, service, key):
                report.fact(f"{place} reads {why}")
            else:
                report.fault(holders, f"{place} reads {shown(key) or 'something'}, which is not the team's own.", where)
        report.fact(f"the stack {stack.key}: {references} dynamic references")


def _references(view: View, stack: Stack) -> Iterator[tuple[list[Resource], str, str, str]]:
    """Each reference of a stack: its resource, its place, its service and its key. An unreadable
    one has neither service nor key.
    """
    for resource in view.model.resources.values():
        if resource.stack != stack.key:
            continue
        named = ((f"{name[:40]} (a key)", name) for name in _keys(resource.properties))
        for path, text in (*texts(resource.properties), *named):
            for service, key in _in_text(text, image=path.endswith("ImageId")):
                yield [resource], resource.at(path), service, key
    for name, value in view.model.outputs.get(stack.key, {}).items():
        for service, key in _in_text(str(value)):
            yield [], f"Outputs.{name}", service, key
    others = {name: part for name, part in stack.template.items() if name not in ("Resources", "Outputs")}
    for path, text in [*texts(others), *texts(dict(stack.parameters), "Parameters")]:
        for service, key in _in_text(text):
            yield [], path, service, key


def _in_text(text: str, *, image: bool = False) -> Iterator[tuple[str, str]]:
    for start in DYNAMIC_REFERENCE_START.finditer(text):
        match = _REFERENCE.match(text, start.start())
        yield (match[1], match[2]) if match else ("", "")
    if image and (match := _IMAGE.match(text)):
        yield match[1], match[2]


def _keys(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from map(str, part)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _belongs(view: View, stack: Stack, service: str, key: str) -> str:
    """What the reference reads, if it is the environment's, the team's or AWS's own; else empty."""
    team = mapping(stack.tags).get(_TEAM_TAG, "")
    name = arn[1] if (arn := _SECRET_ARN.match(key)) else key.split(":", 1)[0] if is_known(key) else key
    if mark := _FIRST_MARK.match(name):
        own = mark[1] in view.model.resources or mark[1] in ("AWS::StackName", "AWS::StackId")
        return f"{shown(mark[0])} of this stack" if own else ""
    if not is_known(name.split(":", 1)[0]):
        return ""
    if {name, name.removesuffix(_ANY_ENDING), key} & view.listed or any(
        key.startswith(f"{one}:") for one in view.listed
    ):
        return f"{name}, which is listed for the team"
    if service == "ssm" and name.startswith(_PUBLIC):
        return f"AWS's public parameter {name}"
    prefix = f"portal/{team}/" if service == "secretsmanager" else f"/portal/{team}/"
    if team and name.startswith(prefix):
        return f"{name}, which has the team's prefix"
    named = view.of(_NAMED_LIKE_IT.get(service, "AWS::SSM::Parameter"))
    return f"{name} of this stack" if name in {resource.get("Name") for resource in named} - {None} else ""


@rule(
    "secrets.foreign-right",
    "Roles read only secrets of the environment or its team",
    severity="high",
    why="Code with such a role can pass another team's secret on to any address.",
    remedy="Name a secret of the template by Ref, one that is named portal/<team>/…, or one that is listed for the team.",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html",
    types=POLICY_TYPES,
)
def foreign_right(view: View, report: Reporter) -> None:
    for statement in view.policies.of("identity"):
        if not statement.allow or not statement.matches("secretsmanager:GetSecretValue"):
            continue
        stack = view.model.stack(statement.resource.stack)
        foreign = [name for name in statement.resources or ("*",) if not _belongs(view, stack, "secretsmanager", name)]
        if foreign:
            sentence = f"{', '.join(statement.holders)} may read {shown(foreign)}, which is not the team's own."
            report.fault(statement.resource, sentence, statement.line)
        else:
            report.passes(statement.resource, f"{statement.at}: {shown(list(statement.resources))}")
