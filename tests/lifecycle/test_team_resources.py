"""What a team may name from outside its environments, kind by kind."""

from __future__ import annotations

import pytest

from provisioning.design.external_names import ExternalKind, ExternalName
from provisioning.errors import Refused
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.team_resources import check_external_names
from provisioning.models import AccountTeam
from tests.fixtures.world import World

REGISTRY = "111111111111.dkr.ecr.eu-north-1.amazonaws.com"
OTHER_REGISTRY = "999999999999.dkr.ecr.eu-north-1.amazonaws.com"
SECRET_ARN = "arn:aws:secretsmanager:eu-north-1:111111111111:secret"
CERTIFICATE = "arn:aws:acm:eu-north-1:111111111111:certificate"
ROLE = "arn:aws:iam::111111111111:role"
LISTED = {
    "hosted_zones": ["ZPAYMENTS"],
    "secrets": ["shared/mail", "shared/logs/*", f"{SECRET_ARN}:vault/key-AbCdEf"],
    "certificates": [f"{CERTIFICATE}/1"],
    "roles": [f"{ROLE}/reports"],
    "image_repositories": [f"{OTHER_REGISTRY}/base/python", f"{REGISTRY}/tools/*"],
    "email_identities": ["mail.payments.example"],
    "trusted_accounts": ["210987654321"],
}
ALLOWED = [
    (ExternalKind.HOSTED_ZONE, "ZPAYMENTS"),
    (ExternalKind.SECRET, "portal/payments/anything"),
    (ExternalKind.SECRET, "shared/mail"),
    (ExternalKind.SECRET, "shared/logs/loki"),
    (ExternalKind.SECRET, "vault/key"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:portal/payments/anything-AbCdEf"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:portal/payments/*"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/mail-AbCdEf"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/mail-??????"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/logs/loki-AbCdEf"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:vault/key-AbCdEf"),
    (ExternalKind.CERTIFICATE, f"{CERTIFICATE}/1"),
    (ExternalKind.ROLE, f"{ROLE}/reports"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/payments/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/tools/builder"),
    (ExternalKind.IMAGE_REPOSITORY, f"{OTHER_REGISTRY}/base/python"),
    (ExternalKind.EMAIL_IDENTITY, "mail.payments.example"),
    (ExternalKind.ACCOUNT, "210987654321"),
]
REFUSED = [
    (ExternalKind.HOSTED_ZONE, "ZLOGISTICS"),
    (ExternalKind.HOSTED_ZONE, "payments.example.org"),
    (ExternalKind.HOSTED_ZONE, "ZPAYMENT"),
    (ExternalKind.SECRET, "portal/logistics/anything"),
    (ExternalKind.SECRET, "portal/payments-eu/anything"),
    (ExternalKind.SECRET, "portal/payments"),
    (ExternalKind.SECRET, "portal/*"),
    (ExternalKind.SECRET, "orders-dev/database-main"),
    (ExternalKind.SECRET, "shared/mail2"),
    (ExternalKind.SECRET, "shared/*"),
    (ExternalKind.SECRET, "shared/logs/*"),
    (ExternalKind.SECRET, "*"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/mail"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/mail*"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:shared/mail-of-logistics"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:portal/logistics/anything-AbCdEf"),
    (ExternalKind.SECRET, f"{SECRET_ARN}:*"),
    (ExternalKind.SECRET, "arn:aws:secretsmanager:eu-north-1:999999999999:secret:portal/payments/anything-AbCdEf"),
    (ExternalKind.SECRET, "arn:aws:secretsmanager:*:*:secret:portal/payments/anything-AbCdEf"),
    (ExternalKind.CERTIFICATE, f"{CERTIFICATE}/2"),
    (ExternalKind.CERTIFICATE, f"{CERTIFICATE}/*"),
    (ExternalKind.ROLE, f"{ROLE}/Admin"),
    (ExternalKind.ROLE, f"{ROLE}/*"),
    (ExternalKind.ROLE, f"{ROLE}/portal"),
    (ExternalKind.ROLE, "Admin"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/logistics/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/payments-eu/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/payments/../logistics/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/tools/../logistics/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{REGISTRY}/payments"),
    (ExternalKind.IMAGE_REPOSITORY, f"{OTHER_REGISTRY}/payments/api"),
    (ExternalKind.IMAGE_REPOSITORY, f"{OTHER_REGISTRY}/base/python/extra"),
    (ExternalKind.EMAIL_IDENTITY, "mail.logistics.example"),
    (ExternalKind.EMAIL_IDENTITY, "alice@mail.payments.example"),
    (ExternalKind.ACCOUNT, "999999999999"),
]


@pytest.fixture
def payments(world: World) -> AccountTeam:
    AccountTeam.objects.filter(team=world.team).update(**LISTED)
    return AccountTeam.objects.select_related("account", "team").get(team=world.team, account=world.account)


def check(account_team: AccountTeam, *names: tuple[ExternalKind, str], setting: str = "setting") -> None:
    given = [ExternalName(kind, name, "service.api", setting) for kind, name in names]
    check_external_names(given, account=account_team.account, account_teams=[account_team])


@pytest.mark.parametrize(("kind", "name"), ALLOWED)
def test_what_is_listed_or_named_for_the_team_is_allowed(payments: AccountTeam, kind: ExternalKind, name: str) -> None:
    check(payments, (kind, name))


@pytest.mark.parametrize(("kind", "name"), REFUSED)
def test_everything_else_is_refused(payments: AccountTeam, kind: ExternalKind, name: str) -> None:
    with pytest.raises(Refused) as refused:
        check(payments, (kind, name))
    assert f"“{name}”, which Payments may not use in the account dev." in refused.value.sentence


def test_every_refusal_is_told_at_once_with_its_setting_and_the_list(payments: AccountTeam) -> None:
    with pytest.raises(Refused) as refused:
        check(payments, *REFUSED)
    sentences = refused.value.sentence.splitlines()
    assert len(sentences) == len(REFUSED)
    assert sentences[0] == (
        "setting of service.api names the hosted zone “ZLOGISTICS”, which Payments may not use in the account dev. "
        "Choose another one, or ask an administrator of the portal to list it for the team under “Hosted zones”."
    )


@pytest.mark.parametrize("role", ["role/portal", "role/portal/stacks/portal-stacks-logistics", "role/Admin"])
def test_only_the_onboarded_role_of_an_account_is_assumed_unlisted(payments: AccountTeam, role: str) -> None:
    name = (ExternalKind.ROLE, f"arn:aws:iam::999999999999:{role}")
    if role == "role/portal":
        check(payments, name, setting="assume_roles")
        return
    with pytest.raises(Refused, match="names the role"):
        check(payments, name, setting="assume_roles")


# From the request to the operation


def test_a_right_that_is_taken_away_stops_the_approval(world: World) -> None:
    request = world.request(size="prod", blueprint="carbon-connect")
    AccountTeam.objects.filter(team=world.team, account=world.prod_account).update(certificates=[])
    with pytest.raises(Refused, match=r"certificate\.arn of load_balancer\.public names the certificate"):
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    request.refresh_from_db()
    assert request.state == "waiting"


def test_a_right_that_is_taken_away_later_stops_the_operation(world: World) -> None:
    request = world.request(size="prod", blueprint="carbon-connect")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    AccountTeam.objects.filter(team=world.team, account=world.prod_account).update(certificates=[])
    environment = world.until_rest(request.environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("create_failed", "refused")
    assert operation.cause.startswith("certificate.arn of load_balancer.public names the certificate")
    assert world.cloud.stacks == []
