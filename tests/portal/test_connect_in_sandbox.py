"""Ada connects a simulated account from the first form to a team that uses it, with the commands that
the pages show.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from provisioning.aws import onboarding
from provisioning.lifecycle.access import offered_sizes
from provisioning.models import Account, AccountTeam, AccountTest, AuditEvent, Team, User
from tests.fixtures.sandbox import Sandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.django_db]

ACCOUNT_ID = "650000000001"
COMMAND = re.compile(r"<pre>(aws cloudformation create-stack.*?)</pre>", re.DOTALL)


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def run(sandbox: Sandbox, command: str) -> None:
    """Do what a command of the AWS CLI does, in the simulated account."""
    words = shlex.split(command.replace("\\\n", " "))
    options = dict(zip(words[3::2], words[4::2], strict=True))
    template = {path.name: path for path in (onboarding.TEMPLATE, onboarding.TEAM_TEMPLATE)}[
        options["--template-body"].removeprefix("file://")
    ]
    status = sandbox.create(
        options["--stack-name"],
        template.read_text(encoding="utf-8"),
        region=options["--region"],
        account=ACCOUNT_ID,
        Parameters=json.loads(options["--parameters"]),
        Capabilities=[options["--capabilities"]],
    )
    assert status == "CREATE_COMPLETE"


def test_ada_connects_an_account_from_the_first_form_to_its_first_team(sandbox: Sandbox, settings: Settings) -> None:
    settings.CONNECTION_TEST_SECONDS = 120  # the machine may be busy
    ada = Client()
    ada.force_login(User.objects.create_user("ada", is_admin=True))
    form = {
        "account_id": ACCOUNT_ID,
        "name": "acme-new",
        "main_region": "eu-north-1",
        "regions": ["eu-west-1"],
        "sizes": ["dev", "prod"],
        "endpoint_url": sandbox.url,
    }
    url = ada.post("/accounts/new/", form).headers["Location"]
    account = Account.objects.get()
    early = ada.post(f"{url}outputs/", {"role_arn": ""})
    error = re.search(r'id="error-role_arn">(.*?)</p>', text_of(early), re.DOTALL)
    assert early.status_code == 422
    assert f"AWS does not let the portal assume arn:aws:iam::{ACCOUNT_ID}:role/portal." in (error or [""])[1]

    main, other = COMMAND.findall(text_of(ada.get(url)))
    run(sandbox, main)
    assert ada.post(f"{url}outputs/", {"role_arn": ""}).status_code == 302
    account.refresh_from_db()
    assert account.role_arn == onboarding.portal_role_arn(ACCOUNT_ID)
    assert account.artefact_bucket == onboarding.artefact_bucket(ACCOUNT_ID, "eu-north-1")

    half = text_of(ada.post(f"{url}test/", headers={"HX-Request": "true"}))
    assert "There is no stack portal-onboarding in eu-west-1." in half
    assert re.search(r"<h3>Europe \(Ireland\) eu-west-1 <span[^>]*>2 missing</span></h3>", half)
    account.refresh_from_db()
    assert account.connection == "incomplete"

    run(sandbox, other)
    whole = text_of(ada.post(f"{url}test/", headers={"HX-Request": "true"}))
    assert "Quotas leave room in Europe (Stockholm) eu-north-1: " in whole
    assert "Open acme-new for teams" in whole
    assert ada.post(f"{url}open/").status_code == 302
    assert AccountTest.objects.get().report["reached"]

    payments = Team.objects.create(slug="payments", name="Payments")
    team_url = f"{url}teams/{payments.pk}/"
    ada.post(team_url, {"hosted_zones": "Z0123456789ABCDEFGHIJ", "seen": "null"})
    run(sandbox, COMMAND.findall(text_of(ada.get(team_url)))[0])
    assert "portal-stacks-payments of Payments is what this portal's template makes." in text_of(
        ada.post(f"{url}test/", headers={"HX-Request": "true"})
    )
    zone = sandbox.client("route53", "eu-north-1", ACCOUNT_ID).create_hosted_zone(
        Name="pay.example.com", CallerReference="1"
    )
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    assert f'name="zones" value="{zone_id}"> pay.example.com' in text_of(ada.get(f"{team_url}zones/"))
    seen = re.search(r'name="seen" value="([^"]+)"', ada.get(team_url).content.decode())
    kept = {"hosted_zones": "Z0123456789ABCDEFGHIJ", "seen": html.unescape((seen or [""])[1]), "zones": [zone_id]}
    assert ada.post(team_url, kept).status_code == 302
    assert AccountTeam.objects.get().hosted_zones == ["Z0123456789ABCDEFGHIJ", zone_id]
    assert offered_sizes(AccountTeam.objects.select_related("account").get()) == ["dev", "prod"]
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == [
        "account:connect", "account:read_outputs", "account:test", "account:test", "account:open", "account_team:add", "account:test",
        "account_team:change",
    ]  # fmt: skip
