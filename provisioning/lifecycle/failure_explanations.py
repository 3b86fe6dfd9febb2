"""Explains failures: from AWS's error to the first root cause in plain words, a hint and the next
action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from provisioning.aws import aws_type
from provisioning.lifecycle.decisions import Button


@dataclass(frozen=True, slots=True)
class Cause:
    """Only for types that run containers if `containers` is set."""

    pattern: re.Pattern[str]
    sentence: str
    hint: str
    containers: bool = False
    button: Button = Button.RETRY
    hint_for_rollback: str = ""


def _cause(pattern: str, sentence: str, hint: str, *, containers: bool = False, hint_for_rollback: str = "") -> Cause:
    return Cause(
        re.compile(pattern, re.IGNORECASE | re.DOTALL),
        sentence,
        hint,
        containers,
        hint_for_rollback=hint_for_rollback,
    )


ALREADY_THERE: Final = re.compile(
    r"already exists|AlreadyExists|AlreadyOwnedByYou|BucketAlreadyExists|EntityAlreadyExists", re.IGNORECASE
)
"""A foreign resource has the name. It does not belong to the environment and is never modified."""

THROTTLING: Final = re.compile(r"Rate exceeded|Throttling|TooManyRequests|RequestLimitExceeded|SlowDown", re.IGNORECASE)
"""AWS limits how many calls are made, which says nothing about the resource."""

CAUSES: Final[tuple[Cause, ...]] = (
    _cause(
        r"circuit breaker|did not stabilize|failed to stabilize|ServiceStabilization|not stabilized",
        "The containers of {what} did not stay healthy.",
        "Look at the service's log group. The image may not exist or not start, a secret may be missing, or the health check may fail.",
        containers=True,
    ),
    _cause(
        r"cannot update a stack when a custom-named resource requires replacing",
        "{What} has a fixed name, so CloudFormation cannot replace it.",
        "Plan the change again with another name for it, or without the setting that needs the replacement.",
    ),
    _cause(
        r"InvalidDBInstanceState|InvalidDBClusterState|InvalidCacheClusterState|InvalidReplicationGroupState|not in (?:the )?available state|is not currently in the available state",
        "{What} was busy, so AWS rejected the {noun}.",
        "A backup, a maintenance window or an earlier change was running. Wait until it has ended, then try again.",
    ),
    _cause(
        r"storage[- ]optimization|storage has (?:recently )?been modified|You can't currently modify the storage",
        "AWS does not change the storage of {what} again so soon after the last change.",
        "Wait at least six hours, and until the storage optimization has ended. Then try again.",
    ),
    _cause(
        r"Cannot (?:upgrade|downgrade)|downgrade|Cannot find version|is not a valid upgrade",
        "AWS cannot move {what} from its present version to the planned one.",
        "AWS may have upgraded it in the meantime. Put that version into the inputs or the blueprint, then plan again.",
    ),
    _cause(
        r"Action denied by stack policy",
        "The stack policy protects {what}.",
        "Plan the change again: a change that replaces or deletes data needs an approval that lifts this protection.",
    ),
    _cause(
        ALREADY_THERE.pattern,
        "The name of {what} is already in use.",
        "A resource with this name exists in this account or, for a bucket, anywhere in AWS. Choose another name for the environment, or remove the other resource.",
    ),
    _cause(
        r"scheduled for deletion",
        "A secret with the name of {what} is scheduled for deletion.",
        "Wait until it is deleted, restore it, or choose another name for the environment.",
    ),
    _cause(
        r"Insufficient\w*Capacity|insufficient capacity|not have (?:enough|sufficient) capacity|not supported in (?:your|the) requested Availability Zone",
        "AWS has no capacity for {what} at the moment.",
        "Retry later, or choose another region or a smaller size.",
    ),
    _cause(
        THROTTLING.pattern,
        "AWS throttled the {noun} of {what}.",
        "Nothing is wrong with the environment. Retry in a few minutes.",
    ),
    _cause(
        r"LimitExceeded|QuotaExceeded|TooMany|limit (?:of|has been) |maximum number of|quota|exceeds? the (?:limit|maximum)",
        "{What} exceeds a quota of the AWS account.",
        "Remove resources that are no longer needed, or have the quota raised. Then retry.",
    ),
    _cause(
        r"explicit deny|service control policy|AccessDenied|not authorized|UnauthorizedOperation|is not authorized",
        "The account does not allow the portal to {do} {what}.",
        "Ask an administrator of the account to give the portal's stack role this permission, or to remove the policy that denies it. Then retry.",
    ),
    _cause(
        r"timed? ?out|Exceeded attempts to wait|did not (?:complete|respond) (?:in|within)",
        "AWS timed out while {doing} {what}.",
        "Retry. If it happens twice, look at the resource in the AWS console.",
    ),
    _cause(
        r"did not stabilize|NotStabilized|failed to stabilize",
        "AWS started to {do} {what}, but it never became ready.",
        "Retry. If it happens twice, check the resources that it depends on.",
    ),
    _cause(
        r"Properties validation failed|Invalid (?:property|parameter|request)|InvalidParameter|ValidationException|InvalidRequest|Value .* (?:at|for) |Encountered unsupported property|Model validation failed",
        "AWS rejects a setting of {what}.",
        "If the AWS error names one of your inputs, request a new environment with another value. Otherwise report it to the authors of the blueprint.",
    ),
    _cause(
        r"does not exist|was deleted outside|NotFound|not found|No such|could not be found",
        "{What} refers to a resource that does not exist.",
        "Check the ARNs and names in the inputs.",
        hint_for_rollback="If it was deleted outside CloudFormation, create it again under the same name in its own service. Then continue the rollback.",
    ),
    _cause(
        r"InternalFailure|Internal (?:Failure|error)|ServiceUnavailable|InternalError",
        "An internal error in AWS ended the {noun} of {what}.",
        "Retry.",
    ),
)
UNKNOWN: Final = _cause(
    "",
    "AWS could not {do} {what}.",
    "See the AWS error below, fix the cause, then retry.",
    hint_for_rollback="See the AWS error below and fix the cause. Then continue the rollback.",
)

CANCELLED: Final = re.compile(r"^Resource (?:creation|update) cancelled", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explained:
    """A failure for people. `detail` is AWS's own error."""

    sentence: str
    hint: str
    detail: str
    logical_id: str = ""
    type: str = ""
    button: str = Button.RETRY


