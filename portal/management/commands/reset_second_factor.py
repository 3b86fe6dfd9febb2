"""Removes the second factor of a person who lost their phone and their recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from typing_extensions import override

from portal.identity.second_factor import remove_second_factor
from portal.identity.sessions import end_sessions
from provisioning.models import User


class Command(BaseCommand):
    help = "Removes a person's second factor and ends their sessions. They sign in with their password alone."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no user of this name.")
        with transaction.atomic():
            if not remove_second_factor(user, actor=None):
                raise CommandError(f"{user.get_username()} has no second factor.")
            end_sessions(user)
        self.stdout.write(f"{user.get_username()} signs in without a second factor now.")
