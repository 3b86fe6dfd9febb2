"""How people sign in: second factors, identities at a provider, sessions, and limits on attempts."""

import uuid

from django.db import models
from django.db.models import Q

from .secret_text_field import SecretTextField
from .team import User


class AttemptBudget(models.Model):
    """How many attempts a key has left, as one time: the later `full_at`, the fewer.

    Each attempt moves `full_at` on by the time that it takes to win one attempt back. `key` is a
    kind and a name, such as `address:192.0.2.1`; user names are stored only as keyed hashes.
    """

    key = models.CharField(max_length=100, primary_key=True)
    full_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class SecondFactor(models.Model):
    """The authenticator app of a user. It counts once it is confirmed by a first code.

    `last_step` is the time step (RFC 6238) of the last code that was accepted: only later ones are.
    """

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="second_factor")
    secret = SecretTextField(purpose="second_factor.secret")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """A code that replaces the second factor once. Only its SHA-256 is stored: it has 80 random bits."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    sha256 = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "sha256"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class SignInSession(models.Model):
    """A session of the portal's pages, for the list that its user sees. It lives as long as Django's
    own row of the same key.

    `last_used_at` is at most a minute old while the session is in use.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    started_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"session of {self.user_id}"


class ExternalIdentity(models.Model):
    """A user at an OpenID Connect provider, known by issuer and subject, never by an e-mail address.

    `roles` are the roles outside teams (`OutsideRole`) that the provider's groups gave. Only those
    are taken away when the groups no longer give them. A role that a superuser has taken away since is
    also in it: the groups do not give it again before they have stopped giving it.
    `is_connected` says that the person connected an account that existed before.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="external_identity")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    roles = models.JSONField(default=list)
    is_connected = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
            models.CheckConstraint(condition=~Q(issuer="") & ~Q(subject=""), name="identity_is_complete"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
