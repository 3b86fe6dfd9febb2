"""What onboarding creates in an account: the portal's stack in its current version, the team's stack
role, and GitHub's identity provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provisioning.aws.onboarding import ONBOARDING_VERSION, STACK, deployed_version
from provisioning.lifecycle.preflight.check import (
    Check,
    Question,
    Verdict,
    World,
    blocking,
    not_checked,
    passed,
    warning,
)
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.values import texts

_PROVIDER: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:oidc-provider/\S+")


def _version(subject: Subject) -> Iterator[Question]:
    def ask(world: World) -> Verdict:
        state = world.aws.stack(STACK)
        if state is None:
            return not_checked(
                f"There is no stack {STACK} in {subject.main_region}, so the portal cannot tell which version of its "
                "roles the account has.",
                f"If the account was set up by other means, compare its roles with onboarding.yaml. Otherwise create "
                f"the stack {STACK} in {subject.main_region}.",
            )
        version = deployed_version(state.outputs)
        if version < ONBOARDING_VERSION:
            return blocking(
                f"The stack {STACK} has version {version}; this portal needs version {ONBOARDING_VERSION}.",
                f"Ask an administrator of the account to update the stack {STACK} with the current onboarding.yaml.",
            )
        return passed(f"The stack {STACK} has version {version}.")

    yield Question(subject.main_region, f"Version of the stack {STACK}", ask)


def _stack_role(subject: Subject) -> Iterator[Question]:
    arn = subject.stack_role_arn
    if not arn:
        return

    def ask(world: World) -> Verdict:
        name = arn.rpartition("/")[2]
        if world.aws.exists("AWS::IAM::Role", name):
            return passed(f"The role {name} exists.")
        return blocking(
            f"The role {name}, with which CloudFormation creates the team's stacks, does not exist.",
            "Ask an administrator of the account to create the stack from onboarding-team.yaml for this team.",
        )

    yield Question(subject.main_region, "Stack role of the team", ask, address=arn)


def _github(subject: Subject) -> Iterator[Question]:
    """Trust policies name the provider. It exists once per account, so onboarding creates it."""
    providers = {
        arn: resource
        for resource in subject.of("AWS::IAM::Role")
        for _, text in texts(resource.get("AssumeRolePolicyDocument", {}))
        for arn in _PROVIDER.findall(text)
    }
    for arn, resource in providers.items():

        def ask(world: World, arn: str = arn) -> Verdict:
            name = arn.partition("oidc-provider/")[2]
            if world.aws.exists("AWS::IAM::OIDCProvider", arn):
                return passed(f"The identity provider {name} exists.")
            return warning(
                f"The account has no identity provider {name}. The role is created, but no workflow can use it.",
                f"Ask an administrator of the account to let the stack {STACK} create it (parameter MakeGitHubProvider).",
            )

        yield Question(subject.region_of(resource), "Identity provider", ask, address=resource.logical_id)


CHECKS: Final = (
    Check("onboarding.version", "Onboarding", _version, ("describe_stack",)),
    Check("onboarding.stack_role", "Stack role", _stack_role, ("exists",)),
    Check("onboarding.github", "GitHub", _github, ("exists",)),
)
