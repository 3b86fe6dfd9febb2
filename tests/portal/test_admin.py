"""An installation's people, teams and accounts, entered by an administrator of the portal."""

from __future__ import annotations

import pytest
from django.test import Client

from provisioning.models import Account, User
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
