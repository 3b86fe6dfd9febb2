"""Roles outside teams: who proposed and who confirmed them."""

import uuid
from typing import Final

from django.db import models
from django.db.models import Q

from .team import User


class OutsideRole(models.TextChoices):
    """Approvers decide on the requests of all teams. Portal admins set up accounts, teams and rules.
    Auditors read everything. Superusers are portal admins who also give and take these roles.
    """

    APPROVER = "approver", "approver"
    ADMIN = "admin", "portal admin"
    AUDITOR = "auditor", "auditor"
    SUPERUSER = "superuser", "superuser"


FLAGS: Final = {
    OutsideRole.APPROVER: "is_approver",
    OutsideRole.ADMIN: "is_admin",
    OutsideRole.AUDITOR: "is_auditor",
    OutsideRole.SUPERUSER: "is_superuser",
}
"""The column of `User` that holds each role."""


class RoleChangeState(models.TextChoices):
    PENDING = "pending", "Pending confirmation"
    CONFIRMED = "confirmed", "Given"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    TAKEN = "taken", "Taken away"


class RoleChange(models.Model):
    """A role that one person proposed for another, or that was taken away. Rows are never deleted.

    Without `proposed_by`, a command on the server gave the role. A pending proposal expires.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_changes")
    role = models.CharField(max_length=10, choices=OutsideRole)
    state = models.CharField(max_length=10, choices=RoleChangeState)
    proposed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], condition=Q(state="pending"), name="role_proposed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}, {self.state}"
