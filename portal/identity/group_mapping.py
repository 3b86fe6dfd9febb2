"""SSO_GROUPS: which groups of the provider give which role in which team, or a role outside teams."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle.services.provider_identity import Grants
from provisioning.models.role_change import OutsideRole
from provisioning.models.team import Role

TEAM_ROLES: Final = {str(role.label): role for role in Role}
OUTSIDE_ROLES: Final = {"approver": OutsideRole.APPROVER, "admin": OutsideRole.ADMIN, "auditor": OutsideRole.AUDITOR}
FORMAT: Final = 'Write a JSON object such as {"payments-devs": "payments:operator", "platform": "admin"}.'


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """`teams` maps a group to slugs of teams with roles, `outside` to roles outside teams."""

    teams: Mapping[str, tuple[tuple[str, Role], ...]]
    outside: Mapping[str, tuple[OutsideRole, ...]]

    def grants_of(self, groups: Iterable[str]) -> Grants:
        """Return what these groups give. Where several give a role in one team, the highest counts."""
        order = list(Role)
        teams: dict[str, Role] = {}
        outside: set[OutsideRole] = set()
        for group in groups:
            for slug, role in self.teams.get(group, ()):
                teams[slug] = max(role, teams.get(slug, role), key=order.index)
            outside.update(self.outside.get(group, ()))
        return Grants(teams, frozenset(outside))


def parse_groups(text: str) -> GroupMapping:
    """Parse the setting. Raises ValueError with a sentence."""
    if not text:
        return GroupMapping({}, {})
    try:
        stored = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"SSO_GROUPS is not JSON: {error}. {FORMAT}") from error
    if not isinstance(stored, dict):
        raise ValueError(f"SSO_GROUPS is no JSON object. {FORMAT}")  # noqa: TRY004 - the caller reports one kind
    teams: dict[str, tuple[tuple[str, Role], ...]] = {}
    outside: dict[str, tuple[OutsideRole, ...]] = {}
    for group, given in stored.items():
        rights = given if isinstance(given, list) else [given]
        parsed = [_parse_right(group, right) for right in rights]
        teams[group] = tuple(right for right in parsed if isinstance(right, tuple))
        outside[group] = tuple(right for right in parsed if isinstance(right, OutsideRole))
    return GroupMapping(teams, outside)


def _parse_right(group: str, right: object) -> tuple[str, Role] | OutsideRole:
    if isinstance(right, str) and right in OUTSIDE_ROLES:
        return OUTSIDE_ROLES[right]
    slug, _, role = right.partition(":") if isinstance(right, str) else ("", "", "")
    if not slug or role not in TEAM_ROLES:
        raise ValueError(
            f"SSO_GROUPS gives {group!r} the right {right!r}. Write TEAM:ROLE, where ROLE is viewer, operator or owner, "
            "or write approver, admin or auditor."
        )
    return slug, TEAM_ROLES[role]
