"""From what AWS wrote to what people read: the first root cause in plain words, and the next action. One table, one place."""

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


def _cause(pattern: str, sentence: str, hint: str, *, containers: bool = False) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE | re.DOTALL), sentence, hint, containers)


ALREADY_THERE: Final = re.compile(
    r"already exists|AlreadyExists|AlreadyOwnedByYou|BucketAlreadyExists|EntityAlreadyExists", re.IGNORECASE
)
"""Somebody else's thing has the name: it is neither ours nor to be touched."""

CAUSES: Final[tuple[Cause, ...]] = (
    _cause(
        r"circuit breaker|did not stabilize|failed to stabilize|ServiceStabilization|not stabilized",
        "The containers of {what} did not stay healthy.",
        "Look at the service's log group: the image may not exist or not start, a secret may be missing, or the health check may not answer.",
        containers=True,
    ),
    _cause(
        ALREADY_THERE.pattern,
        "The name of {what} is taken already.",
        "Something with this name was made before, in this account or, for a bucket, anywhere in AWS. Choose another name for the environment, or remove the other thing.",
    ),
    _cause(
        r"scheduled for deletion",
        "A secret with the name of {what} waits for its deletion.",
        "Wait until it is gone, restore it, or choose another name for the environment.",
    ),
    _cause(
        r"Insufficient\w*Capacity|insufficient capacity|not have (?:enough|sufficient) capacity|not supported in (?:your|the) requested Availability Zone",
        "AWS has no room for {what} at the moment.",
        "Try again later, or choose another region or a smaller size.",
    ),
    _cause(
        r"LimitExceeded|QuotaExceeded|TooMany|limit (?:of|has been) |maximum number of|quota|exceeds? the (?:limit|maximum)",
        "The account has reached a quota of AWS with {what}.",
        "Remove what is no longer needed in the account, or have the quota raised; then try again.",
    ),
    _cause(
        r"explicit deny|service control policy|AccessDenied|not authorized|UnauthorizedOperation|is not authorized",
        "The account does not allow the portal to make {what}.",
        "An administrator of the account gives the portal's stack role this right, or lifts the policy that denies it; then try again.",
    ),
    _cause(
        r"Rate exceeded|Throttling|TooManyRequests",
        "AWS refused {what} because there were too many requests.",
        "Nothing is wrong with the environment: try again in a few minutes.",
    ),
    _cause(
        r"timed? ?out|Exceeded attempts to wait|did not (?:complete|respond) (?:in|within)",
        "AWS took too long with {what} and gave up.",
        "Try again. If it happens twice, look at the resource's own service in the AWS console.",
    ),
    _cause(
        r"did not stabilize|NotStabilized|failed to stabilize",
        "AWS began to make {what}, but it never became ready.",
        "Try again. If it happens twice, look at what it depends on.",
    ),
    _cause(
        r"Properties validation failed|Invalid (?:property|parameter|request)|InvalidParameter|ValidationException|InvalidRequest|Value .* (?:at|for) |Encountered unsupported property|Model validation failed",
        "AWS does not accept a setting of {what}.",
        "If the sentence below names something you filled in, ask for a new environment with another value; otherwise tell the authors of the blueprint.",
    ),
    _cause(
        r"does not exist|NotFound|not found|No such|could not be found",
        "{What} needs something that does not exist.",
        "Check the ARNs and names that were filled in.",
    ),
    _cause(
        r"InternalFailure|Internal (?:Failure|error)|ServiceUnavailable|InternalError",
        "AWS failed inside while it made {what}.",
        "Try again.",
    ),
)
UNKNOWN: Final = _cause("", "AWS could not make {what}.", "AWS's own sentence says why. Mend it, then try again.")

CANCELLED: Final = re.compile(r"^Resource (?:creation|update) cancelled", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explained:
    """`detail` is AWS's own sentence."""

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
    """The first that failed by itself; `failed` in the order of time. Those cancelled because of it say nothing."""
    return next((resource for resource in failed if not CANCELLED.match(resource.reason)), None)


def explain(resource: FailedResource) -> Explained:
    cause = next((cause for cause in CAUSES if _fits(cause, resource)), UNKNOWN)
    what = f"“{resource.title}” ({resource.logical_id})" if resource.title else resource.logical_id
    return Explained(
        sentence=cause.sentence.format(what=what, What=what),
        hint=cause.hint,
        detail=resource.reason,
        logical_id=resource.logical_id,
        type=resource.type,
        button=cause.button,
    )


def _fits(cause: Cause, resource: FailedResource) -> bool:
    applies = not cause.containers or aws_type(resource.type).runs_containers
    return applies and cause.pattern.search(resource.reason) is not None
