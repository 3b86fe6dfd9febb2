"""Checks that the onboarding templates grant every permission that the portal, CloudFormation and
the environments need. Needs no database, no server and no network.
"""

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import BlueprintError, load_catalogue
from provisioning.design.errors import DesignError
from provisioning.management.rights.check import check_rights
from provisioning.management.rights.showing import report_json, report_lines
from provisioning.policy.errors import PolicyError

_INCOMPLETE = 1


class Command(BaseCommand):
    help = (
        "Compares the onboarding templates with every call of AWS, planned ones included, and with what CloudFormation "
        "needs for the blueprints. Exits with code 1 if a permission is missing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            report = check_rights(load_catalogue(settings.BLUEPRINTS_DIR))
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
