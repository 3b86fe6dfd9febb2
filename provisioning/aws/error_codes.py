"""Translates AWS's error codes to the errors of this package. No other module reads them.

The text of a message decides only if AWS uses one code for several errors. All such texts are in
`BY_MESSAGE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from botocore import exceptions as botocore_errors

from provisioning.aws.errors import (
    AccessDenied,
    AlreadyExists,
    AwsError,
    Busy,
    CredentialsExpired,
    InternalFailure,
    InvalidTemplate,
    LimitExceeded,
    NotFound,
    NoUpdates,
    Obsolete,
    Throttled,
    TokenConflict,
    Unclear,
    Unreachable,
    ValidationFailed,
    WrongStatus,
)
from provisioning.aws.unreadable import UnreadableAnswerError

DEFAULT_RETRY_AFTER = 5.0
"""Seconds to wait after AWS refused a call because of its rate. AWS does not say how long."""
MESSAGE_LIMIT = 2000

# (service, code, text) → class, from sentences of AWS that were observed.
BY_MESSAGE: Final[tuple[tuple[str, str, re.Pattern[str], type[AwsError]], ...]] = (
    ("cloudformation", "ValidationError", re.compile(r"does not exist"), NotFound),
    ("cloudformation", "ValidationError", re.compile(r"No updates are to be performed"), NoUpdates),
    ("cloudformation", "ValidationError", re.compile(r"TerminationProtection is enabled"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"is in [A-Z_]+ state"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"\b[A-Z_]+ state and can ?not be"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"cannot be deleted while in status [A-Z_]+"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"cannot be called from current stack status"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"only when the stack is in the [A-Z_]+ state"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"non-terminal \[[A-Z_]+\] state"), WrongStatus),
    ("cloudformation", "ValidationError", re.compile(r"[Dd]rift detection .*in progress"), Busy),
    ("cloudformation", "ValidationError", re.compile(r"S3 error: Access Denied"), AccessDenied),
    # aws/aws-cdk#26182 and aws/amazon-chime-sdk-js#1089.
    (
        "cloudformation",
        "InvalidChangeSetStatus",
        re.compile(r"operation on this ChangeSet is currently in progress"),
        Busy,
    ),
    ("cloudformation", "InvalidChangeSetStatus", re.compile(r"\bOBSOLETE\b"), Obsolete),
    (
        "cloudformation",
        "ValidationError",
        re.compile(r"(Template (format )?error|Invalid template|unresolved resource dependencies)", re.IGNORECASE),
        InvalidTemplate,
    ),
    ("cloudformation", "ValidationError", re.compile(r"Unrecognized resource types"), InvalidTemplate),
    # RegisterScalableTarget for a service that is gone (spinnaker/spinnaker#4371).
    ("application-autoscaling", "ValidationException", re.compile(r"ECS service doesn't exist"), NotFound),
    ("ecs", "ClientException", re.compile(r"Unable to describe task definition"), NotFound),
    # As Terraform's provider recognizes them: internal/service/backup/selection.go, internal/service/autoscaling/group.go.
    ("backup", "InvalidParameterValueException", re.compile(r"Cannot find Backup plan"), NotFound),
    ("autoscaling", "ValidationError", re.compile(r"AutoScalingGroup name not found|Group .* not found"), NotFound),
)

BY_CODE: Final[Mapping[str, type[AwsError]]] = {
    # Throttling, by all its names (botocore's own list, which a test compares, less the quota code LimitExceededException).
    **dict.fromkeys(
        (
            "APICallRateForCustomerExceeded",
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttled",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
            "TooManyRequestsException",
            "TransactionInProgressException",
        ),
        Throttled,
    ),
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "AllAccessDisabled",
            "AuthorizationError",
            "BlockedException",
            "FailedResourceAccessException",
            "Forbidden",
            "403",
            "NotAuthorized",
            "OptInRequired",
            "UnauthorizedAccess",
            "UnauthorizedOperation",
        ),
        AccessDenied,
    ),
    **dict.fromkeys(
        (
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidToken",
            "MissingAuthenticationToken",
            "NotSignedUp",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
        ),
        CredentialsExpired,
    ),
    **dict.fromkeys(
        (
            "404",
            "WAFNonexistentItemException",
            "WAFUnavailableEntityException",
            "NotFound",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        NotFound,
    ),
    **dict.fromkeys(
        (
            "EntityAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "ResourceExistsException",
            "QueueNameExists",
            "WAFDuplicateItemException",
        ),
        AlreadyExists,
    ),
    **dict.fromkeys(
        (
            "IdempotencyParameterMismatch",
            "IdempotentParameterMismatch",
            "IdempotentParameterMismatchException",
            "OperationIdAlreadyExistsException",
            "TokenAlreadyExistsException",
        ),
        TokenConflict,
    ),
    **dict.fromkeys(
        (
            "BucketNotEmpty",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConcurrentUpdateException",
            "ConditionalCheckFailed",
            "ConflictException",
            "DBInstanceNotReady",
            "DeleteConflict",
            "DependencyViolation",
            "FileSystemInUse",
            "InvalidChangeSetStatus",
            "InvalidOperationException",
            "InvalidStateException",
            "InvalidStateTransition",
            "IncorrectState",
            "InvalidIPAddress.InUse",
            "InvalidNetworkInterface.InUse",
            "InvalidObjectState",
            "KMSInvalidStateException",
            "OperationAborted",
            "OperationAbortedException",
            "OperationInProgressException",
            "OperationNotPermitted",
            "ResourceConflictException",
            "ResourceInUse",
            "ResourceInUseException",
            "ScalingActivityInProgress",
            "ServiceNotActiveException",
            "StaleRequestException",
            "UpdateInProgressException",
            "WAFAssociatedItemException",
            "WAFOptimisticLockException",
        ),
        WrongStatus,
    ),
    **dict.fromkeys(("ServiceQuotaExceededException", "StorageQuotaExceeded", "OverLimit"), LimitExceeded),
    **dict.fromkeys(
        (
            "BadRequest",
            "ClientException",
            "ConstraintViolationException",
            "DecodingError",
            "InsufficientCapabilitiesException",
            "InvalidAction",
            "MalformedXML",
            "UnsupportedOperation",
            "ValidationError",
            "ValidationException",
        ),
        ValidationFailed,
    ),
    **dict.fromkeys(
        (
            "InternalError",
            "InternalException",
            "InternalFailure",
            "InternalServerError",
            "InternalServerException",
            "InternalServiceError",
            "InternalServiceException",
            "KMSInternalException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServerException",
            "ServiceException",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "Unavailable",
            "WAFInternalErrorException",
        ),
        InternalFailure,
    ),
}

# Families of codes, in this order, for codes that `BY_CODE` does not list.
BY_SHAPE_OF_CODE: Final[tuple[tuple[re.Pattern[str], type[AwsError]], ...]] = (
    (re.compile(r"NotFound(Fault|Exception)?$|^NoSuch[A-Z]|\.NotFound$|DoesNotExist(Exception)?$"), NotFound),
    (re.compile(r"AlreadyExists?(Fault|Exception)?$|\.Duplicate$|^Duplicate[A-Z]"), AlreadyExists),
    (
        re.compile(
            r"(Quota|Limit).*Exceeded|LimitReached|LimitsExceeded|^TooMany|^Insufficient\w*Capacity|^MaxSpendLimit"
        ),
        LimitExceeded,
    ),
    (re.compile(r"^Invalid\w+State(Fault|Exception)?$|InUse(Exception)?$"), WrongStatus),
    (re.compile(r"^(Invalid|Malformed|Missing|Unknown|Unsupported|WAFInvalid)"), ValidationFailed),
)

_SECRET_TEXT: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"(?i)(x-amz-security-token|x-amz-signature|x-amz-credential|authorization)(\s*[=:]\s*)[^\s&'\"]+"),
        r"\1\2…",
    ),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}"), r"\1…"),
    (re.compile(r"(?i)(encoded authorization failure message:\s*)\S+"), r"\1…"),
    (re.compile(r"//[^/@\s]+:[^/@\s]+@"), "//…@"),
)

# In these messages AWS repeats the string it signed, which contains the session token.
_KEEP_FIRST_SENTENCE: Final = frozenset({"SignatureDoesNotMatch", "IncompleteSignature"})

# No connection was made, so nothing can have happened.
_NOT_SENT: Final = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.SSLError,
    botocore_errors.ProxyConnectionError,
)
ANSWER_LOST: Final = (
    botocore_errors.HTTPClientError,
    botocore_errors.IncompleteReadError,
    botocore_errors.ChecksumError,
)
"""After these, nobody knows whether AWS executed the request."""

_NO_CREDENTIALS: Final = (
    botocore_errors.NoCredentialsError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.ProfileNotFound,
    botocore_errors.SSOError,
    botocore_errors.MetadataRetrievalError,
)


def answer_was_lost(error: BaseException) -> bool:
    return isinstance(error, ANSWER_LOST) and not isinstance(error, _NOT_SENT)


def without_secrets(message: str, code: str = "") -> str:
    """Removes secrets and tokens from a message of AWS and shortens it."""
    if code in _KEEP_FIRST_SENTENCE:
        message = re.split(r"\. |\n", message, maxsplit=1)[0]
    for pattern, replacement in _SECRET_TEXT:
        message = pattern.sub(replacement, message)
    return message[:MESSAGE_LIMIT]


def class_for(service: str, code: str, message: str, status: int) -> type[AwsError]:
    """Returns the error class for an answer. The HTTP `status` decides only for an unknown code."""
    for table_service, table_code, text, error in BY_MESSAGE:
        if (table_service, table_code) == (service, code) and text.search(message):
            return error
    if code in BY_CODE:
        return BY_CODE[code]
    for pattern, error in BY_SHAPE_OF_CODE:
        if pattern.search(code):
            return error
    by_status: Mapping[int, type[AwsError]] = {
        401: CredentialsExpired,
        403: AccessDenied,
        404: NotFound,
        429: Throttled,
    }
    return InternalFailure if status >= 500 else by_status.get(status, AwsError)  # noqa: PLR2004 - HTTP's server errors


def translate(
    error: Exception,
    *,
    service: str,
    operation: str,
    mutating: bool,
    lost_before: bool,
) -> AwsError:
    """Translates an exception of botocore, or any that it raised while it read an answer.
    `lost_before`: the answer to an earlier attempt of this call was lost.
    """
    name = f"{service}:{operation}"
    maybe_done = mutating and lost_before
    if isinstance(error, botocore_errors.ClientError):
        return _from_answer(error.response, service=service, name=name, mutating=mutating, maybe_done=maybe_done)
    text = without_secrets(str(error))
    code = type(error).__name__
    if mutating and (lost_before or answer_was_lost(error) or _cannot_be_read(error)):
        return Unclear(
            f"AWS's answer was lost, so it is unknown whether the request was executed: {text}",
            operation=name,
            code=code,
            maybe_done=True,
        )
    for kinds, translation, sentence in _BY_EXCEPTION:
        if isinstance(error, kinds):
            return translation(f"{sentence}{text}", operation=name, code=code)
    return InternalFailure(f"AWS's answer cannot be read: {text}", operation=name, code=code)


# The first that fits. What is not botocore's own was raised while it read an answer.
_BY_EXCEPTION: Final[tuple[tuple[tuple[type[Exception], ...], type[AwsError], str], ...]] = (
    ((UnreadableAnswerError,), InternalFailure, ""),
    ((*_NOT_SENT, *ANSWER_LOST, botocore_errors.ConnectionError), Unreachable, "AWS could not be reached: "),
    (_NO_CREDENTIALS, CredentialsExpired, "The portal has no usable AWS credentials: "),
    ((botocore_errors.ParamValidationError,), ValidationFailed, ""),
    ((botocore_errors.BotoCoreError,), AwsError, ""),
)


def _cannot_be_read(error: Exception) -> bool:
    return isinstance(error, UnreadableAnswerError) or not isinstance(error, botocore_errors.BotoCoreError)


def _from_answer(response: Mapping[str, Any], *, service: str, name: str, mutating: bool, maybe_done: bool) -> AwsError:
    details = response.get("Error", {})
    code = str(details.get("Code") or "Unknown")
    message = str(details.get("Message") or "AWS gave no reason")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    error = class_for(service, code, message, status)
    if service == "ecs" and code == "ConflictException" and name.endswith(":RunTask"):
        error = TokenConflict  # only in RunTask does this code mean the token
    return error(
        without_secrets(message, code),
        operation=name,
        code=code,
        retry_after=DEFAULT_RETRY_AFTER if error is Throttled else None,
        maybe_done=maybe_done or (mutating and error is InternalFailure),
    )
