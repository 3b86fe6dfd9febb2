"""Whether role/portal grants every call that the portal makes."""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

from provisioning.aws.account_reads import LiveRole
from provisioning.aws.calls import Caller, ExampleEnvironment, calls, example_resource
from provisioning.aws.handlers import carries_tags, drift_reads
from provisioning.aws.onboarding import STACK, TEMPLATE
from provisioning.design.names import EnvironmentNames, generation_of
from provisioning.lifecycle.connection.live_policies import statements_of
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account
from provisioning.policy.decide import Decision, decide
from provisioning.policy.documents import Effect, parse_policy
from provisioning.policy.principal import Principal

_EXAMPLE: Final = "connection-test"


def check_portal_role(findings: Findings, account: Account, role: LiveRole, *, region: str, team_key: str) -> None:
    """Decide every permission of the table of calls for an example environment of the team."""
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
    names = example_environment(account, region=region, team_key=team_key, partition=role.arn.split(":")[1])
    made, planned = _refused(caller, names)
    for purpose, decisions in made.items():
        findings.missing(
            f"{_title(role)} lacks permissions for {purpose}: {_actions(decisions)}.", remedy, _details(decisions)
        )
    if planned:
        findings.note(
            f"{_title(role)} lacks permissions that a later version of the portal will need: {_actions(planned)}.",
            remedy,
            _details(planned),
        )
    if not made:
        findings.passed(f"{_title(role)} grants every call that the portal makes.")
    if any(
        one.effect is Effect.ALLOW and all(condition.key != "sts:externalid" for condition in one.conditions)
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
    made: dict[str, list[Decision]] = defaultdict(list)
    planned: list[Decision] = []
    for call in calls().values():
        if call.caller is not Caller.PORTAL_ROLE:
            continue
        for need in call.needs:
            tags = names.tags if carries_tags(need.tags_of) else None
            resource, context = need.resource_in(names), need.context_in(names)
            decision = decide(caller, need.action, resource, context=context, resource_tags=tags)
            if not decision.allowed:
                (planned if call.planned is not None else made[str(call.when)]).append(decision)
    # CloudFormation reads resources with the caller's permissions when it detects drift, which is planned.
    for action, types in drift_reads().items():
        tags = names.tags if all(map(carries_tags, types)) else None
        decision = decide(caller, action, names.fill(example_resource(action)), resource_tags=tags)
        if not decision.allowed:
            planned.append(decision)
    return made, planned


def _title(role: LiveRole) -> str:
    return role.arn.split(":", 5)[5]


def _actions(decisions: list[Decision]) -> str:
    return ", ".join(sorted({one.action for one in decisions}))


def _details(decisions: list[Decision]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.explain() for one in decisions))
