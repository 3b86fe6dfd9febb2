"""Types of settings that name something outside the environment, and how such names are read.

A setting that names a hosted zone, a secret, a certificate, a role, an image or an account has one
of these types, so that a plan can check whether the team may use it. The names are data: no pattern here
lets a wildcard or a colon into the part of an ARN in which a name is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, get_args

from pydantic import BaseModel, Field

from provisioning.design.external_names import ExternalKind, ExternalName
from provisioning.design.graph import Node


@dataclass(frozen=True, slots=True)
class Names:
    """Marks the type of a setting whose text names something of this kind."""

    kind: ExternalKind


# https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html
HostedZoneId: TypeAlias = Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$"), Names(ExternalKind.HOSTED_ZONE)]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
SecretName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$"), Names(ExternalKind.SECRET)]
# AWS's documentation shortens account ids, and its examples should be accepted here; AWS itself decides.
CertificateArn: TypeAlias = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{9,12}:certificate/[A-Za-z0-9-]+$"),
    Names(ExternalKind.CERTIFICATE),
]
RoleArn: TypeAlias = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$"), Names(ExternalKind.ROLE)
]
AccountId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{12}$"), Names(ExternalKind.ACCOUNT)]
# https://github.com/distribution/reference/blob/main/regexp.go
ImageReference: TypeAlias = Annotated[
    str,
    Field(
        max_length=500,
        pattern=(
            r"^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5}/)?([a-z0-9._/-]*[a-z0-9])?"
            r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
        ),
    ),
    Names(ExternalKind.IMAGE_REPOSITORY),
]

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_PRIVATE_REPOSITORY: Final = re.compile(
    r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"
    r"\.?(?::[0-9]{1,5})?/[A-Za-z0-9._/-]+"
)


def private_repositories(text: str) -> list[str]:
    """Return the repositories of private ECR registries in a text. Public images belong to nobody
    in the account.
    """
    return _PRIVATE_REPOSITORY.findall(text)


def names_in_settings(node: Node) -> tuple[ExternalName, ...]:
    """Return what a node's settings name, in the order of its schema."""
    return tuple(
        ExternalName(kind, name, node.address, setting)
        for setting, kind, text in _marked(node.settings, "")
        for name in (private_repositories(text) if kind is ExternalKind.IMAGE_REPOSITORY else [text])
    )


def marker(annotation: Any, metadata: Iterable[Any] = ()) -> Names | None:
    """Return the mark of a type, or of the items of a list or map; None if it has no mark."""
    for each in metadata:
        if isinstance(each, Names):
            return each
    for argument in get_args(annotation):
        if isinstance(argument, Names):
            return argument
        if found := marker(argument):
            return found
    return None


def _marked(settings: BaseModel, path: str) -> Iterator[tuple[str, ExternalKind, str]]:
    for name, field in type(settings).model_fields.items():
        mark = marker(field.annotation, field.metadata)
        for part in _parts(getattr(settings, name)):
            if isinstance(part, BaseModel):
                yield from _marked(part, f"{path}{name}.")
            elif mark and isinstance(part, str):
                yield path + name, mark.kind, part


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _parts(part)
    else:
        yield value
