"""`manage.py demo`: what `make demo` runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Runs the whole product on this machine: PostgreSQL, Valkey, a simulated AWS account, web server and worker."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="the web server's port; if it is in use, another is chosen"
        )
        parser.add_argument("--speed", type=float, default=60, help="how many times faster than AWS (default 60)")
        parser.add_argument("--state", type=Path, default=None, help="the folder with all data (default .state/demo)")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            from portal.demo.run import Demo, DemoError  # noqa: PLC0415 - the image does not contain the packages that it needs
        except ImportError as error:
            raise CommandError(
                f"The demo needs the packages of the embedded group ({error.name} is missing): make setup."
            ) from error
        demo = Demo(
            root=settings.BASE_DIR,
            state=(options["state"] or settings.STATE_DIR / "demo").resolve(),
            port=options["port"],
            speed=options["speed"],
            say=lambda text: self.stdout.write(text) or self.stdout.flush(),
        )
        try:
            demo.run()
        except DemoError as error:
            raise CommandError(str(error)) from error
