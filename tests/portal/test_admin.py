"""An installation's people, teams and accounts, entered by an administrator of the portal."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.test import Client

from provisioning.design.names import team_key
from provisioning.models import Account, AccountTeam, AllowedDestination, AuditEvent, Membership, Team, User
from provisioning.models.validators import check_endpoint_url
from provisioning.outgoing import OWN_MACHINE
from tests.portal.conftest import People

ROLE = "arn:aws:iam::123456789012:role/portal"


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


NO_MEMBERS = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
NO_TEAMS = {"account_teams-TOTAL_FORMS": 0, "account_teams-INITIAL_FORMS": 0}


def form(**changes: object) -> dict[str, object]:
    return {"name": "acme-prod", "account_id": "123456789012", "regions": "eu-north-1", **NO_TEAMS, **changes}


def team_form(team: Team, **changes: object) -> dict[str, object]:
    """The account's form with one team in it."""
    given = {"team": str(team.pk), **changes}
    return form(
        name="acme-new",
        **{"account_teams-TOTAL_FORMS": 1},
        **{f"account_teams-0-{key}": text for key, text in given.items()},
    )


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("sam", password="correct horse battery", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


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
    for noun in ("user", "team", "account", "accountteam"):
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


def test_an_account_is_entered_once(administrator: Client) -> None:
    administrator.post("/admin/provisioning/account/add/", form())
    answer = administrator.post("/admin/provisioning/account/add/", form(name="again"))
    assert "The AWS account 123456789012 is entered already, as acme-prod." in answer.content.decode()
    at_emulator = form(name="again", endpoint_url="http://127.0.0.1:4566", is_sandbox="on")
    assert administrator.post("/admin/provisioning/account/add/", at_emulator).status_code == 302


@pytest.mark.parametrize("regions", ["eu-north-1;rm -rf", "eu-north-9", "eu-north-1,mars-1"])
def test_an_account_has_regions_that_exist(administrator: Client, regions: str) -> None:
    answer = administrator.post("/admin/provisioning/account/add/", form(regions=regions))
    assert "is not the code of an AWS region, such as eu-north-1." in answer.content.decode()
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://169.254.43518/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://metadata.google.internal/",
        "http://0.0.0.0:80/",
    ],
)
def test_an_endpoint_is_never_where_a_machine_reads_its_credentials(administrator: Client, url: str) -> None:
    answer = administrator.post("/admin/provisioning/account/add/", form(endpoint_url=url))
    assert answer.status_code == 200
    assert not Account.objects.exists()
    if "metadata.google.internal" not in url:  # only its address tells, and no name is looked up here
        with pytest.raises(ValidationError, match=r"An emulator has|Enter the address of an emulator"):
            check_endpoint_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://[::1]:4566", "http://sandbox.example.org:4566"])
def test_an_endpoint_may_be_written_like_an_emulators(url: str) -> None:
    check_endpoint_url(url)


def test_only_a_simulated_account_is_on_the_portals_own_machine(administrator: Client) -> None:
    url, here = "/admin/provisioning/account/add/", "http://127.0.0.1:4566"
    refused = administrator.post(url, form(endpoint_url=here))
    assert "127.0.0.1 is an address of the portal’s own machine" in refused.content.decode()
    for private in ("http://10.0.0.5:4566", "https://10.0.0.5/"):
        refused = administrator.post(url, form(endpoint_url=private, is_sandbox="on"))
        assert "10.0.0.5 is a private address. A portal admin can allow it" in refused.content.decode()
    assert not Account.objects.exists()
    AllowedDestination.objects.create(
        network="10.0.0.0/24", ports=[4566], allows_http=True, created_at=datetime.now(UTC)
    )
    assert administrator.post(url, form(endpoint_url="http://10.0.0.5:4566")).status_code == 302
    assert administrator.post(url, form(name="here", endpoint_url=here, is_sandbox="on")).status_code == 302
    assert Account.objects.get(name="here").access("eu-north-1").endpoint_rules.allowed[1:] == OWN_MACHINE.allowed


def test_a_team_is_entered_with_its_account_and_gets_its_stack_role(administrator: Client, people: People) -> None:
    lists = {"hosted_zones": "Z0123456789ABCDEFGHIJ\r\n\r\nZ123\r\n", "secrets": "shared/mail\r\nshared/logs/*"}
    assert (
        administrator.post("/admin/provisioning/account/add/", team_form(people.payments, **lists)).status_code == 302
    )
    entered = AccountTeam.objects.get(account__name="acme-new")
    assert entered.stack_role_arn == "arn:aws:iam::123456789012:role/portal/stacks/portal-stacks-payments"
    assert entered.hosted_zones == ["Z0123456789ABCDEFGHIJ", "Z123"]
    assert entered.secrets == ["shared/mail", "shared/logs/*"]


