"""What AWS can answer instead of what was asked, as exceptions. Nothing else leaves this package.

AwsError                   anything that AWS refuses and that has no class of its own
├── Throttled              too many requests; `retry_after` seconds are to pass first
├── AccessDenied           the role lacks a right
├── CredentialsExpired     no usable credentials: missing, expired or unknown to AWS
├── WrongAccount           the credentials belong to another account; nothing was changed
├── NotFound               the thing does not exist
├── AlreadyExists          something of this name exists and is not ours
├── TokenConflict          the token was used before with another request
├── WrongStatus            the thing's present status or protection does not allow it
├── LimitExceeded          a quota or capacity of the account or of AWS is used up
├── ValidationFailed       the request is wrong
│   ├── InvalidTemplate    … because the template is
│   └── NoUpdates          … because it changes nothing
├── Unreachable            no connection: the request was not carried out
├── Unclear                the answer to a change was lost: it may have been carried out; repeat with the same token
└── InternalFailure        AWS failed inside

`retryable` says that the same call may succeed later; `maybe_done` says that a change may have happened all the same.
"""

# ruff: noqa: N818 - these are answers of AWS, named as AWS names them

from __future__ import annotations

from typing import ClassVar


class AwsError(Exception):
    """`operation` is "service:Operation", `code` AWS's own, `message` AWS's sentence without anything secret."""

    retryable: ClassVar[bool] = False
    advice: ClassVar[str] = "Read AWS's message and correct the cause, then try again."

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
    advice = "Nothing is wrong: the portal asks again by itself, more slowly."


class AccessDenied(AwsError):
    advice = "An administrator of the AWS account gives the portal's role this right, or lifts the policy that denies it; then try again."


class CredentialsExpired(AwsError):
    retryable = True
    advice = "An administrator of the portal renews the credentials that it runs with, and checks the account's role and external id."


class WrongAccount(AwsError):
    advice = "An administrator of the portal corrects the account's number or its role; nothing was changed in AWS."


class NotFound(AwsError):
    advice = "It is gone, or never was; check the name and the region."


class AlreadyExists(AwsError):
    advice = "Choose another name, or remove what has this name and was not made by this operation."


class TokenConflict(AwsError):
    advice = "Start a new operation: this one's token was used for a different request."


class WrongStatus(AwsError):
    advice = "Wait until the running work on it has ended, or lift its protection; then try again."


class LimitExceeded(AwsError):
    advice = "Remove what is no longer needed, or have the account's quota raised; then try again."


class ValidationFailed(AwsError):
    advice = "The request itself is wrong: correct the blueprint or the inputs."


class InvalidTemplate(ValidationFailed):
    advice = "The template itself is wrong: correct the blueprint."


class NoUpdates(ValidationFailed):
    advice = "There is nothing to do: what is asked for is there already."


class Unreachable(AwsError):
    retryable = True
    advice = "Check the network between the portal and AWS; the portal asks again by itself."


class Unclear(AwsError):
    retryable = True
    advice = "The portal asks again with the same token, so that nothing happens twice."


class InternalFailure(AwsError):
    retryable = True
    advice = "AWS failed inside; the portal asks again by itself."
