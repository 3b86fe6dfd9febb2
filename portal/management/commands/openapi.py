"""`manage.py openapi`: writes the committed copy of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.api.published import COMMITTED, openapi_text


class Command(BaseCommand):
    help = "Writes portal/api/openapi.json. With --check, fails if it is out of date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; exit with 1 if the file is out of date."
        )

    def handle(self, *_args: Any, check: bool = False, **_options: Any) -> None:
        if not check:
            COMMITTED.write_text(openapi_text(), encoding="utf-8")
        elif COMMITTED.read_text(encoding="utf-8") != openapi_text():
            raise CommandError(f"{COMMITTED.name} is out of date. Run: manage.py openapi")
