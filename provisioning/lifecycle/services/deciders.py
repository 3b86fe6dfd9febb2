"""The people who give roles, and the lock that lets roles change one at a time."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from provisioning.models import User


def deciders() -> QuerySet[User]:
    """Return the superusers and portal admins who can sign in."""
    return User.objects.filter(Q(is_superuser=True) | Q(is_admin=True), is_active=True, is_service=False)


def lock_deciders() -> None:
    """Let changes of roles and delegations happen one at a time, so that two superusers do not take each
    other's role. Take this lock before those of people. Call it inside a transaction.
    """
    list(deciders().select_for_update().order_by("pk").values_list("pk", flat=True))
