"""Hide the set-up checklist from home, for one portal admin."""

from __future__ import annotations

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.models import User


def dismiss_setup(*, actor: User) -> None:
    """Its page remains in the menu. Nothing else changes, so no audit event is written."""
    check_admin(actor)
    User.objects.filter(pk=actor.pk).update(setup_dismissed_at=clock.now())
    actor.refresh_from_db(fields=["setup_dismissed_at"])
