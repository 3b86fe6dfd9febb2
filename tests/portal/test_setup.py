"""The checklist of the first administrator: computed from what exists, one open step at a time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from provisioning.aws.onboarding import stack_role_arn
from provisioning.lifecycle.read.setup import SetupStep, setup_of
from provisioning.models import (
    Account,
    AccountState,
    AccountTeam,
    Connection,
    Environment,
    Invitation,
    Role,
    Team,
    User,
)
from tests.portal.conftest import People

STEPS = list(SetupStep)


@pytest.fixture
def ada(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ada", first_name="Ada", is_admin=True))
    return client


def opened_steps(client: Client) -> list[str]:
    text = client.get("/setup/").content.decode()
    return re.findall(r'<details id="details-\d" open>\s*<summary><h2[^>]*>([^<]+)', text)


def test_the_first_administrator_lands_on_the_checklist(ada: Client) -> None:
    assert ada.get("/").headers["Location"] == "/setup/"
    text = ada.get("/setup/").content.decode()
    assert opened_steps(ada) == ["Connect an AWS account"]
    assert "<title>Set up, 0 of 6 done" in text
    assert 'class="btn primary" href="/accounts/new/"' in text


def test_each_step_is_done_as_soon_as_it_is_true(ada: Client) -> None:
    user = User.objects.get(username="ada")
    account = Account.objects.create(
        name="acme-dev",
        account_id="100000000001",
        regions=["eu-north-1"],
        sizes=["dev"],
        state=AccountState.CONNECTING,
        connection=Connection.PASSED,
    )
    assert setup_of(user).next == SetupStep.ACCOUNT
    assert "Continue with acme-dev" in ada.get("/setup/").content.decode()
    account.state = AccountState.OPEN
    account.save()
    assert setup_of(user).next == SetupStep.TEAM
    assert "1 of 6 done" in ada.get("/").content.decode()
    payments = Team.objects.create(slug="payments", name="Payments")
    assert setup_of(user).next == SetupStep.RIGHTS
    AccountTeam.objects.create(
        account=account, team=payments, stack_role_arn=stack_role_arn(account.account_id, "payments")
    )
    assert setup_of(user).next == SetupStep.PEOPLE
    now = timezone.now()
    Invitation.objects.create(
        team=payments, email="alice@example.com", role=Role.OWNER, token_sha256="0" * 64,
        invited_by=user, invited_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip
    assert setup_of(user).next == SetupStep.APPROVER
    User.objects.create_user("olivia", is_approver=True)
    assert setup_of(user).next == SetupStep.ENVIRONMENT
    assert opened_steps(ada) == ["Request a first environment"]


def test_an_account_that_failed_its_test_is_not_connected(ada: Client) -> None:
    Account.objects.create(
        name="acme", account_id="100000000001", regions=["eu-north-1"], sizes=["dev"], connection=Connection.FAILED
    )
    assert setup_of(User.objects.get(username="ada")).next == SetupStep.ACCOUNT


def test_it_ends_with_the_first_environment(people: People) -> None:
    people.ask("orders-dev")
    people.alice.is_admin = True
    people.alice.save()
    assert Environment.objects.exists()
    assert setup_of(people.alice).is_finished
    alice = people.client("alice")
    assert "Set up the portal" not in alice.get("/").content.decode()
    assert opened_steps(alice) == []


def test_it_can_be_dismissed_and_remains_in_the_menu(ada: Client) -> None:
    assert "Do not show this on my home page" in ada.get("/setup/").content.decode()
    assert ada.post("/setup/dismiss/").status_code == 302
    home = ada.get("/")
    assert home.status_code == 200
    assert '<a href="/setup/">Set up</a>' in home.content.decode()
    assert "Do not show this on my home page" not in ada.get("/setup/").content.decode()


def test_nobody_else_sees_it(people: People) -> None:
    assert people.client("bob").get("/setup/").status_code == 403
    assert people.client("bob").post("/setup/dismiss/").status_code == 403
    assert "/setup/" not in people.client("bob").get("/").content.decode()


def test_its_state_is_one_query(people: People, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    people.alice.is_admin = True
    with django_assert_num_queries(1):
        setup_of(people.alice)
