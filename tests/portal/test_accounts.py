"""Ada, a portal admin, connects an AWS account, changes it, and decides what a team may use there."""

from __future__ import annotations

import html
import json
import re
import shlex

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_use_account, offered_sizes
from provisioning.lifecycle.services.account_teams import TeamRights, admit_team
from provisioning.lifecycle.services.accounts import AccountValues, close_account
from provisioning.lifecycle.services.test_connection import check_connection
from provisioning.models import Account, AccountState, AccountTeam, AuditEvent, Connection, Team, User
from tests.portal.conftest import People, finish

PRINCIPAL = "arn:aws:iam::999900001111:role/the portal's"
NEW = {
    "account_id": "1111-2222-3333",
    "name": "acme-new",
    "main_region": "eu-north-1",
    "regions": ["eu-west-1", "us-east-1"],
    "sizes": ["dev"],
    "endpoint_url": "",
}


@pytest.fixture
def ada(people: People, settings: Settings) -> Client:
    settings.PORTAL_PRINCIPAL_ARN = PRINCIPAL
    client = Client()
    client.force_login(User.objects.create_user("ada", first_name="Ada", is_admin=True))
    return client


def text_of(answer: object) -> str:
    return html.unescape(answer.content.decode())  # type: ignore[attr-defined]


def begin(ada: Client, **changes: object) -> Account:
    answer = ada.post("/accounts/new/", NEW | changes)
    assert answer.status_code == 302, text_of(answer)
    return Account.objects.get(name=changes.get("name", NEW["name"]))


