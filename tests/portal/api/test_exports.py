"""Files and checks: exports, the evidence pack, the audit log, imports and what changes between versions."""

from __future__ import annotations

import io
import json
import zipfile

from provisioning.lifecycle.catalogue import catalogue
from provisioning.models import AuditEvent, Environment, User
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import SLUG, People


def test_what_was_exported_can_be_imported_and_requested(
    running: Environment, bobs: Program, charlies: Program
) -> None:
    request = running.requests.get()
    exported = bobs.get(f"/requests/{request.pk}/export")
    assert (exported.status, exported.json["name"]) == (200, running.name)
    assert exported.headers["Content-Disposition"].endswith('.request.json"')
    assert bobs.get(f"/environments/{running.pk}/export?form=json").json == exported.json
    package = bobs.get(f"/requests/{request.pk}/export?form=cloudformation")
    assert zipfile.ZipFile(io.BytesIO(package.content)).testzip() is None
    text = bobs.get(f"/requests/{request.pk}/export?form=tfvars").content.decode()
    [module] = bobs.post(f"/catalogue/{SLUG}/import", {"text": text, "size": "dev"}).json["modules"]
    assert module["inputs"] == exported.json["inputs"]
    unreadable = bobs.post(f"/catalogue/{SLUG}/import", {"text": "{"})
    assert (unreadable.status, unreadable.json["errors"][0]["field"]) == (422, "text")
    assert charlies.get(f"/requests/{request.pk}/export").status == 404


def test_who_takes_the_evidence_or_the_log_is_in_the_log(running: Environment, people: People, bobs: Program) -> None:
    pack = bobs.post(f"/environments/{running.pk}/evidence")
    assert zipfile.ZipFile(io.BytesIO(pack.content)).testzip() is None
    otto = program(User.objects.create_user("otto", is_auditor=True))
    lines = otto.post("/audit/export", {"who": "bob"})
    events = [json.loads(line) for line in lines.content.decode().splitlines()]
    assert {event["event"]["actor_name"] for event in events} <= {"bob"}
    taken = AuditEvent.objects.filter(action__in=["audit:export", "evidence:download"])
    assert {event.actor_name for event in taken} == {"bob", "otto"}
    event = AuditEvent.objects.filter(action="request:create").latest("id")
    read = otto.get(f"/audit/{event.pk}").json
    assert (read["action"], read["meaning"] != "") == ("request:create", True)
    assert program(people.charlie).get(f"/audit/{event.pk}").status == 404


def test_a_version_is_compared_with_another(bobs: Program) -> None:
    version = catalogue().get(SLUG).version
    same = bobs.get(f"/catalogue/{SLUG}/changes?before={version}&after={version}&size=dev").json
    assert (same["size"], same["resources"], same["inputs"]) == ("dev", [], [])
    assert bobs.get(f"/catalogue/{SLUG}/changes?before=0.0.1&after={version}").status == 404
    assert bobs.get(f"/catalogue/{SLUG}/changes?before={version}&after={version}&size=huge").status == 422
