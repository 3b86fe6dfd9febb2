"""Whether role/portal grants every call that the portal makes, and nothing beyond this portal's
template.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

from provisioning.aws.account_reads import LiveRole
from provisioning.aws.calls import ExampleEnvironment
from provisioning.aws.onboarding import STACK, TEMPLATE
from provisioning.aws.portal_permissions import portal_permissions
from provisioning.design.names import EnvironmentNames, generation_of
from provisioning.lifecycle.connection.comparison import compare_limits
from provisioning.lifecycle.connection.expected import expected_portal_role
from provisioning.lifecycle.connection.live_policies import statements_of
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account
from provisioning.policy.decide import Decision, decide
from provisioning.policy.documents import Effect, Statement, parse_policy
from provisioning.policy.globs import Context
from provisioning.policy.principal import Principal

_EXAMPLE: Final = "connection-test"
_EXTERNAL_ID: Final = "sts:externalid"


def check_portal_role(findings: Findings, account: Account, role: LiveRole, *, region: str, team_key: str) -> None:
    """Decide every permission of the table of calls for an example environment of the team, and
    compare the role's statements with the template's.
    """
    remedy = (
        f"An administrator of account {account.account_id} has to update the stack {STACK} in its first region with this "
        f"portal's {TEMPLATE.name}."
    )
    caller = Principal(
        arn=role.arn,
        identity=statements_of(role.policies),
        boundary=None if role.boundary is None else statements_of((role.boundary,)),
        tags=role.tags,
    )
    partition = role.arn.split(":")[1]
    names = example_environment(account, region=region, team_key=team_key, partition=partition)
    refused, planned = _refused(caller, names)
    for purpose, decisions in refused.items():
        findings.missing(
            f"{_title(role)} lacks permissions for {purpose}: {_actions(decisions)}.", remedy, _details(decisions)
        )
    if planned:
        findings.note(
            f"{_title(role)} lacks permissions that a later version of the portal will need: {_actions(planned)}.",
            remedy,
            _details(planned),
        )
    if not refused:
        findings.passed(f"{_title(role)} grants every call that the portal makes.")
    expected = expected_portal_role(account.account_id, caller.identity, region=region, partition=partition)
    compare_limits(findings, _title(role), expected, caller.identity, remedy)
    if any(
        one.effect is Effect.ALLOW and not _demands_external_id(one)
        for one in parse_policy(role.trust, f"{_title(role)}.trust")
    ):
        findings.missing(f"{_title(role)} can be assumed without the account's External ID.", remedy)


def example_environment(account: Account, *, region: str, team_key: str, partition: str) -> ExampleEnvironment:
    environment_id = uuid5(NAMESPACE_DNS, _EXAMPLE)
    generation = generation_of(environment_id)
    names = EnvironmentNames(team_key, _EXAMPLE, generation)
    return ExampleEnvironment(
        account_id=account.account_id,
        region=region,
        team=team_key,
        environment=_EXAMPLE,
        environment_id=str(environment_id),
        generation=generation,
        blueprint=_EXAMPLE,
        prefix=names.prefix,
        scope=names.scope,
        partition=partition,
    )


def _refused(caller: Principal, names: ExampleEnvironment) -> tuple[dict[str, list[Decision]], list[Decision]]:
    """Return the refused permissions of today's calls by what they are for, and those of planned calls."""
    refused: dict[str, list[Decision]] = defaultdict(list)
    planned: list[Decision] = []
    for permission in portal_permissions(names):
        decision = decide(
            caller,
            permission.action,
            permission.resource,
            context=permission.context,
            resource_tags=permission.tags,
        )
        if not decision.allowed:
            (planned if permission.planned is not None else refused[str(permission.when)]).append(decision)
    return refused, planned


def _demands_external_id(statement: Statement) -> bool:
    """Whether a condition of the statement holds neither without an external ID nor for any other one."""
    others: tuple[Context, ...] = ({}, {_EXTERNAL_ID: "another"})
    return any(
        condition.key == _EXTERNAL_ID and not any(map(condition.holds, others)) for condition in statement.conditions
    )


def _title(role: LiveRole) -> str:
    return role.arn.split(":", 5)[5]


def _actions(decisions: list[Decision]) -> str:
    return ", ".join(sorted({one.action for one in decisions}))


def _details(decisions: list[Decision]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.explain() for one in decisions))
