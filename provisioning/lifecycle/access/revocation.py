"""What else has to end when a person loses rights.

Every rule of this package reads the person's roles at the time of the action, so open sessions and
tokens lose a right at once, without any of this. A hook ends what would otherwise only be useless,
such as the tokens of a deactivated person.
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

_hooks: Final[list[RevocationHook]] = []


def on_revocation(hook: RevocationHook) -> RevocationHook:
    """Register a hook. Usable as a decorator; the module has to be imported when Django starts."""
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def revoke(user: User, *, team: Team | None = None, at: datetime) -> None:
    """Run the hooks. Call it in the transaction in which the person loses the rights."""
    for hook in _hooks:
        hook(user, team, at)
