"""Ends invitations that nobody has accepted, each with its event."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import Invitation, User


def end_invitations(rows: QuerySet[Invitation], *, actor: User, at: datetime, why: str) -> None:
    """End those of `rows` that are open. Call it inside the transaction of what ends them."""
    for invitation in rows.filter(ended_at=None).select_related("team").order_by("invited_at"):
        if not Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=at):
            continue
        audit_event(
            AuditAction.INVITATION_WITHDRAW,
            actor=actor,
            at=at,
            team=invitation.team,
            subject=invitation.email,
            subject_id=invitation.pk,
            why=why,
        )
