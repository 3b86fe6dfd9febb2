"""Finds stacks with the portal's tags that belong to no environment that exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from provisioning.aws import StackState
from provisioning.design.names import ENVIRONMENT_ID_TAG, TEAM_TAG
from provisioning.lifecycle.scan.open_calls import in_flight
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState
from provisioning.models import Account, Environment, Orphan, Stack

FOUND_IN_STACKS: Final = "Found in the list of stacks (DescribeStacks)."
DRAFT: Final = "REVIEW_IN_PROGRESS"
DRAFT_IS_OLD: Final = timedelta(days=1)
"""A stack that only has change sets may wait for an approval."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A stack or resource that is an orphan. `reason` says why, and what found it."""

    arn: str
    environment_id: str
    team: str
    reason: str
    status: str = ""


def find_orphan_stacks(account: Account, region: str, states: Sequence[StackState], *, at: datetime) -> None:
    """Write the orphans among the stacks of an account and region; those of earlier scans that are
    gone have ended.
    """
    tagged = [state for state in states if state.tags.get(ENVIRONMENT_ID_TAG) and not state.parent_id]
    ids = {state.stack_id: uuid_of(state.tags[ENVIRONMENT_ID_TAG]) for state in tagged}
    environments = {
        environment.pk: environment
        for environment in Environment.objects.filter(pk__in=[pk for pk in ids.values() if pk]).select_related(
            "account"
        )
    }
    owners: dict[str, Environment] = {}
    for stack in Stack.objects.filter(stack_id__in=list(ids)).select_related("environment__account"):
        if stack.stack_id not in owners or owners[stack.stack_id].state in NO_LONGER_THERE:
            owners[stack.stack_id] = stack.environment  # an adopted stack may have outlived another environment
    owning = {environment.pk for environment in owners.values()}
    moving = in_flight(environments.keys() | owning, at=at)
    findings, undecided = [], set()
    for state in tagged:
        owner, named = owners.get(state.stack_id), environments.get(ids[state.stack_id] or UUID(int=0))
        if _is_in_progress(state, at) or moving & {one.pk for one in (owner, named) if one is not None}:
            undecided.add(state.stack_id)
        elif reason := why_orphan(account, owner, named):
            tags = state.tags
            findings.append(
                Finding(
                    arn=state.stack_id,
                    environment_id=tags[ENVIRONMENT_ID_TAG],
                    team=tags.get(TEAM_TAG, ""),
                    reason=f"{reason} {FOUND_IN_STACKS}",
                    status=state.status,
                )
            )
    write_orphans(account, region, findings, of_stacks=True, at=at, undecided=undecided)


def why_orphan(account: Account, owner: Environment | None, named: Environment | None) -> str:
    """Why a stack belongs to nothing, as a sentence; empty if it belongs to an environment.

    `owner` is the environment whose ledger has the stack, `named` the one that its tag names.
    """
    if owner is not None:
        if owner.state in NO_LONGER_THERE:
            label = EnvironmentState(owner.state).label.lower()
            return f"Its environment {owner.name} is “{label}”, but the stack exists."
        return ""
    if named is None:
        return "No environment of this portal has the id in its tags."
    if named.account_id != account.pk:
        return f"Its tags name the environment {named.name}, which is in the account {named.account}."
    if named.state in NO_LONGER_THERE:
        label = EnvironmentState(named.state).label.lower()
        return f"Its tags name the environment {named.name}, which is “{label}”, and whose ledger does not contain it."
    return f"Its tags name the environment {named.name}, whose ledger does not contain it."


def write_orphans(
    account: Account,
    region: str,
    findings: Iterable[Finding],
    *,
    of_stacks: bool,
    at: datetime,
    undecided: Collection[str] = (),
) -> None:
    """Add the findings of a scan, and end the open ones that it no longer finds: either stacks or
    other resources. What is `undecided`, because it is in flight, is left as it is.
    """
    found = {finding.arn: finding for finding in findings}
    rows = Orphan.objects.filter(account=account, region=region, ended_at=None)
    open_arns = {arn for arn in rows.values_list("arn", flat=True) if is_stack(arn) == of_stacks}
    rows.filter(arn__in=open_arns - found.keys() - set(undecided)).update(ended_at=at)
    for arn, finding in found.items():
        seen = {
            "environment_id_tag": finding.environment_id[:64],
            "team_tag": finding.team[:64],
            "reason": finding.reason,
            "status": finding.status,
            "seen_at": at,
            "ended_at": None,
        }
        again = seen if arn in open_arns else {**seen, "found_at": at}
        Orphan.objects.update_or_create(
            account=account, region=region, arn=arn, defaults=again, create_defaults={**seen, "found_at": at}
        )


def is_stack(arn: str) -> bool:
    return ":cloudformation:" in arn and ":stack/" in arn


def _is_in_progress(state: StackState, at: datetime) -> bool:
    if state.status == DRAFT:
        return state.created_at > at - DRAFT_IS_OLD
    return state.status.endswith("_IN_PROGRESS")


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
