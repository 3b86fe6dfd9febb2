"""Writes the archive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.errors import NotAllowed
from provisioning.lifecycle import clock, verify_audit_export
from provisioning.lifecycle.access import AuditScope, audit_scope, check_may_see
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import newest_anchor, rows_with_ids
from provisioning.lifecycle.evidence.readme import readme
from provisioning.lifecycle.evidence.records import (
    decision_records,
    environment_record,
    history_records,
    ledger_records,
    operation_record,
    receipt_record,
    request_record,
    stack_event_records,
)
from provisioning.lifecycle.verify_audit_export import write_line
from provisioning.models import AuditEvent, Environment, User
from provisioning.zip_archive import write_zip

MANIFEST: Final = "manifest.json"
_VERIFIER: Final = Path(verify_audit_export.__file__)


@dataclass(frozen=True, slots=True)
class EvidencePack:
    name: str
    body: bytes
    digest: str
    """The SHA-256 of `body`."""


def evidence_pack(*, actor: User, environment: Environment) -> EvidencePack:
    """Return the pack for everyone who sees the environment, and write that they took it.

    It has those audit events that the actor may read in the log; they say from where people acted. The
    event of the download is no part of the pack. Raises NotAllowed.
    """
    check_may_see(actor, environment.team)
    body = write_zip(with_manifest(dict(files_of(environment, scope=_scope_of(actor))), environment))
    pack = EvidencePack(f"evidence-{environment.name}.zip", body, hashlib.sha256(body).hexdigest())
    audit_event(
        AuditAction.EVIDENCE_DOWNLOAD,
        actor=actor,
        at=clock.now(),
        environment=environment,
        sha256=pack.digest,
        size=len(body),
    )
    return pack


def _scope_of(actor: User) -> AuditScope | None:
    """The part of the audit log that the actor may read; None if that is nothing."""
    try:
        return audit_scope(actor)
    except NotAllowed:
        return None


def files_of(environment: Environment, *, scope: AuditScope | None) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file but the manifest. There is no audit.jsonl without a `scope`."""
    yield "README.txt", readme(name=environment.name, team=environment.team.name).encode()
    yield "verify_audit_export.py", _VERIFIER.read_bytes()
    yield "environment.json", _json(environment_record(environment))
    requests = environment.requests.select_related("plan", "requested_by", "decided_by")
    for number, request in enumerate(requests.order_by("requested_at", "id"), start=1):
        folder = f"requests/{number:02}-{request.kind}"
        yield f"{folder}/request.json", _json(request_record(request))
        yield f"{folder}/decisions.json", _json(decision_records(request))
        # In the form whose SHA-256 is the digest of the plan.
        plan = json.dumps(request.plan.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        yield f"{folder}/plan.json", plan.encode()
        yield f"{folder}/security-checks.json", _json(request.plan.proof)
        yield f"{folder}/preflight.json", _json(request.plan.preflight)
    operations = environment.operations.select_related("cancel_requested_by").order_by("started_at", "id")
    for number, operation in enumerate(operations, start=1):
        yield f"operations/{number:02}-{operation.kind}.json", _json(operation_record(operation))
    for number, stack in enumerate(environment.stacks.order_by("created_at", "id"), start=1):
        lines = [json.dumps(record, ensure_ascii=False) for record in stack_event_records(stack)]
        yield f"aws/{number:02}-{stack.name}-{stack.region}.jsonl", _lines(lines)
    yield "ledger.json", _json(ledger_records(environment))
    for number, receipt in enumerate(environment.receipts.order_by("written_at", "id"), start=1):
        yield f"receipts/{number:02}.json", _json(receipt_record(receipt))
    yield "history.json", _json(history_records(environment))
    if scope is not None:
        events = AuditEvent.objects.filter(scope.condition, environment=environment).order_by("id")
        rows = rows_with_ids(list(events.values_list("id", flat=True)))
        yield "audit.jsonl", b"".join(write_line(row).encode() for row in rows)


def with_manifest(files: dict[str, bytes], environment: Environment) -> dict[str, bytes]:
    """Add the manifest. Its anchor is newer than the audit events among the files."""
    manifest = {
        "format": 1,
        "environment": str(environment.pk),
        "name": environment.name,
        "team": environment.team.slug,
        "audit_anchor": str(newest_anchor()),
        "files": [
            {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
            for path, body in sorted(files.items())
        ],
    }
    return {**files, MANIFEST: _json(manifest)}


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
