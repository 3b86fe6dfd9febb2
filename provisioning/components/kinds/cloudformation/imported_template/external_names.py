"""What an imported template names outside the environment, as far as its own text and the answers to
its parameters tell.

Parameters and `Fn::Join` are filled in first, so that an ARN is recognised however it is written.
Names that contain the stack's own name or a resource of the template are the environment's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from provisioning.components.kinds.cloudformation.imported_template.filling import Filling
from provisioning.components.kit.dynamic_references import texts_in
from provisioning.components.kit.external_names import private_repositories
from provisioning.design.external_names import ExternalKind
from provisioning.design.graph import EnvironmentContext

_NAME: Final = r"(?:\$\{[^}\s]*\}|[A-Za-z0-9/_+=,.@*?-])+"


def _arn(service: str, path: str) -> re.Pattern[str]:
    """Return the pattern of an ARN; its groups are the ARN and the name at its end."""
    part = r"(?:\$\{[^}\s]*\}|[^:\s\"'$])*"
    return re.compile(f"(arn:{part}:{service}:{part}:{part}:{path}({_NAME}))")


# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ARNS: Final = {
    ExternalKind.SECRET: _arn("secretsmanager", "secret:"),
    ExternalKind.ROLE: _arn("iam", "role/"),
    ExternalKind.CERTIFICATE: _arn("acm", "certificate/"),
}
_SECRET_REFERENCE: Final = re.compile(r"\{\{resolve:secretsmanager:(arn:[^:]*:[^:]*:[^:]*:[^:]*:secret:[^:}]*|[^:}]*)")
# Properties that hold a bare name instead of an ARN. AliasTarget's zone is where AWS keeps the target's own record.
_ZONES: Final = ("HostedZoneId", "HostedZoneName")
_ALIAS: Final = "AliasTarget"
# Another account, or one of its users, in a trust policy. Its roles are found as roles.
_PRINCIPAL: Final = re.compile(r"(?:arn:[^:]*:(?:iam|sts)::)?([0-9]{12})(?::(?:root|user/.*))?")
_ROLE_LISTS: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::InstanceProfile")
_OWN: Final = re.compile(r"\$\{(?:AWS::Stack(?:Name|Id)|[A-Za-z0-9]+(?:\.[A-Za-z0-9.]+)?)\}")


class NamedOutside(NamedTuple):
    kind: ExternalKind
    name: str
    where: str


def names_outside(
    template: Mapping[str, Any], answers: Mapping[str, str], environment: EnvironmentContext
) -> tuple[NamedOutside, ...]:
    """Return each name once. `answers` are the values of the parameters, as AWS receives them."""
    own = template.get("Parameters") or {}
    values = {name: str(each["Default"]) for name, each in own.items() if isinstance(each, dict) and "Default" in each}
    filling = Filling(
        {
            **values,
            **answers,
            "AWS::AccountId": environment.account_id,
            "AWS::Region": environment.region,
            "AWS::Partition": "aws",
        }
    )
    found = (
        name for logical, resource in template["Resources"].items() for name in _of_resource(logical, resource, filling)
    )
    own_account = (ExternalKind.ACCOUNT, environment.account_id)
    return tuple(dict.fromkeys(name for name in found if (name.kind, name.name) != own_account))


def _of_resource(logical: str, resource: Mapping[str, Any], filling: Filling) -> Iterator[NamedOutside]:
    properties = filling.filled(resource.get("Properties") or {})
    yield from _names_in(properties, logical)
    if resource.get("Type") in _ROLE_LISTS:
        roles = properties.get("Roles")
        for name in roles if isinstance(roles, list) else ():
            if isinstance(name, str) and not _is_own(name):
                yield NamedOutside(ExternalKind.ROLE, name, f"{logical}.Roles")
    if resource.get("Type") == "AWS::IAM::Role":
        for place, text in texts_in(properties.get("AssumeRolePolicyDocument"), f"{logical}.AssumeRolePolicyDocument"):
            if "Principal.AWS" in place and (principal := _PRINCIPAL.fullmatch(text)):
                yield NamedOutside(ExternalKind.ACCOUNT, principal[1], place)


def _names_in(value: Any, where: str) -> Iterator[NamedOutside]:
    if isinstance(value, str):
        yield from _names_in_text(value, where)
    elif isinstance(value, list):
        for part in value:
            yield from _names_in(part, where)
    elif isinstance(value, dict) and value.get("Effect") != "Deny":
        for key, part in value.items():
            place = f"{where}.{key}"
            if key in _ZONES and isinstance(part, str) and not where.endswith(f".{_ALIAS}") and not _is_own(part):
                yield NamedOutside(ExternalKind.HOSTED_ZONE, part, place)
            yield from _names_in(part, place)


def _names_in_text(text: str, where: str) -> Iterator[NamedOutside]:
    for kind, pattern in _ARNS.items():
        for arn, name in pattern.findall(text):
            if not _is_own(name):
                yield NamedOutside(kind, arn, where)
    for name in _SECRET_REFERENCE.findall(text):
        if not name.startswith("arn:") and not _is_own(name):
            yield NamedOutside(ExternalKind.SECRET, name, where)
    for repository in private_repositories(text):
        yield NamedOutside(ExternalKind.IMAGE_REPOSITORY, repository, where)


def _is_own(name: str) -> bool:
    """Whether a name contains a name of this stack, before which nothing matches other names."""
    own = _OWN.search(name)
    return own is not None and not set("*?") & set(name[: own.start()])
