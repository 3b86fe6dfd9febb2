"""Creates the demo's sample users, teams, accounts and environments, and requests a change. Every
function may run again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from urllib.request import Request, urlopen

from django.db import transaction

from provisioning.aws.errors import AwsError
from provisioning.aws.interface import Aws, StackSpec
from provisioning.aws.onboarding import (
    ONBOARDING_VERSION,
    STACK,
    TEAM_TEMPLATE,
    TEMPLATE,
    VERSION_OUTPUT,
    portal_role_arn,
    stack_role_arn,
    team_stack,
)
from provisioning.aws.permits import OperationsPermit, using_permit
from provisioning.blueprint import example_inputs
from provisioning.design.names import team_key
from provisioning.lifecycle.aws_access import aws_as_sandbox_account
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import (
    Account,
    AccountTeam,
    Environment,
    Membership,
    OutsideRole,
    RequestKind,
    Role,
    Team,
    User,
)
from provisioning.models.role_change import FLAGS

REGION = "eu-north-1"
FIRST_ENVIRONMENT = "orders-dev"
CHANGED_ENVIRONMENT = "handbook"
ONBOARDING_SECONDS = 300.0
"""A busy machine takes minutes for what otherwise takes a second."""
PEOPLE = {
    # username: (first name, last name, role outside teams, team, role)
    "alice": ("Alice", "Andersson", None, "payments", Role.OWNER),
    "bob": ("Bob", "Berg", None, "payments", Role.OPERATOR),
    "vera": ("Vera", "Vik", None, "payments", Role.VIEWER),
    "olivia": ("Olivia", "Olsson", OutsideRole.APPROVER, None, None),
    "charlie": ("Charlie", "Clarke", None, "logistics", Role.OWNER),
    "nora": ("Nora", "Nyberg", OutsideRole.AUDITOR, None, None),
}
ADMINISTRATOR = "ada"
TEAMS = {"payments": "Payments", "logistics": "Logistics"}
ACCOUNTS = {
    # name: (account id, sizes)
    "sandbox-dev": ("100000000001", ["dev", "staging"]),
    "sandbox-prod": ("100000000002", ["prod"]),
}
# What the examples of the blueprints name, so that they can be requested unchanged.
EXAMPLE_ZONE = "Z0123456789ABCDEFGHIJ"
EXAMPLE_DOMAIN = "example.com"
EXAMPLE_CERTIFICATES = [
    f"arn:aws:acm:{region}:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
    for region in ("eu-north-1", "us-east-1")
]


@transaction.atomic
def create_users(password: str) -> None:
    for slug, name in TEAMS.items():
        Team.objects.get_or_create(slug=slug, defaults={"name": name})
    for username, (first, last, outside, team, role) in PEOPLE.items():
        rights = {FLAGS[outside]: True} if outside else {}
        user, created = User.objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, **rights}
        )
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
        if team:
            Membership.objects.get_or_create(
                team=Team.objects.get(slug=team), user=user, defaults={"role": role or Role.OPERATOR}
            )

    _create_administrator(password)


def _create_administrator(password: str) -> None:
    rights = {"is_admin": True, "is_superuser": True, "is_staff": True}
    ada, created = User.objects.get_or_create(
        username=ADMINISTRATOR, defaults={"first_name": "Ada", "last_name": "Ahlgren", **rights}
    )
    if created:
        ada.set_password(password)
        ada.save(update_fields=["password"])


def create_accounts(sandbox_url: str) -> list[Account]:
    """Create the simulated accounts. The sandbox's address may differ at each start; what an
    administrator has changed remains.
    """
    Account.objects.filter(is_sandbox=True).update(endpoint_url=sandbox_url)
    regions = sorted({region for blueprint in catalogue().blueprints.values() for region in blueprint.regions})
    regions = [REGION, *(region for region in regions if region != REGION)]
    return [
        Account.objects.get_or_create(
            account_id=account_id,
            is_sandbox=True,
            defaults={
                "name": name,
                "sizes": sizes,
                "regions": regions,
                "endpoint_url": sandbox_url,
                "role_arn": portal_role_arn(account_id),
                "artefact_bucket": f"portal-artefacts-{account_id}-{REGION}",
            },
        )[0]
        for name, (account_id, sizes) in ACCOUNTS.items()
    ]


def patiently(onboarding: Callable[[], None], *, seconds: float = ONBOARDING_SECONDS, pause: float = 1.0) -> None:
    """Run it again while the simulated AWS does not answer in time, as on a busy machine."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            onboarding()
            break
        except AwsError as error:
            if not error.retryable or time.monotonic() > deadline:
                raise
        time.sleep(pause)


