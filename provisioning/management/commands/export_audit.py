"""`manage.py export_audit`: writes the audit log as JSON Lines, which verify without the portal."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import newest_anchor, rows_by_position
from provisioning.lifecycle.verify_audit_export import write_line


class Command(BaseCommand):
    help = "Writes the audit log to stdout as JSON Lines, and the anchor of its end to stderr."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--after", type=int, default=0, metavar="POSITION", help="begin after this position")

    def handle(self, *_args: Any, after: int, **_options: Any) -> None:
        end = newest_anchor()
        for row in rows_by_position(after=after, up_to=end.position):
            self.stdout.write(write_line(row), ending="")
        audit_event(AuditAction.AUDIT_EXPORT, actor=None, at=clock.now(), rows=max(end.position - after, 0))
        self.stderr.write(f"Anchor: {end}")
