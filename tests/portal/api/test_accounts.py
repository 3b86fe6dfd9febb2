"""Ada's program connects an account, and decides what a team may use there."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from provisioning.models import Account, AccountTeam, Connection, User
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People

PRINCIPAL = "arn:aws:iam::999900001111:role/portal"
NEW = {"name": "acme-new", "account_id": "1111-2222-3333", "regions": ["eu-north-1", "us-east-1"], "sizes": ["dev"]}


@pytest.fixture
def adas(people: People, settings: Settings) -> Program:
    settings.PORTAL_PRINCIPAL_ARN = PRINCIPAL
    return program(User.objects.create_user("ada", is_admin=True))


def test_an_account_is_connected_once_and_its_onboarding_is_complete(adas: Program) -> None:
    first = adas.post("/accounts", NEW, key="acme-new-1")
    assert (first.status, first.json["state"], first.json["connection"]) == (201, "connecting", "untested"), (
        first.content
    )
    assert adas.post("/accounts", NEW, key="acme-new-1").json == first.json
    stored = Account.objects.get(name="acme-new")
    onboarding = adas.get(f"/accounts/{stored.pk}/onboarding").json
    assert (onboarding["external_id"], onboarding["principal_arn"]) == (stored.external_id, PRINCIPAL)
    main, other = onboarding["stacks"]
    assert main["parameters"]["ExternalId"] == stored.external_id
    assert (main["parameters"]["FirstRegion"], other["region"]) == ("true", "us-east-1")
    assert stored.external_id.encode() not in first.content + adas.get(f"/accounts/{stored.pk}").content
    assert "AWSTemplateFormatVersion" in adas.get(f"/accounts/templates/{main['template']}").json["body"]
    early = adas.post(f"/accounts/{stored.pk}/open")
    assert (early.status, early.json["code"]) == (409, "conflict")
    wrong = adas.delete(f"/accounts/{stored.pk}?name=acme")
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "name")
    assert adas.delete(f"/accounts/{stored.pk}?name=acme-new").status == 204


def test_a_change_keeps_what_is_left_out_and_asks_for_a_test(people: People, adas: Program) -> None:
    base = f"/accounts/{people.dev.pk}"
    Account.objects.update(connection=Connection.PASSED)
    assert adas.patch(base, {"sizes": ["dev"]}).json["connection"] == "passed"
    changed = adas.patch(base, {"role_arn": "arn:aws:iam::100000000001:role/portal"}).json
    assert (changed["connection"], changed["sizes"]) == ("untested", ["dev"])
    assert changed["not_offered"], "it says why teams cannot use it now"
    for body, field in (({"regions": ["mars-1"]}, "regions"), ({"role_arn": "x"}, "role_arn")):
        answer = adas.patch(base, body)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)
    assert adas.post(f"{base}/close").json["state"] == "closed"
    assert adas.post(f"{base}/open").json["state"] == "open"


def test_what_a_team_may_use_is_set_as_a_whole_and_not_over_somebody_elses_change(
    people: People, adas: Program
) -> None:
    base = f"/accounts/{people.dev.pk}/teams"
    rights = {"regions": ["eu-north-1"], "hosted_zones": ["Z0123456789ABCDEFGHIJ"]}
    before = adas.get(f"{base}/payments").json
    saved = adas._send("PUT", f"{base}/payments", {"rights": rights, "expected": before["rights"]}, {})
    assert (saved.status, saved.json["rights"]["hosted_zones"]) == (200, rights["hosted_zones"]), saved.content
    assert rights["hosted_zones"][0] in saved.json["stack"]["create_command"]
    late = adas._send("PUT", f"{base}/payments", {"rights": {}, "expected": before["rights"]}, {})
    assert (late.status, late.json["code"]) == (409, "conflict")
    assert AccountTeam.objects.get(account=people.dev, team=people.payments).regions == ["eu-north-1"]
    assert [one["id"] for one in adas.get(base).json] == ["logistics", "payments"]
    assert adas.delete(f"{base}/logistics").status == 204
    assert adas.get(f"{base}/logistics").status == 404
    admitted = adas._send("PUT", f"{base}/logistics", {"rights": {}}, {})
    assert admitted.json["stack_role_arn"].endswith("logistics"), admitted.content
