"""Creates the demo's sample users, teams and accounts, and its first environment. Every function
may run again.
"""

from __future__ import annotations

import time
from pathlib import Path

from django.db import transaction

import provisioning.aws
from provisioning.aws.interface import Aws, StackSpec
from provisioning.blueprint import example_inputs
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Account, Environment, Membership, Role, Team, User

REGION = "eu-north-1"
FIRST_ENVIRONMENT = "orders-dev"
ONBOARDING = "portal-onboarding"
ONBOARDING_SECONDS = 30.0
PEOPLE = {
    # username: (first name, last name, approver, team, role)
    "alice": ("Alice", "Andersson", False, "payments", Role.OWNER),
    "bob": ("Bob", "Berg", False, "payments", Role.MEMBER),
    "olivia": ("Olivia", "Olsson", True, None, None),
    "charlie": ("Charlie", "Clarke", False, "logistics", Role.OWNER),
}
TEAMS = {"payments": "Payments", "logistics": "Logistics"}
ACCOUNTS = {
    # name: (account id, sizes)
    "sandbox-dev": ("100000000001", ["dev", "staging"]),
    "sandbox-prod": ("100000000002", ["prod"]),
}


@transaction.atomic
def create_users(password: str) -> None:
    for slug, name in TEAMS.items():
        Team.objects.get_or_create(slug=slug, defaults={"name": name})
    for username, (first, last, approver, team, role) in PEOPLE.items():
        user, created = User.objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, "is_approver": approver}
        )
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
        if team:
            Membership.objects.get_or_create(
                team=Team.objects.get(slug=team), user=user, defaults={"role": role or Role.MEMBER}
            )


def create_accounts(sandbox_url: str) -> list[Account]:
    """Create or update the simulated accounts. The sandbox's address may differ at each start."""
    regions = sorted({region for blueprint in catalogue().blueprints.values() for region in blueprint.regions})
    regions = [REGION, *(region for region in regions if region != REGION)]
    return [
        Account.objects.update_or_create(
            name=name,
            defaults={
                "account_id": account_id,
                "sizes": sizes,
                "regions": regions,
                "endpoint_url": sandbox_url,
                "is_sandbox": True,
                "artefact_bucket": f"portal-artefacts-{account_id}-{REGION}",
            },
        )[0]
        for name, (account_id, sizes) in ACCOUNTS.items()
    ]


def onboard(account: Account) -> None:
    """Deploy the onboarding stack into a simulated account, as an administrator does in a real one.

    The account's first region gets the whole stack, and the others only the bucket. All stacks are
    created at the same time. Raises TimeoutError and RuntimeError.
    """
    regions = [REGION, *(region for region in account.regions if region != REGION)]
    template = Path(provisioning.aws.__file__).with_name("onboarding.yaml").read_text(encoding="utf-8")
    for region in regions:
        aws = aws_for_account(account, region)
        if aws.describe_stack(ONBOARDING) is None:
            parameters = {
                "PortalPrincipalArn": f"arn:aws:iam::{account.account_id}:user/portal",
                "ExternalId": f"sandbox-{account.id}",
                "FirstRegion": "true" if region == REGION else "false",
                # The simulated IAM gives two services' roles the same name.
                "MakeServiceLinkedRoles": "false",
            }
            spec = StackSpec(name=ONBOARDING, body=template, parameters=parameters)
            aws.create_stack(spec, token=f"onboarding-{account.id}")
    for region in regions:
        _wait_until_complete(aws_for_account(account, region), ONBOARDING)


def _wait_until_complete(aws: Aws, name: str) -> None:
    deadline = time.monotonic() + ONBOARDING_SECONDS
    while (stack := aws.describe_stack(name)) is not None and stack.status == "CREATE_IN_PROGRESS":
        if time.monotonic() > deadline:
            raise TimeoutError(f"The stack {name} is still being created after {ONBOARDING_SECONDS:g} s.")
        time.sleep(0.1)
    if stack is None or stack.status != "CREATE_COMPLETE":
        raise RuntimeError(f"The stack {name} ended as {stack.status if stack else 'missing'}: see the sandbox's log.")


def request_first_environment(account: Account) -> None:
    """Request the demo's environment, unless it exists."""
    if Environment.objects.filter(name=FIRST_ENVIRONMENT).exists():
        return
    blueprint = catalogue().get("carbon-connect")
    inputs, _ = example_inputs(blueprint, "dev", {})
    request_environment(
        actor=User.objects.get(username="bob"),
        team=Team.objects.get(slug="payments"),
        name=FIRST_ENVIRONMENT,
        blueprint=blueprint,
        size="dev",
        inputs=inputs,
        account=account,
        region=REGION,
        note="The demo's first environment.",
    )
