"""The errors that a call to AWS may raise. No other exception leaves this package but
`NotPermitted`, which is no answer of AWS.

AwsError                 any refusal by AWS that has no class of its own
├── Throttled            too many requests; wait `retry_after` seconds
│   └── SlotReserved     … by the portal's own rate limiter; the caller's turn comes then
├── AccessDenied         the role lacks a permission
├── CredentialsExpired   no usable credentials: missing, expired or unknown to AWS
├── WrongAccount         the credentials belong to another account; nothing was changed
├── NotFound             the resource does not exist
├── AlreadyExists        a resource of this name exists and is not ours
├── TokenConflict        the token was used before, with another request
├── WrongStatus          the resource's status or protection does not allow the call
│   ├── Busy             … because an operation is in progress: wait for its end
│   └── Obsolete         … because a change set is older than the stack's last change
├── LimitExceeded        a quota or capacity of the account or of AWS is exhausted
├── ValidationFailed     the request is invalid
│   ├── InvalidTemplate  … because the template is
│   └── NoUpdates        … because it changes nothing
├── Unreachable          no connection: the request was not executed
├── Unclear              the answer to a change was lost: it may have been executed; repeat it
│                        with the same token
└── InternalFailure      an internal error of AWS

`retryable`: the same call may succeed later. `maybe_done`: the change may have been made
nevertheless.
"""

# ruff: noqa: N818 - these are answers of AWS, named as AWS names them

from __future__ import annotations

from typing import ClassVar


class AwsError(Exception):
    """`operation` is "service:Operation", `code` AWS's error code, `message` AWS's sentence without
    secrets.

    `advice` tells people what to do next.
    """

    retryable: ClassVar[bool] = False
    advice: ClassVar[str] = "Read AWS's message, correct the cause, then try again."

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        code: str = "",
        retry_after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.code = code
        self.retry_after = retry_after
        self.maybe_done = maybe_done

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        code = f" ({self.code})" if self.code else ""
        return f"{where}{self.message}{code}"

    def __reduce__(self) -> tuple[type[AwsError], tuple[str], dict[str, object]]:
        return type(self), (self.message,), dict(self.__dict__)


class Throttled(AwsError):
    retryable = True
    advice = "No action is needed. The portal retries automatically, at a lower rate."


class SlotReserved(Throttled):
    """The portal has not sent the call yet: its own rate limiter has reserved a slot for this
    caller, in `retry_after` seconds.
    """


class AccessDenied(AwsError):
    advice = "Ask an administrator of the AWS account to grant the portal's role this permission, or to lift the policy that denies it. Then try again."


class CredentialsExpired(AwsError):
    retryable = True
    advice = "Ask an administrator of the portal to renew its credentials and to check the role and the external ID of the account."


class WrongAccount(AwsError):
    advice = "Ask an administrator of the portal to correct the account's ID or its role. Nothing was changed in AWS."


class NotFound(AwsError):
    advice = "It was deleted or never existed. Check the name and the region."


class AlreadyExists(AwsError):
    advice = "Choose another name, or delete the resource that has this name and was not created by this operation."


class TokenConflict(AwsError):
    advice = "Start a new operation. The token of this one was used for a different request."


class WrongStatus(AwsError):
    advice = "Wait until the operation in progress on it has ended, or lift its protection. Then try again."


class Busy(WrongStatus):
    retryable = True
    advice = "No action is needed. The portal waits until the operation in progress on it has ended."


class Obsolete(WrongStatus):
    advice = "The stack has changed since this plan was made. Make a new plan."


class LimitExceeded(AwsError):
    advice = "Delete what is no longer needed, or have the account's quota raised. Then try again."


class ValidationFailed(AwsError):
    advice = "The request is invalid. Correct the blueprint or the inputs."


class InvalidTemplate(ValidationFailed):
    advice = "The template is invalid. Correct the blueprint."


class NoUpdates(ValidationFailed):
    advice = "No action is needed. Everything is as requested already."


class Unreachable(AwsError):
    retryable = True
    advice = "Check the network between the portal and AWS. The portal retries automatically."


class Unclear(AwsError):
    retryable = True
    advice = "No action is needed. The portal retries with the same token, so nothing happens twice."


class InternalFailure(AwsError):
    retryable = True
    advice = "AWS reported an internal error. The portal retries automatically."


class NotPermitted(Exception):
    """The engine refused a call before it was sent: the lease is over, the deadline has passed, or
    the call is not what was approved. Nothing was sent.
    """
