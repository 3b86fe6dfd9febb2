"""Tests the connection to an account and says what its administrator has to change. Changes nothing."""

import sys
from collections.abc import Iterator
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.lifecycle.connection.report import ConnectionReport, Outcome
from provisioning.lifecycle.services.test_connection import check_connection
from provisioning.models import Account

_MISSING: Final = 1
_WRONG_USE: Final = 2
_WITH_DETAILS: Final = 2
_MARKS: Final = {Outcome.PASSED: "✓", Outcome.NOTE: "·", Outcome.MISSING: "✗", Outcome.UNKNOWN: "?"}


class Command(BaseCommand):
    help = (
        "Assumes an account's role and compares what the account grants with what the portal needs. Exits with code 1 if "
        "something is missing. -v 2 shows every permission."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", metavar="ACCOUNT", help="the account's name in the portal")

    def handle(self, *_: Any, **options: Any) -> None:
        account = Account.objects.filter(name=options["account"]).first()
        if account is None:
            names = ", ".join(Account.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no account {options['account']}. Accounts: {names}.", returncode=_WRONG_USE)
        report = check_connection(actor=None, account=account, budget_seconds=120)
        for line in _lines(report, with_details=options["verbosity"] >= _WITH_DETAILS):
            self.stdout.write(line)
        if not report.passed:
            sys.exit(_MISSING)


def _lines(report: ConnectionReport, *, with_details: bool) -> Iterator[str]:
    for finding in report.findings:
        yield f"{_MARKS[finding.outcome]} {finding.sentence}"
        if finding.remedy:
            yield f"  → {finding.remedy}"
        if with_details:
            yield from (f"    {line}" for line in finding.details)
    yield ""
    yield f"{report.account}: {report.count(Outcome.MISSING)} missing, {report.count(Outcome.UNKNOWN)} unknown."
