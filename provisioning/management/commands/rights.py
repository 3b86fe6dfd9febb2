"""Checks that the onboarding templates grant every permission that the portal, CloudFormation and
the environments need. Needs no database, no server and no network.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import BlueprintError, load_catalogue
from provisioning.design.errors import DesignError
from provisioning.management.rights.check import check_rights
from provisioning.management.rights.onboarding import ACCOUNT_TEMPLATE, FOLDER, TEAM_TEMPLATE
from provisioning.management.rights.showing import report_json, report_lines
from provisioning.policy.errors import PolicyError

_INCOMPLETE = 1
_WRONG_USE = 2


class Command(BaseCommand):
    help = (
        "Compares the onboarding templates with every call of AWS, planned ones included, and with what CloudFormation "
        "needs for the blueprints. Exits with code 1 if a permission is missing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")
        parser.add_argument(
            "--templates",
            type=Path,
            default=FOLDER,
            metavar="FOLDER",
            help=f"a folder with {ACCOUNT_TEMPLATE} and {TEAM_TEMPLATE}; default: those of this version",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        for name in (ACCOUNT_TEMPLATE, TEAM_TEMPLATE):
            if not (options["templates"] / name).is_file():
                self.stderr.write(f"{options['templates']} has no {name}.")
                sys.exit(_WRONG_USE)
        try:
            report = check_rights(load_catalogue(settings.BLUEPRINTS_DIR), folder=options["templates"])
        except (BlueprintError, DesignError, PolicyError) as error:
            self.stderr.write(" ".join(str(error).split()))
            sys.exit(_INCOMPLETE)
        if options["json"]:
            self.stdout.write(json.dumps(report_json(report), indent=2, ensure_ascii=False))
        else:
            for line in report_lines(report):
                self.stdout.write(line)
        if not report.is_complete:
            sys.exit(_INCOMPLETE)
