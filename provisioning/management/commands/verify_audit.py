"""`manage.py verify_audit`: checks that no row of the audit log was changed, removed or exchanged."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provisioning.lifecycle.audit_chain import verify_log
from provisioning.lifecycle.verify_audit_export import Anchor, ChainError


class Command(BaseCommand):
    help = (
        "Verifies the audit log. Names the first row that does not verify and ends with code 1; otherwise prints the "
        "newest position and hash, the anchor. Keep it outside the portal, and give it back with --anchor: only then "
        "is it noticed that the newest rows were cut off, or that the whole log was rewritten."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=Anchor.parse,
            action="append",
            default=[],
            metavar="POSITION:HASH",
            help="what an earlier run or the worker's log printed; may be repeated",
        )

    def handle(self, *_args: Any, anchor: list[Anchor], **_options: Any) -> None:
        try:
            check = verify_log(anchors=tuple(anchor))
        except ChainError as error:
            raise CommandError(f"NOT VERIFIED. {error}") from error
        self.stdout.write(f"{check.count} rows verify. Anchor: {check.last}")
