"""Why a resource failed, in the words of AWS's stack events."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

_KINDS = {
    "AlreadyExists": ("AlreadyExist", "Duplicate", "EntityAlreadyExists", "BucketAlready", "InUse"),
    "NotFound": ("NotFound", "NoSuch", "Nonexistent"),
    "AccessDenied": ("AccessDenied", "Unauthorized"),
    "ServiceLimitExceeded": ("LimitExceeded", "QuotaExceeded"),
    "Throttling": ("Throttl", "TooManyRequests"),
}


def in_aws_words(error: Exception) -> str:
    """A service's error as CloudFormation shows it; errors of other handlers already have that
    form.
    """
    if isinstance(error, ClientError):
        details, meta = error.response["Error"], error.response["ResponseMetadata"]
        code = str(details["Code"])
        kind = next((name for name, parts in _KINDS.items() if any(part in code for part in parts)), "InvalidRequest")
        service = str(getattr(error, "service_name", "") or error.operation_name)
        request = (
            f"(Service: {service}, Status Code: {meta['HTTPStatusCode']}, Request ID: {meta.get('RequestId', 'none')})"
        )
        return (
            f'Resource handler returned message: "{details.get("Message", code)} {request}" (HandlerErrorCode: {kind})'
        )
    if isinstance(error, BotoCoreError):
        return f'Resource handler returned message: "{error}" (HandlerErrorCode: InvalidRequest)'
    return str(error)