@pytest.mark.parametrize(
    ("field", "entry", "sentence"),
    [
        ("hosted_zones", "shop.example.org", "“shop.example.org” is not the id of a hosted zone"),
        ("secrets", "portal/logistics/orders", "is named for one team"),
        ("secrets", "*", "“*” is not a secret"),
        ("secrets", "shared*", "“shared*” is not a secret"),
        (
            "secrets",
            "arn:aws:secretsmanager:eu-north-1:999999999999:secret:shared/mail-AbCdEf",
            "is in the account 999999999999, not in 123456789012.",
        ),
        ("certificates", "arn:aws:acm:eu-north-1:999999999999:certificate/a", "is in the account 999999999999"),
        ("certificates", "shop.example.org", "is not the ARN of a certificate"),
        ("roles", "arn:aws:iam::123456789012:role/*", "is not the ARN of a role"),
        ("image_repositories", "base/python", "is not an image repository"),
        ("image_repositories", "123456789012.dkr.ecr.eu-north-1.amazonaws.com/base:3", "is not an image repository"),
        (
            "stack_role_arn",
            "arn:aws:iam::123456789012:role/portal/stacks/portal-stacks-logistics",
            "The stack role of Payments is role/portal/stacks/portal-stacks-payments.",
        ),
        (
            "stack_role_arn",
            "arn:aws:iam::999999999999:role/portal/stacks/portal-stacks-payments",
            "is in the account 999999999999, not in 123456789012.",
        ),
    ],
)
def test_what_a_team_may_use_is_checked_and_told_at_its_field(
    administrator: Client, people: People, field: str, entry: str, sentence: str
) -> None:
    answer = administrator.post("/admin/provisioning/account/add/", team_form(people.payments, **{field: entry}))
    assert sentence in html.unescape(answer.content.decode())
    assert not Account.objects.filter(name="acme-new").exists()


def test_no_two_teams_have_one_key(administrator: Client, people: People) -> None:
    nothing = {
        f"{inline}-{count}_FORMS": 0 for inline in ("memberships", "account_teams") for count in ("TOTAL", "INITIAL")
    }
    long_one = Team.objects.create(slug="payments-of-the-north", name="North")
    taken = team_key(long_one.slug)
    for slug, sentence in ((taken, "for this team and for North"), ("portal", "“portal” is reserved")):
        answer = administrator.post("/admin/provisioning/team/add/", {"name": "Other", "slug": slug, **nothing})
        assert sentence in answer.content.decode()
    fine = {"name": "Other", "slug": "other", **nothing}
    assert administrator.post("/admin/provisioning/team/add/", fine).status_code == 302


@pytest.mark.parametrize(
    ("slug", "others_slug"), [("payments", "payments-eu"), ("payments-eu", "payments"), ("payments", "pay")]
)
def test_teams_whose_names_begin_alike_share_no_account(people: People, slug: str, others_slug: str) -> None:
    entered = AccountTeam.objects.filter(team=people.payments)[0]
    Team.objects.filter(pk=people.payments.pk).update(slug=slug)
    other = Team.objects.create(slug=others_slug, name="Other")
    role = f"arn:aws:iam::{entered.account.account_id}:role/portal/stacks/portal-stacks-{others_slug}"
    second = AccountTeam(account=entered.account, team=other, stack_role_arn=role)
    if others_slug == "pay":  # No hyphen follows it in "payments", so no pattern of the one covers the other.
        second.clean()
        return
    with pytest.raises(ValidationError, match="would begin alike") as refused:
        second.clean()
    assert list(refused.value.message_dict) == ["team"]
    entered.delete()
    second.clean()


# Rights


def person_form(user: User, **changes: object) -> dict[str, object]:
    joined = user.date_joined
    dates = {"date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M:%S}"}
    return {"username": user.username, "is_active": "on", **dates, **changes}


def test_nobody_gives_a_right_in_the_admin_pages(administrator: Client, people: People) -> None:
    """Superusers neither: a second person confirms roles, and that is not here."""
    sam = staff("view_user", "change_user", "delete_user")
    root, user = User.objects.get(username="root"), User.objects.get(username="sam")
    roles = ("is_superuser", "is_staff", "is_admin", "is_approver", "is_auditor")
    everything = {**dict.fromkeys(roles, "on"), "user_permissions": Permission.objects.first().pk}  # type: ignore[union-attr]
    for client, target in ((sam, user), (sam, people.bob), (administrator, people.bob), (administrator, root)):
        before = [getattr(target, role) for role in roles]
        permissions = target.user_permissions.count()
        url = f"/admin/provisioning/user/{target.pk}/change/"
        assert client.post(url, person_form(target, first_name="Changed", **everything)).status_code == 302
        target.refresh_from_db()
        assert target.first_name == "Changed"
        assert [getattr(target, role) for role in roles] == before
        assert target.user_permissions.count() == permissions