class TestConnecting:
    def test_the_external_id_is_stored_before_it_is_shown_and_never_changes(self, ada: Client) -> None:
        account = begin(ada)
        assert (account.account_id, account.state, account.connection) == ("111122223333", "connecting", "untested")
        url = f"/accounts/{account.pk}/"
        shown = {re.search(r'id="external-id">([^<]+)<', text_of(ada.get(url)))[1] for _ in range(3)}  # type: ignore[index]
        assert shown == {account.external_id}
        ada.post(f"{url}change/", changed(account, name="acme-newer"))
        assert Account.objects.get(pk=account.pk).external_id == account.external_id
        event = AuditEvent.objects.get(action="account:connect")
        assert account.external_id not in json.dumps([event.before, event.after, event.detail])

    def test_every_command_has_all_parameters_and_is_quoted_for_a_shell(self, ada: Client) -> None:
        account = begin(ada)
        text = text_of(ada.get(f"/accounts/{account.pk}/"))
        commands = re.findall(r"<pre>(aws cloudformation create-stack.*?)</pre>", text, re.DOTALL)
        assert len(commands) == 3
        for command, region, first in zip(commands, account.regions, ("true", "false", "false"), strict=True):
            words = shlex.split(command.replace("\\\n", " "))
            options = dict(zip(words[3::2], words[4::2], strict=True))
            assert options["--region"] == region
            assert options["--template-body"] == "file://onboarding.yaml"
            given = {one["ParameterKey"]: one["ParameterValue"] for one in json.loads(options["--parameters"])}
            assert given == {
                "PortalPrincipalArn": PRINCIPAL,
                "ExternalId": account.external_id,
                "FirstRegion": first,
            }

    def test_a_launch_link_is_offered_where_the_templates_are_in_s3(self, ada: Client, settings: Settings) -> None:
        settings.ONBOARDING_TEMPLATES_URL = "https://acme.s3.eu-north-1.amazonaws.com/portal/"
        account = begin(ada)
        text = text_of(ada.get(f"/accounts/{account.pk}/"))
        assert (
            "https://eu-north-1.console.aws.amazon.com/cloudformation/home?region=eu-north-1#/stacks/create/review"
            "?templateURL=https%3A%2F%2Facme.s3.eu-north-1.amazonaws.com%2Fportal%2Fonboarding.yaml"
            "&stackName=portal-onboarding&param_PortalPrincipalArn=arn%3Aaws%3Aiam%3A%3A999900001111%3Arole%2Fthe%20portal%27s"
        ) in text

    def test_both_templates_can_be_downloaded(self, ada: Client) -> None:
        for name in ("onboarding", "onboarding-team"):
            answer = ada.get(f"/accounts/templates/{name}.yaml")
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.yaml"'
            assert b"AWSTemplateFormatVersion" in answer.content
        assert ada.get("/accounts/templates/settings.yaml").status_code == 404

    @pytest.mark.parametrize(
        ("field", "entered", "sentence"),
        [
            ("account_id", "12345", "“12345” is not an account id, which has twelve digits."),
            ("account_id", "100000000001", "The AWS account 100000000001 is entered already, as acme-dev."),
            ("main_region", "mars-1", "Choose one of AWS’s regions."),
            ("main_region", "", "Main region is required."),
            ("regions", ["mars-1"], "“mars-1” is not a region that a blueprint offers."),
            ("sizes", [], "Choose at least one size."),
            ("name", "acme-dev", "already exists"),
            ("endpoint_url", "http://169.254.169.254/", "read their credentials"),
        ],
    )
    def test_what_is_wrong_is_said_at_the_field(self, ada: Client, field: str, entered: object, sentence: str) -> None:
        answer = ada.post("/accounts/new/", NEW | {field: entered})
        assert answer.status_code == 422
        error = re.search(rf'id="error-{field}">(.*?)</p>', text_of(answer), re.DOTALL)
        assert error is not None
        assert sentence in error[1]
        assert not Account.objects.filter(name="acme-new").exists()
        if field != "name":
            assert 'value="acme-new"' in text_of(answer)

    def test_nobody_is_offered_an_account_that_is_being_connected(self, ada: Client, people: People) -> None:
        account = begin(ada)
        ada.post(f"/accounts/{account.pk}/teams/{people.payments.pk}/", {"hosted_zones": ""})
        entry = AccountTeam.objects.get(account=account)
        assert offered_sizes(entry) == []
        assert "acme-new" not in text_of(people.client("bob").get("/catalogue/carbon-connect/request/?size=dev"))
        assert "acme-new" not in text_of(people.client("bob").get("/adopt/"))
        answer = ada.post(f"/accounts/{account.pk}/open/")
        assert answer.status_code == 409
        assert "Enter the role of acme-new first" in text_of(answer)

    @pytest.mark.parametrize(
        "outcome", [Connection.UNTESTED, Connection.FAILED, Connection.INCOMPLETE, Connection.PASSED]
    )
    def test_a_test_decides_which_sizes_are_offered(self, ada: Client, people: People, outcome: Connection) -> None:
        Account.objects.filter(pk=people.dev.pk).update(connection=outcome, sizes=["dev", "prod"])
        entry = AccountTeam.objects.select_related("account").get(account=people.dev, team=people.payments)
        offered = {
            Connection.UNTESTED: [],
            Connection.FAILED: [],
            Connection.INCOMPLETE: ["dev"],
            Connection.PASSED: ["dev", "prod"],
        }
        assert offered_sizes(entry) == offered[outcome]


def changed(account: Account, **changes: object) -> dict[str, object]:
    """What a browser posts from the form of the account."""
    values = AccountValues.of(account)
    seen = {name: list(v) if isinstance(v, tuple) else v for name in values.__slots__ for v in [getattr(values, name)]}
    form = {
        "name": account.name,
        "main_region": account.regions[0],
        "regions": account.regions[1:],
        "sizes": account.sizes,
        "role_arn": account.role_arn,
        "artefact_bucket": account.artefact_bucket,
        "artefact_region": account.artefact_region,
        "seen": json.dumps(seen),
    }
    return form | changes


