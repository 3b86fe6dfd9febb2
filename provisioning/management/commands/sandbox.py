"""Starts only the simulated AWS account: replaces this process by the sandbox, in the sandbox's own
Python environment.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provisioning.sandbox.launch import (
    DEFAULT_PORT,
    DEFAULT_SPEED,
    DEFAULT_STATE,
    ROOT,
    SandboxMissingError,
    sandbox_command,
    sandbox_environment,
)


class Command(BaseCommand):
    help = "Runs the simulated AWS account for boto3 and the aws CLI."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free port (default %(default)s)")
        parser.add_argument(
            "--speed",
            type=float,
            default=DEFAULT_SPEED,
            help="1 is as slow as AWS, 0 does not wait (default %(default)g)",
        )
        parser.add_argument(
            "--state", type=Path, default=DEFAULT_STATE, help="folder for the state, which the next start loads"
        )

    def handle(self, *, port: int, speed: float, state: Path, **_options: Any) -> None:
        try:
            command = sandbox_command(port, speed, state)
        except SandboxMissingError as error:
            raise CommandError(str(error), returncode=2) from error
        if speed < 0:
            raise CommandError(f"--speed is {speed:g}; it must be 0 or more.", returncode=2)
        os.chdir(ROOT)
        os.execve(command[0], command, sandbox_environment())  # noqa: S606 - a list of our own making
