"""Give a person a role outside teams, or take it away, from the server."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from typing_extensions import override

from provisioning.errors import PortalError
from provisioning.lifecycle.services.outside_roles import give_role_from_server, take_role_from_server
from provisioning.models import OutsideRole, User


class Command(BaseCommand):
    help = (
        "Gives a person a role outside teams, if nobody can confirm it in the portal. The audit log shows it. "
        "With --take, takes the role away."
    )

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=OutsideRole.values)
        parser.add_argument("--take", action="store_true", help="take the role away")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no person with the user name {options['username']}.", returncode=2)
        role = OutsideRole(options["role"])
        try:
            if options["take"]:
                take_role_from_server(user=user, role=role)
            else:
                give_role_from_server(user=user, role=role)
        except PortalError as error:
            raise CommandError(error.sentence) from error
        user.refresh_from_db()
        self.stdout.write(
            f"{user.get_username()} {'no longer has' if options['take'] else 'now has'} the role {role.label}."
        )
        if not options["take"] and not user.has_usable_password():
            self.stdout.write(
                "Their password was set through a link and has ended, or they have none. Without single sign-on, set a "
                f"new one: manage.py changepassword {user.get_username()}"
            )
