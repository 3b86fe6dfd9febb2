"""Ada's program tries a rule out, saves it, and reads its history."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.models import RuleVersion, User
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People

FREEZE = {
    "name": "End of the year",
    "starts_at": "2098-12-20T00:00:00+01:00",
    "ends_at": "2099-01-02T00:00:00+01:00",
    "time_zone": "Europe/Stockholm",
    "reason": "Nobody is there.",
    "exceptions": ["payments"],
}
SETTINGS: dict[str, Any] = {
    "approvals": [{"kind": "create", "approvers": 2}],
    "regions": ["eu-central-1"],
    "freezes": [FREEZE],
}


@pytest.fixture
def adas(people: People) -> Program:
    return program(User.objects.create_user("ada", first_name="Ada", is_admin=True))


def test_a_dry_run_says_whom_it_would_affect_and_writes_nothing(people: People, adas: Program) -> None:
    people.ask("orders-dev")
    result = adas.post("/rules/dry-run", {"size": "dev", "settings": SETTINGS}).json
    assert (result["refused"]["count"], result["refused"]["teams"]) == (1, {"Payments": 1})
    assert result["refused"]["first"][0]["name"] == "orders-dev"
    assert {"title": "Allowed regions", "text": "eu-central-1"} in result["added"]
    assert not RuleVersion.objects.exists()


def test_each_version_is_saved_once_and_the_history_tells_what_changed(adas: Program, olivias: Program) -> None:
    new = {"size": "dev", "settings": SETTINGS, "reason": "Audit", "expected_version": 0}
    first = adas.post("/rules", new, key="rule-dev-1")
    assert first.status == 201, first.content
    assert adas.post("/rules", new, key="rule-dev-1").json == first.json
    stale = adas.post("/rules", new)
    assert (stale.status, stale.json["code"]) == (409, "conflict")
    second = adas.post("/rules", new | {"settings": {}, "reason": "Over", "expected_version": 1}).json
    assert second["removed"] == first.json["added"]
    [rule] = olivias.get("/rules").json
    assert (rule["title"], rule["version"], rule["settings"]["regions"]) == ("Development", 2, None)
    base = f"/rules/{rule['id']}"
    newest = olivias.get(f"{base}/versions?limit=1&fields=id,reason").json
    assert newest["items"] == [{"id": 2, "reason": "Over"}]
    older = olivias.get(f"{base}/versions?cursor={newest['next_cursor']}").json["items"]
    assert older == [first.json]
    assert older[0]["settings"]["freezes"][0]["starts_at"] == "2098-12-19T23:00:00Z"


def test_what_a_rule_cannot_be_is_said_at_its_setting(adas: Program) -> None:
    for settings, field in (
        ({"regions": ["mars-1"]}, "settings.regions"),
        ({"freezes": [FREEZE | {"starts_at": "2099-02-01T00:00:00"}]}, "settings.freezes.0.starts_at"),
        ({"environments": 10_001}, "settings.environments"),
    ):
        answer = adas.post("/rules/dry-run", {"settings": settings})
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field), answer.content
    unknown = adas.post("/rules/dry-run", {"team": "no-such", "settings": {}})
    assert unknown.json["errors"] == [{"field": "team", "message": "There is no team no-such."}]


def test_what_the_rules_come_to_names_the_rule(adas: Program) -> None:
    adas.post("/rules", {"size": "dev", "settings": SETTINGS, "reason": "Audit", "expected_version": 0})
    lines = adas.get("/rules/effective?team=payments&account=acme-dev&size=dev").json
    [regions] = [line for line in lines if line["title"] == "Allowed regions"]
    assert (regions["text"], regions["because"]) == ("eu-central-1", ["Rule: Development, version 1, Ada"])