def test_nobody_takes_over_a_person_who_has_a_role(administrator: Client, people: People) -> None:
    """With an approver's password or address, anyone would be an approver."""
    sam = staff("view_user", "change_user", "delete_user")
    rita = User.objects.create_superuser("rita", password="correct horse battery")
    otto = User.objects.create_user("otto", password="correct horse battery", is_auditor=True)
    ada = User.objects.create_user("ada", password="correct horse battery", is_admin=True)
    password = {"password1": "my own horse battery", "password2": "my own horse battery"}
    for client in (sam, administrator):
        for target in (people.olivia, rita, otto, ada):
            url = f"/admin/provisioning/user/{target.pk}"
            assert client.post(f"{url}/change/", person_form(target, email="sam@example.org")).status_code == 403
            assert client.post(f"{url}/password/", password).status_code == 403
            assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
            target.refresh_from_db()
            assert target.email == ""
            assert not target.check_password("my own horse battery")
    root = User.objects.get(username="root")
    assert administrator.post(f"/admin/provisioning/user/{root.pk}/password/", password).status_code == 403
    assert sam.post(f"/admin/provisioning/user/{people.bob.pk}/password/", password).status_code == 302
    people.bob.refresh_from_db()
    assert people.bob.password_from_link, "root knows it as well"


def test_a_password_that_an_administrator_has_set_is_no_way_in_to_a_later_approver(
    administrator: Client, people: People
) -> None:
    password = {"password1": "my own horse battery", "password2": "my own horse battery", "usable_password": "true"}
    url = f"/admin/provisioning/user/{people.bob.pk}/password/"
    assert administrator.post(url, {**password, "password2": "x"}).status_code == 200
    assert not User.objects.get(pk=people.bob.pk).password_from_link
    assert administrator.post(url, password).status_code == 302
    assert User.objects.get(pk=people.bob.pk).password_from_link
    administrator.post("/admin/provisioning/user/add/", {**password, "username": "dora"})
    assert User.objects.get(username="dora").password_from_link


def test_members_and_teams_are_changed_on_their_own_pages(administrator: Client, people: People) -> None:
    """Here, neither the last owner nor a whole team disappears."""
    url = f"/admin/provisioning/team/{people.payments.pk}"
    membership = Membership.objects.get(user=people.alice)
    inline = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-role": "viewer",
        "memberships-0-DELETE": "on",
    }
    administrator.post(f"{url}/change/", {"name": "Payments", **inline, **NO_TEAMS})
    membership.refresh_from_db()
    assert membership.role == "owner"
    assert administrator.post(f"{url}/delete/", {"post": "yes"}).status_code == 403


def test_several_deletions_at_once_are_in_the_audit_log(administrator: Client, people: People) -> None:
    rows = list(AccountTeam.objects.filter(team=people.payments))
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert administrator.post("/admin/provisioning/accountteam/", chosen).status_code == 302
    assert not AccountTeam.objects.filter(team=people.payments).exists()
    events = AuditEvent.objects.filter(action="account_team:change")
    assert sorted(event.subject for event in events) == ["Payments in acme-dev", "Payments in acme-prod"]
    assert {event.detail["change"] for event in events} == {"deleted"}


def test_the_stack_role_is_in_the_partition_of_the_account(administrator: Client, people: People) -> None:
    role_arn = "arn:aws-cn:iam::123456789012:role/portal"
    answer = administrator.post("/admin/provisioning/account/add/", team_form(people.payments) | {"role_arn": role_arn})
    assert answer.status_code == 302
    entered = AccountTeam.objects.get(account__name="acme-new")
    assert entered.stack_role_arn == "arn:aws-cn:iam::123456789012:role/portal/stacks/portal-stacks-payments"


def test_every_change_is_in_the_audit_log(administrator: Client, people: People) -> None:
    root = User.objects.get(username="root")
    url = f"/admin/provisioning/user/{people.bob.pk}/change/"
    assert administrator.post(url, person_form(people.bob, email="bob@example.com")).status_code == 302
    event = AuditEvent.objects.get(action="person:change")
    assert (event.actor, event.subject, event.detail["change"]) == (root, "bob", "changed")
    assert event.after["email"] == "bob@example.com"

    added = team_form(people.payments, secrets="shared/mail")
    assert administrator.post("/admin/provisioning/account/add/", added).status_code == 302
    event = AuditEvent.objects.get(action="account:change")
    assert event.detail["change"] == "added"
    assert event.after["account_teams"] == ["Payments in acme-new"]
    assert Account.objects.get(account_id="123456789012").external_id not in str(event.detail)

    entered = AccountTeam.objects.get(account__account_id="123456789012")
    administrator.post(f"/admin/provisioning/accountteam/{entered.pk}/change/", {"secrets": "shared/logs"})
    event = AuditEvent.objects.get(action="account_team:change")
    assert event.after["secrets"] == ["shared/logs"]
    administrator.post(f"/admin/provisioning/accountteam/{entered.pk}/delete/", {"post": "yes"})
    assert AuditEvent.objects.filter(action="account_team:change").latest("id").detail["change"] == "deleted"

    url = f"/admin/provisioning/team/{people.payments.pk}/change/"
    assert administrator.post(url, {"name": "Pay", **NO_MEMBERS, **NO_TEAMS}).status_code == 302
    event = AuditEvent.objects.get(action="team:change")
    assert (event.before["name"], event.after["name"]) == ("Payments", "Pay")