class TestChanging:
    def test_a_change_is_stored_and_audited_with_before_and_after(self, ada: Client, people: People) -> None:
        answer = ada.post(f"/accounts/{people.dev.pk}/change/", changed(people.dev, sizes=["dev"]))
        assert answer.status_code == 302, text_of(answer)
        event = AuditEvent.objects.get(action="account:change")
        assert (event.before, event.after) == ({"sizes": ["dev", "staging"]}, {"sizes": ["dev"]})

    @pytest.mark.parametrize(
        ("arn", "sentence"),
        [
            ("hello", "“hello” is not the ARN of a role"),
            ("arn:aws:iam::222222222222:role/portal", "This role is in account 222222222222, not in 100000000001."),
        ],
    )
    def test_a_bad_role_is_said_at_its_field(self, ada: Client, people: People, arn: str, sentence: str) -> None:
        answer = ada.post(f"/accounts/{people.dev.pk}/change/", changed(people.dev, role_arn=arn))
        error = re.search(r'id="error-role_arn">(.*?)</p>', text_of(answer), re.DOTALL)
        assert (answer.status_code, sentence in (error or [""])[1]) == (422, True)

    def test_another_role_has_to_be_tested_first(self, ada: Client, people: People) -> None:
        arn = "arn:aws:iam::100000000001:role/portal"
        ada.post(f"/accounts/{people.dev.pk}/change/", changed(people.dev, role_arn=arn))
        form = text_of(people.client("bob").get("/catalogue/carbon-connect/request/?size=dev"))
        assert Account.objects.get(pk=people.dev.pk).connection == "untested"
        assert "acme-dev ·" not in form

    def test_what_environments_live_in_is_not_taken_away(self, ada: Client, people: People) -> None:
        people.ask("orders-dev")
        answer = ada.post(
            f"/accounts/{people.dev.pk}/change/",
            changed(people.dev, main_region="eu-central-1", regions=[], sizes=["staging"]),
        )
        assert answer.status_code == 422
        assert "eu-north-1 cannot be removed: orders-dev exists there." in text_of(answer)
        assert "dev cannot be removed: orders-dev exists there." in text_of(answer)

    def test_two_admins_do_not_overwrite_each_other(self, ada: Client, people: People) -> None:
        mine = changed(people.dev, name="mine")
        ada.post(f"/accounts/{people.dev.pk}/change/", changed(people.dev, sizes=["dev"]))
        answer = ada.post(f"/accounts/{people.dev.pk}/change/", mine)
        assert answer.status_code == 409
        assert "The account acme-dev was changed in the meantime: Sizes is now dev." in text_of(answer)
        assert 'value="mine"' in text_of(answer)
        again = html.unescape(re.search(r'name="seen" value="([^"]+)"', answer.content.decode())[1])  # type: ignore[index]
        assert (
            ada.post(f"/accounts/{people.dev.pk}/change/", mine | {"seen": again, "sizes": ["dev"]}).status_code == 302
        )
        assert Account.objects.get(pk=people.dev.pk).name == "mine"

    def test_a_closed_account_accepts_no_new_environment_and_lets_others_be_torn_down(
        self, ada: Client, people: People
    ) -> None:
        environment = people.ask("orders-dev").environment
        finish(environment, "running", "succeeded", "done")
        ada.post(f"/accounts/{people.dev.pk}/close/")
        form = text_of(people.client("bob").get("/catalogue/carbon-connect/request/?size=dev"))
        assert "acme-dev ·" not in form
        assert people.client("bob").get(f"/environments/{environment.pk}/teardown/").status_code == 200
        assert check_may_use_account(people.payments, Account.objects.get(pk=people.dev.pk), size="dev", is_new=False)
        ada.post(f"/accounts/{people.dev.pk}/open/")
        assert Account.objects.get(pk=people.dev.pk).state == AccountState.OPEN

    def test_an_account_that_environments_refer_to_is_not_removed(self, ada: Client, people: People) -> None:
        people.ask("orders-dev")
        url = f"/accounts/{people.dev.pk}/remove/"
        assert "Type acme-dev to confirm." in text_of(ada.post(url, {"typed_name": "acme"}))
        refused = ada.post(url, {"typed_name": "acme-dev"})
        assert refused.status_code == 422
        assert (
            "acme-dev cannot be removed: environments, their receipts and their ledgers refer to it (orders-dev)"
            in text_of(refused)
        )
        assert ada.post(f"/accounts/{people.prod.pk}/remove/", {"typed_name": "acme-prod"}).status_code == 302
        assert not Account.objects.filter(pk=people.prod.pk).exists()
        assert AuditEvent.objects.get(action="account:remove").before["account_id"] == "100000000002"


