"""Cleans up what a change has left in AWS, when its operation has ended without doing so itself.

    - Change sets of requests that were rejected, withdrawn or cancelled, have expired or failed, or
      had nothing to do. Somebody with access to the account could still execute one.
    - A stack policy that is relaxed for a change whose operation was abandoned, or ended because its
      approval was taken away or tampered with. Until it is restored, any update may replace the data.

Only stacks of environments without an open operation, and without a call that may still take
effect. Nothing here depends on an approval: a policy that is restored protects more, and a change
set that is deleted changes nothing. Safe to repeat, and to run twice at the same time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from provisioning.aws import AwsError, NotFound
from provisioning.aws.interface import Aws
from provisioning.aws.permits import OperationsPermit, using_permit
from provisioning.lifecycle import clock
from provisioning.lifecycle.change_plan.unneeded import is_still_created, open_requests, unneeded
from provisioning.lifecycle.engine import AwsFor
from provisioning.lifecycle.poller.sights import is_settled
from provisioning.lifecycle.scan.open_calls import in_flight
from provisioning.models import Account, Environment, Operation, Stack

log = logging.getLogger(__name__)

_PERMITTED: Final = ("SetStackPolicy", "DeleteChangeSet")


def clean_up_changes(aws_for: AwsFor) -> int:
    """Restore stack policies and delete change sets. Returns how many stacks are clean now.

    An account that cannot be reached delays no other account.
    """
    cleaned = 0
    stacks: dict[tuple[Account, str], list[Stack]] = defaultdict(list)
    for stack in _stacks_to_clean():
        stacks[stack.environment.account, stack.region].append(stack)
    for (account, region), rows in stacks.items():
        aws = aws_for(account, region)
        for stack in rows:
            try:
                cleaned += _clean(stack, aws)
            except AwsError as error:
                log.warning("The stack %s is cleaned up later: %s", stack.name, error)
                if error.retryable:
                    break
    return cleaned


def _stacks_to_clean() -> list[Stack]:
    of_environment = {"environment": OuterRef("environment")}
    is_open = Exists(Operation.objects.filter(**of_environment, ended_at=None))
    is_needed = Exists(open_requests().filter(**of_environment))
    rows = Stack.objects.exclude(stack_id="").filter(~is_open)
    rows = rows.filter(~Q(policy_to_restore="") | (Q(has_change_sets=True) & ~is_needed))
    return list(rows.select_related("environment__account").order_by("created_at", "id"))


def _clean(stack: Stack, aws: Aws) -> bool:
    """Clean up one stack. Returns False if something must wait."""
    newest = _newest_operation(stack.environment_id)
    if in_flight([stack.environment_id], at=clock.now()):
        return False
    try:
        with using_permit(OperationsPermit(_PERMITTED)):
            is_restored = _restore_policy(stack, aws)
            is_emptied = _delete_change_sets(stack, aws)
    except NotFound:
        is_restored = is_emptied = True  # the stack is gone, and everything with it
    with transaction.atomic():
        # An operation that was opened since may have relaxed the policy, or created change sets.
        Environment.objects.select_for_update().get(pk=stack.environment_id)
        if _newest_operation(stack.environment_id) != newest:
            return False
        Stack.objects.filter(pk=stack.pk).update(
            policy_to_restore="" if is_restored else stack.policy_to_restore, has_change_sets=not is_emptied
        )
    return is_restored and is_emptied


def _newest_operation(environment_id: UUID) -> tuple[UUID, datetime | None] | None:
    rows = Operation.objects.filter(environment=environment_id).order_by("-started_at", "-id")
    return rows.values_list("id", "ended_at").first()


def _restore_policy(stack: Stack, aws: Aws) -> bool:
    if not stack.policy_to_restore:
        return True
    live = aws.describe_stack(stack.stack_id)
    if live is None or live.status == "DELETE_COMPLETE":
        raise NotFound(f"Stack [{stack.stack_id}] does not exist")
    if not is_settled(live.status):
        return False
    aws.set_stack_policy(stack.stack_id, stack.policy_to_restore)
    log.info("The stack policy of %s is restored: its change has ended without doing so.", stack.name)
    return True


def _delete_change_sets(stack: Stack, aws: Aws) -> bool:
    if not stack.has_change_sets:
        return True
    change_sets = aws.list_change_sets(stack.stack_id)
    for one in unneeded(stack.environment_id, change_sets):
        aws.delete_change_set(one.change_set_id, stack_id=stack.stack_id)
    is_needed = open_requests().filter(environment=stack.environment_id).exists()
    return not is_needed and not is_still_created(stack.environment_id, change_sets)