def onboard(account: Account) -> None:
    """Deploy the onboarding stack into a simulated account, as an administrator does in a real one.

    The account's first region gets the whole stack, and the others only the bucket and the queue. All
    stacks are created at the same time. Raises TimeoutError and RuntimeError.
    """
    regions = [REGION, *(region for region in account.regions if region != REGION)]
    template = TEMPLATE.read_text(encoding="utf-8")
    for region in regions:
        aws = aws_as_sandbox_account(account, region)
        if aws.describe_stack(STACK) is None:
            parameters = {
                "PortalPrincipalArn": f"arn:aws:iam::{account.account_id}:user/portal",
                "ExternalId": account.external_id,
                "FirstRegion": "true" if region == REGION else "false",
            }
            spec = StackSpec(name=STACK, body=template, parameters=parameters)
            with using_permit(OperationsPermit({"CreateStack"})):
                aws.create_stack(spec, token=f"onboarding-{account.id}")
    for region in regions:
        _wait_until_complete(aws_as_sandbox_account(account, region), STACK)
    stack = aws_as_sandbox_account(account, REGION).describe_stack(STACK)
    if stack is not None and stack.outputs.get(VERSION_OUTPUT) != str(ONBOARDING_VERSION):
        raise RuntimeError(
            f"An earlier version of the portal onboarded the simulated account {account.account_id}. "
            "Start the demo with another folder (--state), or delete this one."
        )
    _hold_examples(account)


def _hold_examples(account: Account) -> None:
    """Give the account the hosted zone and the certificates of the examples. AWS's own API cannot
    choose their ids.
    """
    _set_conditions(account, REGION, hosted_zones={EXAMPLE_ZONE: EXAMPLE_DOMAIN})
    for arn in EXAMPLE_CERTIFICATES:
        _set_conditions(account, arn.split(":")[3], certificates={arn: [f"*.{EXAMPLE_DOMAIN}"]})


def _set_conditions(account: Account, region: str, **conditions: object) -> None:
    body = json.dumps({"account": account.account_id, "region": region, **conditions}).encode()
    url = f"{account.endpoint_url}/_sandbox/account"
    with urlopen(Request(url, data=body, method="POST"), timeout=ONBOARDING_SECONDS):  # noqa: S310 - the sandbox's address
        pass


def admit_teams(accounts: Sequence[Account]) -> list[AccountTeam]:
    """Let every team use every account, and there what the examples of the blueprints name."""
    admitted = []
    for account in accounts:
        for team in Team.objects.filter(slug__in=TEAMS):
            role_arn = stack_role_arn(account.account_id, team_key(team.slug))
            defaults = {
                "stack_role_arn": role_arn,
                "hosted_zones": [EXAMPLE_ZONE],
                "certificates": EXAMPLE_CERTIFICATES,
            }
            admitted.append(AccountTeam.objects.get_or_create(account=account, team=team, defaults=defaults)[0])
    return admitted


def onboard_team(account_team: AccountTeam) -> None:
    """Deploy the team's onboarding stack, with the team's stack role, into a simulated account.

    Raises TimeoutError and RuntimeError.
    """
    aws, key = aws_as_sandbox_account(account_team.account, REGION), team_key(account_team.team.slug)
    name = team_stack(key)
    if aws.describe_stack(name) is None:
        zones = [f"arn:aws:route53:::hostedzone/{zone}" for zone in account_team.hosted_zones]
        parameters = {"Team": key, "HostedZones": ",".join(zones)}
        body = TEAM_TEMPLATE.read_text(encoding="utf-8")
        spec = StackSpec(name=name, body=body, parameters=parameters)
        with using_permit(OperationsPermit({"CreateStack"})):
            aws.create_stack(spec, token=f"onboarding-{account_team.pk}")
    _wait_until_complete(aws, name)


def _wait_until_complete(aws: Aws, name: str) -> None:
    deadline = time.monotonic() + ONBOARDING_SECONDS
    while (stack := aws.describe_stack(name)) is not None and stack.status == "CREATE_IN_PROGRESS":
        if time.monotonic() > deadline:
            raise TimeoutError(f"The stack {name} is still being created after {ONBOARDING_SECONDS:g} s.")
        time.sleep(0.1)
    if stack is None or stack.status != "CREATE_COMPLETE":
        raise RuntimeError(f"The stack {name} ended as {stack.status if stack else 'missing'}: see the sandbox's log.")


def request_environments(account: Account) -> None:
    """Request the demo's environments, unless they exist."""
    _request(account, FIRST_ENVIRONMENT, slug="carbon-connect", size="dev", note="The demo's first environment.")
    _request(account, CHANGED_ENVIRONMENT, slug="static-site", size="staging", note="The handbook, for a review.")


def _request(account: Account, name: str, *, slug: str, size: str, note: str) -> None:
    if Environment.objects.filter(name=name).exists():
        return
    blueprint = catalogue().get(slug)
    inputs, _ = example_inputs(blueprint, size, {})
    request_environment(
        actor=User.objects.get(username="bob"),
        team=Team.objects.get(slug="payments"),
        name=name,
        blueprint=blueprint,
        size=size,
        inputs=inputs,
        account=account,
        region=REGION,
        note=note,
    )


def request_sample_change() -> bool:
    """Request a smaller size of an environment that runs. Returns whether there is nothing left to do.

    The smaller size protects the bucket less, so the change waits for another person.
    """
    environment = Environment.objects.filter(name=CHANGED_ENVIRONMENT).order_by("created_at").first()
    if environment is None or environment.state == EnvironmentState.CREATE_FAILED:
        return True
    if environment.requests.exclude(kind=RequestKind.CREATE).exists():
        return True
    if environment.state != EnvironmentState.RUNNING:
        return False
    request_change(
        actor=User.objects.get(username="bob"),
        environment=environment,
        blueprint=catalogue().get("static-site"),
        size="dev",
        inputs=environment.inputs,
        note="The review is over. The size dev is enough.",
    )
    return True
