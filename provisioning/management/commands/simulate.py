"""`manage.py simulate`: runs the engine against a scripted AWS, with faults drawn from seeds.

For developers: the simulation is one of the tests, which an installed product does not have.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Run the engine against a scripted AWS, with faults drawn from seeds (for developers)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("seeds", type=int, nargs="?", default=100, help="how many seeds to run")
        parser.add_argument("--seed", type=int, help="the first seed; 1 without it")

    def handle(self, *_args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        if not (root / "tests" / "simulation" / "__main__.py").is_file():
            raise CommandError("The simulation is one of the tests. Run this command in a checkout of the repository.")
        command = [sys.executable, "-m", "tests.simulation", str(options["seeds"])]
        if options["seed"] is not None:
            command += ["--seed", str(options["seed"])]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        sys.exit(subprocess.run(command, cwd=root, env=environment, check=False).returncode)
