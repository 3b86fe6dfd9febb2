"""Names of things outside an environment that a design refers to: a hosted zone, a secret and so on.

Each of them may belong to another team, so an administrator lists which team may use it. This
module says only what a design names; who may use it is decided when a plan is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExternalKind(StrEnum):
    """What a name refers to. The value is the column of the administrator's list."""

    HOSTED_ZONE = "hosted_zone"
    SECRET = "secret"  # noqa: S105 - a kind of resource
    CERTIFICATE = "certificate"
    ROLE = "role"
    IMAGE_REPOSITORY = "image_repository"
    EMAIL_IDENTITY = "email_identity"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class ExternalName:
    """One name in a component's settings, or in the template of a `cloudformation` component.

    `value` is the name as it is given: the id of a hosted zone (or its domain name in a template),
    the name or ARN of a secret, the ARN of a certificate, the ARN or name of a role, for an image
    in a private ECR registry the registry and repository without tag and digest, the domain or
    address of an email identity, and the id of an AWS account that may assume a role. A template
    may also contain wildcards. `address` is the component's. `setting` is the setting's path, such
    as `certificate.hosted_zone_id`, or the template's parameter or resource property.
    """

    kind: ExternalKind
    value: str
    address: str
    setting: str
