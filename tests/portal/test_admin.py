"""An installation's people, teams and accounts, entered by an administrator of the portal."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from provisioning.models import Account, AuditEvent, User
from tests.portal.conftest import People

ROLE = "arn:aws:iam::123456789012:role/portal"


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


def form(**changes: object) -> dict[str, object]:
    return {"name": "acme-prod", "account_id": "123456789012", "regions": "eu-north-1", **changes}


def test_members_do_not_get_in(people: People) -> None:
    assert people.client("bob").get("/admin/provisioning/account/").status_code == 302


def test_an_account_gets_an_external_id_of_its_own_and_takes_sizes_once_its_role_is_known(
    administrator: Client,
) -> None:
    refused = administrator.post("/admin/provisioning/account/add/", form(sizes=["prod"]))
    assert "Save the account without sizes first" in refused.content.decode()
    assert administrator.post("/admin/provisioning/account/add/", form()).status_code == 302
    account = Account.objects.get()
    assert (len(account.external_id) > 30, account.sizes, account.is_sandbox) == (True, [], False)

    url = f"/admin/provisioning/account/{account.pk}/change/"
    assert account.external_id in administrator.get(url).content.decode()
    assert administrator.post(url, form(sizes=["prod"], role_arn=ROLE)).status_code == 302
    after = Account.objects.get()
    assert (after.sizes, after.role_arn, after.external_id) == (["prod"], ROLE, account.external_id)


def test_a_role_of_another_account_is_refused(administrator: Client) -> None:
    other = ROLE.replace("123456789012", "999999999999")
    answer = administrator.post("/admin/provisioning/account/add/", form(role_arn=other))
    assert "This role is in account 999999999999, not in 123456789012." in answer.content.decode()
    assert not Account.objects.exists()


def test_an_account_never_becomes_another(administrator: Client) -> None:
    administrator.post("/admin/provisioning/account/add/", form())
    account = Account.objects.get()
    administrator.post(f"/admin/provisioning/account/{account.pk}/change/", form(account_id="999999999999"))
    assert Account.objects.get().account_id == "123456789012"


def test_all_its_pages_open(administrator: Client) -> None:
    for noun in ("user", "team", "account"):
        assert administrator.get(f"/admin/provisioning/{noun}/").status_code == 200
        assert administrator.get(f"/admin/provisioning/{noun}/add/").status_code == 200


def test_the_connection_test_shows_sentences(administrator: Client) -> None:
    """Nothing listens at that address, so there is one finding, and no trace."""
    account = Account.objects.create(
        name="acme-dev",
        account_id="123456789012",
        regions=["eu-north-1"],
        sizes=[],
        role_arn=ROLE,
        endpoint_url="http://127.0.0.1:9",
        is_sandbox=True,
    )
    form = {"action": "test_connection", "_selected_action": str(account.pk)}
    page = administrator.post("/admin/provisioning/account/", form, follow=True).content.decode()
    assert "Account acme-dev: The portal cannot reach http://127.0.0.1:9" in page
    assert "Check the network between the portal and AWS" in page
    assert account.external_id not in page
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("account:test", User.objects.get(username="root"))


def test_who_may_only_look_at_accounts_cannot_test_them(db: None) -> None:
    charlie = User.objects.create_user("charlie", password="correct horse battery", is_staff=True)
    charlie.user_permissions.add(Permission.objects.get(codename="view_account"))
    Account.objects.create(name="acme-dev", account_id="123456789012", regions=["eu-north-1"], sizes=[])
    client = Client()
    client.force_login(charlie)
    assert "Test connection" not in client.get("/admin/provisioning/account/").content.decode()