@dataclass(frozen=True, slots=True)
class FailedResource:
    logical_id: str
    type: str
    reason: str
    title: str = ""


def root_cause(failed: Iterable[FailedResource]) -> FailedResource | None:
    """The first resource that failed by itself; `failed` is in order of time.

    Cancelled resources only follow from it.
    """
    return next((resource for resource in failed if not CANCELLED.match(resource.reason)), None)


@dataclass(frozen=True, slots=True)
class Doing:
    """What CloudFormation was doing with the resource, for the sentences."""

    do: str
    doing: str
    noun: str


CREATING: Final = Doing("create", "creating", "creation")
CHANGING: Final = Doing("change", "changing", "change")
ROLLING_BACK: Final = Doing("roll back", "rolling back", "rollback")


def explain(resource: FailedResource, doing: Doing = CREATING) -> Explained:
    """The first row of the table that fits the resource's type and AWS's error."""
    containers = aws_type(resource.type).runs_containers
    fitting = (
        cause for cause in CAUSES if cause.pattern.search(resource.reason) and (containers or not cause.containers)
    )
    cause = next(fitting, UNKNOWN)
    what = f"“{resource.title}” ({resource.logical_id})" if resource.title else resource.logical_id
    return Explained(
        sentence=cause.sentence.format(what=what, What=what, do=doing.do, doing=doing.doing, noun=doing.noun),
        hint=(doing is ROLLING_BACK and cause.hint_for_rollback) or cause.hint,
        detail=resource.reason,
        logical_id=resource.logical_id,
        type=resource.type,
        button=cause.button,
    )