class TestTeams:
    def test_a_team_is_admitted_with_its_own_role_and_only_what_is_listed(self, ada: Client, people: People) -> None:
        AccountTeam.objects.filter(account=people.dev, team=people.payments).delete()
        url = reverse("account_team", kwargs={"pk": people.dev.pk, "team": people.payments.pk})
        zones = "Z0123456789ABCDEFGHIJ\n\n  Z9876543210ABCDEFGHIJ \n"
        answer = ada.post(url, {"hosted_zones": zones, "secrets": "shared/*\npager", "seen": "null"})
        assert answer.status_code == 302, text_of(answer)
        entry = AccountTeam.objects.get(account=people.dev, team=people.payments)
        assert entry.hosted_zones == ["Z0123456789ABCDEFGHIJ", "Z9876543210ABCDEFGHIJ"]
        assert entry.stack_role_arn == "arn:aws:iam::100000000001:role/portal/stacks/portal-stacks-payments"
        assert AuditEvent.objects.get(action="account_team:add").after["secrets"] == ["shared/*", "pager"]
        command = re.search(r"<pre>(aws cloudformation create-stack.*?)</pre>", text_of(ada.get(url)), re.DOTALL)
        words = shlex.split(command[1].replace("\\\n", " "))  # type: ignore[index]
        given = {
            one["ParameterKey"]: one["ParameterValue"] for one in json.loads(words[words.index("--parameters") + 1])
        }
        secret = "arn:aws:secretsmanager:*:100000000001:secret:"
        assert given == {
            "Team": "payments",
            "HostedZones": "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ,arn:aws:route53:::hostedzone/Z9876543210ABCDEFGHIJ",
            "Secrets": f"{secret}shared/*,{secret}pager-??????",
        }

    def test_the_form_of_a_limited_team_offers_only_its_regions_and_sizes(self, ada: Client, people: People) -> None:
        bob, asked = people.client("bob"), "/catalogue/carbon-connect/request/"
        assert "acme-dev · Europe (Frankfurt) eu-central-1" in text_of(bob.get(f"{asked}?size=staging"))
        url = reverse("account_team", kwargs={"pk": people.dev.pk, "team": people.payments.pk})
        entry = AccountTeam.objects.get(account=people.dev, team=people.payments)
        seen = rights_of(entry)
        kept = {name: "\n".join(entries) for name, entries in seen.items()}
        kept["certificates"] = ""  # the examples' account is another one
        limits = kept | {"regions": ["eu-central-1"], "sizes": ["dev"], "seen": json.dumps(seen)}
        assert ada.post(url, limits).status_code == 302
        dev, staging = text_of(bob.get(f"{asked}?size=dev")), text_of(bob.get(f"{asked}?size=staging"))
        assert "acme-dev · Europe (Frankfurt) eu-central-1" in dev
        assert "eu-north-1</option>" not in dev
        assert "acme-dev ·" not in staging
        forged = bob.post(asked, people.form("orders-dev"))
        assert forged.status_code == 422
        assert "The team cannot create this size in this account and region." in text_of(forged)

    def test_the_entries_of_a_list_are_checked_one_by_one(self, ada: Client, people: People) -> None:
        url = reverse("account_team", kwargs={"pk": people.dev.pk, "team": people.payments.pk})
        seen = json.dumps(rights_of(AccountTeam.objects.get(account=people.dev, team=people.payments)))
        answer = ada.post(url, {"hosted_zones": "zone", "secrets": "portal/logistics/x", "seen": seen})
        text = text_of(answer)
        assert answer.status_code == 422
        assert "“zone” is not the id of a hosted zone, such as Z0123456789ABCDEFGHIJ." in text
        assert "zone</textarea>" in text

    def test_two_admins_do_not_overwrite_each_other(self, ada: Client, people: People) -> None:
        url = reverse("account_team", kwargs={"pk": people.dev.pk, "team": people.payments.pk})
        seen = json.dumps(rights_of(AccountTeam.objects.get(account=people.dev, team=people.payments)))
        assert ada.post(url, {"roles": "arn:aws:iam::100000000001:role/one", "seen": seen}).status_code == 302
        answer = ada.post(url, {"secrets": "mine", "seen": seen})
        assert answer.status_code == 409
        assert "Roles is now arn:aws:iam::100000000001:role/one" in text_of(answer)
        assert "mine</textarea>" in text_of(answer)

    def test_a_team_with_environments_is_not_removed(self, ada: Client, people: People) -> None:
        people.ask("orders-dev")
        url = reverse("remove_account_team", kwargs={"pk": people.dev.pk, "team": people.payments.pk})
        refused = ada.post(url)
        assert (refused.status_code, "orders-dev" in text_of(refused)) == (422, True)
        other = reverse("remove_account_team", kwargs={"pk": people.dev.pk, "team": people.logistics.pk})
        assert ada.post(other).status_code == 302
        assert AuditEvent.objects.get(action="account_team:remove").team == people.logistics


