"""What else has to end when a person loses rights, or gets a role outside teams or a delegation.

Every rule of this package reads the person's roles at the time of the action, so open sessions and
tokens lose a right at once, without any of this. A hook ends what would otherwise only be useless,
such as the tokens of a deactivated person.

With a role outside teams or a delegation, a person decides for all teams, and nobody else sets their
password. Somebody who could act as this person before must not be able to afterwards, so the tokens
and sessions from before end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeAlias

from provisioning.models import Team, User

RevocationHook: TypeAlias = Callable[[User, Team | None, datetime], None]
"""Called in the transaction in which the person leaves the team; without a team, the person is
deactivated.
"""

NewRoleHook: TypeAlias = Callable[[User, datetime, str, str], None]
"""Called in the transaction in which the person gets the role. The texts are the reason, for the audit
log, and the key of a session that is to remain; empty for none.
"""

NEW_ROLE: Final = "The person got a role outside teams."
NEW_DELEGATION: Final = "An approver delegated approvals to the person."
"""The reasons."""

_hooks: Final[list[RevocationHook]] = []
_new_role_hooks: Final[list[NewRoleHook]] = []


def on_revocation(hook: RevocationHook) -> RevocationHook:
    """Register a hook. Usable as a decorator; the module has to be imported when Django starts."""
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def revoke(user: User, *, team: Team | None = None, at: datetime) -> None:
    """Run the hooks. Call it in the transaction in which the person loses the rights."""
    for hook in _hooks:
        hook(user, team, at)


def on_new_role(hook: NewRoleHook) -> NewRoleHook:
    """Register a hook, as `on_revocation` does."""
    if hook not in _new_role_hooks:
        _new_role_hooks.append(hook)
    return hook


def end_former_access(user: User, *, at: datetime, why: str, keep_session: str = "") -> None:
    """Run the hooks. Call it in the transaction in which the person gets the role or the delegation."""
    for hook in _new_role_hooks:
        hook(user, at, why, keep_session)
