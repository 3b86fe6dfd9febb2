"""What each role in a team allows. To add a role, add it to `models.Role`, and give it its
permissions here with one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from provisioning.models import Role


class Permission(Enum):
    """What a role allows its holder to do with the environments and requests of the team."""

    SEE = auto()
    OPERATE = auto()
    """Request environments, and change, retry, withdraw or tear down those that exist."""
    MANAGE = auto()
    """Add and remove members, create service tokens and webhooks, and hand over environments."""


PERMISSIONS: Final[Mapping[str, frozenset[Permission]]] = {
    Role.OWNER: frozenset({Permission.SEE, Permission.OPERATE, Permission.MANAGE}),
    Role.OPERATOR: frozenset({Permission.SEE, Permission.OPERATE}),
    Role.VIEWER: frozenset({Permission.SEE}),
}


def permissions_of(role: str) -> frozenset[Permission]:
    """Return what `role` allows. A role that is not in the table allows nothing."""
    return PERMISSIONS.get(role, frozenset())


def holders(permission: Permission) -> str:
    """Name the roles that grant a permission: `owners and operators`."""
    holders = [f"{Role(role).label}s" for role in PERMISSIONS if permission in permissions_of(role)]
    return f"{', '.join(holders[:-1])} and {holders[-1]}" if len(holders) > 1 else holders[0]