def rights_of(entry: AccountTeam) -> dict[str, list[str]]:
    names = ("regions", "sizes", "hosted_zones", "secrets", "certificates", "roles", "image_repositories", "email_identities", "trusted_accounts")  # fmt: skip
    return {name: list(getattr(entry, name)) for name in names}


class TestOthers:
    def test_an_auditor_reads_and_changes_nothing(self, people: People, ada: Client) -> None:
        otto = Client()
        otto.force_login(User.objects.create_user("otto", is_auditor=True))
        page = otto.get(f"/accounts/{people.dev.pk}/")
        assert (page.status_code, otto.get("/accounts/").status_code) == (200, 200)
        assert people.dev.external_id not in text_of(page)
        for name in ("change", "outputs", "test", "open", "close", "remove"):
            assert otto.post(f"/accounts/{people.dev.pk}/{name}/").status_code == 403, name
        assert otto.get("/accounts/new/").status_code == otto.get("/setup/").status_code == 403

    def test_members_see_no_account(self, people: People) -> None:
        alice = people.client("alice")
        for url in ("/accounts/", f"/accounts/{people.dev.pk}/", "/setup/", "/accounts/templates/onboarding.yaml"):
            assert alice.get(url).status_code == 403, url

    def test_services_check_the_actor_themselves(self, people: People) -> None:
        with pytest.raises(Exception, match="Only portal admins"):
            close_account(actor=people.alice, account=people.dev)
        with pytest.raises(NotAllowed, match="Only portal admins"):
            check_connection(actor=people.alice, account=people.dev)


def test_a_deleted_team_can_no_longer_be_given_an_account(ada: Client, people: People) -> None:
    former = Team.objects.create(slug="dissolved", name="Dissolved", deleted_at=clock.now())
    account = f"/accounts/{people.dev.pk}/"
    assert "Dissolved" not in text_of(ada.get(account))
    assert ada.get(f"{account}teams/{former.pk}/").status_code == 404
    with pytest.raises(WrongState, match="Dissolved was deleted"):
        admit_team(actor=User.objects.get(username="ada"), account=people.dev, team=former, rights=TeamRights())
    assert "Dissolved" not in text_of(ada.get("/rules/"))
    assert "Dissolved in" not in text_of(ada.get("/setup/"))
