"""Users, teams and memberships."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models

from provisioning.design.names import RESERVED_TEAM_KEYS, team_key


class User(AbstractUser):
    """A person, or the holder of a team's service tokens (`is_service`), who never signs in.

    Roles outside teams: with `is_approver`, a user decides on the requests of every team, but never
    on their own. With `is_admin`, a user sets up accounts, teams and rules. With `is_auditor`, a
    user sees everything, the audit log included, and changes nothing. A superuser is a portal admin
    who also gives and takes away these roles.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    is_approver = models.BooleanField(default=False)
    is_admin = models.BooleanField("portal admin", default=False, db_default=False)
    is_auditor = models.BooleanField("auditor", default=False, db_default=False)
    is_service = models.BooleanField(default=False, db_default=False, editable=False)
    # Until when the user decides in place of an approver, and sees what approvers see (`Delegation`).
    delegate_until = models.DateTimeField(null=True, blank=True, editable=False)
    # The person who invited this one, as far as nobody has confirmed that these are two people: see `access.decisions`.
    counts_as = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    # Whether the password was chosen through a link that somebody else had first. A change by the signed-in person ends
    # that: whose password somebody else chose notices at the next sign-in. With single sign-on nobody would notice.
    password_from_link = models.BooleanField(default=False, db_default=False, editable=False)
    setup_dismissed_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When a portal admin dismissed the set-up checklist."""


class Team(models.Model):
    """A deleted team (`deleted_at`) has no members and is in no list. Its row is kept, because the
    history names it, and because a new team with its slug would inherit its names in AWS.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a slug of which AWS would see the same form as of another team's."""
        key = team_key(self.slug)
        if self._state.adding and self.slug in RESERVED_TEAM_KEYS:
            raise ValidationError({"slug": f"“{self.slug}” is reserved. Choose another slug."})
        others = Team.objects.exclude(pk=self.pk)
        if (other := next((team for team in others if team_key(team.slug) == key), None)) is not None:
            raise ValidationError(
                {"slug": f"AWS would see “{key}” for this team and for {other.name}. Choose another slug."}
            )


class Role(models.TextChoices):
    """Viewers see what belongs to the team. Operators also request and use environments. Owners also
    manage the team.

    Operators are stored as `member`, as by earlier versions, whose processes run during an upgrade.
    People and programs read the label.
    """

    VIEWER = "viewer", "viewer"
    OPERATOR = "member", "operator"
    OWNER = "owner", "owner"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.OPERATOR)
    # Given by a group of the single sign-on's provider, which alone takes it away at the next sign-in.
    is_from_provider = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} as {self.role}"
