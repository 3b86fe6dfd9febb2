"""Secrets that a store generates for its users, and references to them that AWS resolves itself.

The value exists in Secrets Manager only: a template says where it is, never what it is.
"""

from __future__ import annotations

from typing import Any

from troposphere import Ref, secretsmanager

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_PASSWORD_LENGTH = 32
_TOKEN_LENGTH = 64


def login(node: Node, build: Build, *, name: str, username: str, description: str, title: str) -> Ref:
    """Add a secret with `username` and a generated `password`."""
    generated = secretsmanager.GenerateSecretString(
        SecretStringTemplate=f'{{"username": "{username}"}}',
        GenerateStringKey="password",
        PasswordLength=_PASSWORD_LENGTH,
        ExcludePunctuation=True,
    )
    return _secret(node, build, name=name, description=description, title=title, generated=generated)


def token(node: Node, build: Build, *, name: str, description: str, title: str) -> Ref:
    """Add a secret whose whole value is generated."""
    generated = secretsmanager.GenerateSecretString(PasswordLength=_TOKEN_LENGTH, ExcludePunctuation=True)
    return _secret(node, build, name=name, description=description, title=title, generated=generated)


def read_secret(arn: Any) -> dict[str, Any]:
    """Return the statement that lets a role read a secret."""
    return iam.allow(["secretsmanager:GetSecretValue"], arn)


def _secret(
    node: Node,
    build: Build,
    *,
    name: str,
    description: str,
    title: str,
    generated: secretsmanager.GenerateSecretString,
) -> Ref:
    resource = secretsmanager.Secret(
        logical_id(node.address, "Secret"),
        Name=build.names.secret(name),
        Description=f"{description} (generated)",
        GenerateSecretString=generated,
    )
    build.retain(resource, policy=None, why="")
    return build.add(node, resource, title)
