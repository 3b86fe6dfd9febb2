"""The evidence pack: one archive that says everything about an environment, and verifies alone."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import AuditScope
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.evidence.pack import files_of, with_manifest
from provisioning.models import AuditEvent, Environment, RequestComment, Team, User, Vote
from provisioning.zip_archive import write_zip
from tests.portal.conftest import People

pytestmark = pytest.mark.django_db(transaction=True)


def download(people: People, environment: Environment, name: str = "bob") -> zipfile.ZipFile:
    answer = people.client(name).post(f"/environments/{environment.pk}/evidence/")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="evidence-{environment.name}.zip"'
    assert hashlib.sha256(answer.content).hexdigest() == AuditEvent.objects.latest("id").detail["sha256"]
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_it_holds_every_record_and_verifies(gone: Environment, people: People, tmp_path: Path) -> None:
    archive = download(people, gone, "alice")
    names = set(archive.namelist())
    assert {"README.txt", "environment.json", "ledger.json", "history.json", "receipts/01.json", "audit.jsonl"} <= names
    assert {"requests/01-create/plan.json", "requests/02-teardown/request.json"} <= names
    assert {"operations/01-create.json", "operations/02-teardown.json"} <= names
    manifest = json.loads(archive.read("manifest.json"))
    assert {file["path"] for file in manifest["files"]} == names - {"manifest.json"}
    for file in manifest["files"]:
        assert hashlib.sha256(archive.read(file["path"])).hexdigest() == file["sha256"]
    asked = json.loads(archive.read("requests/01-create/request.json"))
    assert hashlib.sha256(archive.read("requests/01-create/plan.json")).hexdigest() == asked["plan_digest"]
    assert (asked["requested_by"], asked["approved_digest"]) == ("bob", asked["plan_digest"])
    (events,) = [name for name in names if name.startswith("aws/")]
    assert len(archive.read(events).splitlines()) > 20
    assert json.loads(archive.read("receipts/01.json"))["lines"]
    archive.extractall(tmp_path)
    ended = subprocess.run([sys.executable, "-I", "verify_audit_export.py", "audit.jsonl", "--excerpt"], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    actions = [json.loads(line)["event"]["action"] for line in archive.read("audit.jsonl").splitlines()]
    assert actions == ["request:create", "request:teardown"]
    assert int(manifest["audit_anchor"].split(":")[0]) >= 2


def test_it_holds_votes_questions_and_answers(people: People) -> None:
    asked = people.ask("shop", size="prod")
    at = asked.requested_at
    RequestComment.objects.create(request=asked, author=people.olivia, is_question=True, text="Why now?", at=at)
    RequestComment.objects.create(
        request=asked, author=people.bob, is_question=False, text="A launch.", at=at + timedelta(hours=1)
    )
    Vote.objects.create(
        request=asked,
        digest=asked.plan.digest,
        voter=people.alice,
        seat=people.olivia,
        comment="Fine.",
        at=at + timedelta(hours=2),
    )
    decisions = json.loads(dict(files_of(asked.environment, scope=None))["requests/01-create/decisions.json"])
    assert [(item["what"], item["by"], item["text"]) for item in decisions] == [
        ("question", "olivia", "Why now?"), ("answer", "bob", "A launch."), ("vote", "alice", "Fine."),
    ]  # fmt: skip
    assert (decisions[2]["in_place_of"], decisions[2]["plan_digest"]) == ("olivia", asked.plan.digest)


def test_the_same_rows_give_the_same_bytes(gone: Environment) -> None:
    everything = AuditScope(is_everything=True, teams=())
    first, second = (write_zip(with_manifest(dict(files_of(gone, scope=everything)), gone)) for _ in range(2))
    assert first == second


def test_everyone_who_sees_the_environment_may_take_it(gone: Environment, people: People) -> None:
    User.objects.create_user("otto", is_auditor=True)
    people.otto = User.objects.get(username="otto")  # type: ignore[attr-defined]
    for name in ("alice", "olivia", "otto"):
        reads_the_log = name != "olivia"
        assert ("audit.jsonl" in download(people, gone, name).namelist()) == reads_the_log, name
    events = AuditEvent.objects.filter(action="evidence:download", environment=gone).order_by("id")
    assert [event.actor_name for event in events] == ["alice", "olivia", "otto"]
    assert people.client("charlie").post(f"/environments/{gone.pk}/evidence/").status_code == 404
    assert AuditEvent.objects.filter(action="evidence:download").count() == 3


def test_an_owner_gets_no_audit_events_of_another_team(gone: Environment, people: People) -> None:
    """Those from before the environment was handed over."""
    former = Team.objects.create(slug="former", name="Former")
    audit_event(AuditAction.REQUEST_CHANGE, actor=people.bob, at=clock.now(), environment=gone, team=former)
    assert b"request:change" not in download(people, gone, "alice").read("audit.jsonl")
    User.objects.filter(pk=people.olivia.pk).update(is_auditor=True)
    assert b"request:change" in download(people, gone, "olivia").read("audit.jsonl")


def test_outputs_of_stacks_are_no_part_of_it(running: Environment, people: People) -> None:
    """AWS may return anything there, a secret too."""
    stack = running.stacks.get()
    stack.outputs = {"Password": "canary-of-an-output"}
    stack.inputs = {"Token": "canary-of-an-input"}
    stack.save()
    archive = download(people, running)
    assert not [name for name in archive.namelist() if b"canary-of-an" in archive.read(name)]
