"""What must hold after every turn, as AWS sees it: nothing is asked from the engine.

What was approved is recorded by the database itself, at the moment of the approval
(`approvals.py`), so that a plan that is changed afterwards is noticed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.scripted_aws.cloud import ScriptedChangeSet, ScriptedStack
from tests.scripted_aws.sent import Sent
from tests.scripted_aws.stack_state import state_at
from tests.simulation.approvals import Approved, approvals_of
from tests.simulation.world import SimulatedWorld

ENVIRONMENT_TAG = "portal:environment-id"
LOOK_LASTS_SECONDS = 10
"""How old an answer may be on which the portal says that the deletion of an unfinished stack rests."""


class Violated(AssertionError):  # noqa: N818 - it names what has happened
    """An invariant does not hold."""


def check(*, holds: bool, sentence: str) -> None:
    if not holds:
        raise Violated(sentence)


@dataclass
class Invariants:
    world: SimulatedWorld
    _seen: int = 0
    _stacks: int = 0

    def after_turn(self) -> None:
        cloud = self.world.cloud
        while self._seen < len(cloud.sent):
            sent = cloud.sent[self._seen]
            self._seen += 1
            self.world.trace.add(f"{sent.method} {sent.change.target}", sent.sender)
            self._check_sent(sent)
        if self._stacks != len(cloud.stacks):
            self._stacks = len(cloud.stacks)
            self._one_stack_for_each_key()

    def _one_stack_for_each_key(self) -> None:
        living = [stack for stack in self.world.cloud.stacks if stack.status != "DELETE_COMPLETE"]
        named = Counter(
            (stack.spec.tags.get(ENVIRONMENT_TAG), stack.spec.name.rpartition("-")[2], stack.place) for stack in living
        )
        twice = [key for key, count in named.items() if key[0] and count > 1]
        check(holds=not twice, sentence=f"two stacks exist for {twice}")

    def _check_sent(self, sent: Sent) -> None:
        checks: dict[str, Callable[[Sent], None]] = {
            "create_stack": self._is_as_approved,
            "execute_change_set": self._changes_as_approved,
            "set_stack_policy": self._sets_an_approved_policy,
            "delete_stack": self._may_be_deleted,
            "force_delete_stack": self._may_be_deleted,
            "empty_bucket": self._holds_nothing_retained,
            "empty_vault": self._holds_nothing_retained,
        }
        check(holds=sent.had_permit, sentence=f"{sent.method} was sent without a permit")
        if (special := checks.get(sent.method)) is not None:
            special(sent)

    def _is_as_approved(self, sent: Sent) -> None:
        environment_id = _tags(sent)[ENVIRONMENT_TAG]
        approved = [plan for plan in approvals_of(environment_id) if plan.kind == "create"]
        check(
            holds=any(_creates(plan, sent) for plan in approved),
            sentence=f"CreateStack of {sent.arguments['StackName']} is not what was approved for {environment_id}",
        )

    def _changes_as_approved(self, sent: Sent) -> None:
        stack = self._stack(str(sent.arguments["StackName"]))
        change_sets = stack.change_sets if stack is not None else []
        change_set = next(
            (known for known in change_sets if known.change_set_id == sent.arguments["ChangeSetName"]), None
        )
        if stack is None or change_set is None:
            return  # AWS refuses it
        approved = self._approved_change_sets(stack)
        check(
            holds=any(_is_planned(planned, change_set) for planned in approved),
            sentence=f"the change set {change_set.spec.name} of {stack.spec.name} is not what was approved",
        )

    def _approved_change_sets(self, stack: ScriptedStack) -> list[dict[str, Any]]:
        return [
            planned
            for plan in approvals_of(stack.spec.tags[ENVIRONMENT_TAG])
            for planned in plan.document.get("change_sets", [])
            if planned["stack_id"] == stack.stack_id
        ]

    def _sets_an_approved_policy(self, sent: Sent) -> None:
        stack = self._stack(str(sent.arguments["StackName"]))
        assert stack is not None
        known = {
            planned[name]
            for planned in self._approved_change_sets(stack)
            for name in ("policy_before", "policy_during", "policy_after")
        }
        check(
            holds=sent.arguments["StackPolicyBody"] in known,
            sentence=f"{stack.spec.name} gets a stack policy that nobody approved",
        )

    def _may_be_deleted(self, sent: Sent) -> None:
        """Only a teardown deletes what was once complete. A creation that somebody has cancelled may delete
        what was completed after the portal asked AWS, as long as AWS may have given that answer.
        """
        stack = self._stack(str(sent.arguments["StackName"]))
        if stack is None or not any(
            status.endswith("E_COMPLETE")
            for status in stack.statuses
            if status != "DELETE_COMPLETE" and "ROLLBACK" not in status
        ):
            return
        environment_id = stack.spec.tags[ENVIRONMENT_TAG]
        torn_down = [plan for plan in approvals_of(environment_id) if plan.kind == "teardown"]
        check(
            holds=bool(torn_down) or (environment_id in self.world.cancelled and self._was_unfinished(stack, sent.at)),
            sentence=f"{stack.spec.name} was complete and is deleted, but nobody approved a teardown",
        )

    def _was_unfinished(self, stack: ScriptedStack, at: datetime) -> bool:
        """Whether an answer on which a deletion may rest at this time could say that it was being created."""
        oldest = at - timedelta(seconds=LOOK_LASTS_SECONDS + self.world.cloud.stale_seconds)
        state = state_at(stack, oldest)
        return state is not None and state.status == "CREATE_IN_PROGRESS"

    def _holds_nothing_retained(self, sent: Sent) -> None:
        physical_id = sent.change.target
        for stack in self.world.cloud.stacks:
            for resource in stack.resources.values():
                rendered = stack.rendered.get(resource.logical_id)
                if resource.physical_id == physical_id and rendered is not None:
                    check(
                        holds=not rendered.deletion_policy.startswith("Retain"),
                        sentence=f"{physical_id} is emptied, but the template of {stack.spec.name} retains it",
                    )

    def _stack(self, name_or_id: str) -> ScriptedStack | None:
        found = [stack for stack in self.world.cloud.stacks if name_or_id in (stack.stack_id, stack.spec.name)]
        return found[-1] if found else None


def _creates(plan: Approved, sent: Sent) -> bool:
    """Whether the call creates a stack of this plan, exactly as it was approved."""
    for stack in plan.document["stacks"]:
        given = {item["ParameterKey"]: item["ParameterValue"] for item in sent.arguments["Parameters"]}
        inputs = {needed["parameter"] for needed in stack.get("inputs", [])}
        stated = {key: value for key, value in given.items() if key not in inputs}
        if (
            sent.arguments["StackName"] == stack["name"]
            and sent.arguments["TemplateBody"] == stack["body"]
            and stated == stack["parameters"]
            and _tags(sent) == stack["tags"]
            and sent.change.region == stack["region"]
            and sent.change.account_id == plan.account_id
            and sent.arguments["RoleARN"] == plan.role_arn
        ):
            return True
    return False


def _is_planned(planned: dict[str, Any], change_set: ScriptedChangeSet) -> bool:
    """Whether a change set is, in all that matters, the one that people have read."""
    spec, found = change_set.spec, change_set.changes
    changes = [
        (change["logical_id"], change["action"], change["replacement"], change["physical_id"])
        for change in planned["changes"]
    ]
    return (
        hashlib.sha256(change_set.target.body.encode()).hexdigest() == planned["body_sha256"]
        and dict(spec.parameters) == planned["parameters"]
        and dict(spec.tags) == planned["tags"]
        and (spec.revert_drift, spec.disable_rollback) == (planned["revert_drift"], planned["disable_rollback"])
        and sorted((one.logical_id, one.action, one.replacement, one.physical_id) for one in found) == sorted(changes)
    )


def _tags(sent: Sent) -> dict[str, Any]:
    return {tag["Key"]: tag["Value"] for tag in sent.arguments["Tags"]}
