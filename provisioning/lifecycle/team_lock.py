"""The lock of a team's row, which comes before that of any environment."""

from __future__ import annotations

from provisioning.errors import WrongState
from provisioning.models import Team


def lock_team(team: Team, *, no_key: bool = False) -> Team:
    """Lock the team’s row, so that what belongs to the team changes one at a time. Call it inside a
    transaction. With `no_key`, rows that refer to the team, such as audit events, can still be inserted.

    Raises WrongState if the team was deleted.
    """
    locked = Team.objects.select_for_update(no_key=no_key).get(pk=team.pk)
    if locked.deleted_at is not None:
        raise WrongState(f"{locked.name} was deleted in the meantime.")
    return locked
