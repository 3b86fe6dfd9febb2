"""`manage.py prepare`: migrates the database, creates the first administrator and registers the
blueprint versions.

Runs before every web and worker process of an installation. Several may start at once: a lock in
PostgreSQL lets one do the work, and the others wait and then find nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.version_registry import register_versions
from provisioning.models import User
from provisioning.notify.secrets_at_rest import reencrypt_secrets

# Any number that nothing else locks. This one is the word "prepare" on a telephone's keys.
LOCK = 7737273


class Command(BaseCommand):
    help = (
        "Migrates the database, creates the first administrator (ADMIN_USERNAME, ADMIN_PASSWORD) and registers the "
        "versions of all blueprints, under a lock."
    )

    def handle(self, *_args: Any, verbosity: int = 1, **_options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("The portal needs PostgreSQL: set DATABASE_URL, or DATABASE_HOST and its companions.")
        with exclusive():
            call_command("migrate", interactive=False, verbosity=verbosity)
            self._renew_secrets()
            if create_first_administrator(settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD):
                self.stdout.write(f"Created the first administrator, {settings.ADMIN_USERNAME}.")
            for sentence in register_versions(catalogue().blueprints.values()).values():
                self.stderr.write(sentence)

    def _renew_secrets(self) -> None:
        """After SECRET_KEY was replaced, stored secrets are encrypted again with the new one."""
        renewed, lost = reencrypt_secrets()
        if renewed:
            self.stdout.write(f"Encrypted {renewed} stored secrets again with the new SECRET_KEY.")
        if lost:
            self.stderr.write(
                f"{lost} stored secrets cannot be decrypted. Put the former SECRET_KEY into SECRET_KEY_FALLBACKS and run "
                "this command again, or enter those addresses and secrets again."
            )


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold the lock. PostgreSQL releases it if this process ends or loses its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def create_first_administrator(username: str, password: str) -> bool:
    """Create an administrator if a name and a password are set and no user exists. Returns whether
    it was created.
    """
    if not username or not password or User.objects.exists():
        return False
    try:
        validate_password(password, User(username=username))
    except ValidationError as error:
        raise CommandError(f"ADMIN_PASSWORD is refused: {' '.join(error.messages)}") from error
    User.objects.create_superuser(username, password=password)
    return True
