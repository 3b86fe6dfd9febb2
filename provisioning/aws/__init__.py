"""AWS for the rest of the product: a typed port, one exception tree, statuses as data. The only importer of boto3; knows no Django and no domain."""

from typing import Final

from provisioning.aws.client import LiveAws, aws_for, close_all
from provisioning.aws.errors import (
    AccessDenied,
    AlreadyExists,
    AwsError,
    CredentialsExpired,
    InternalFailure,
    InvalidTemplate,
    LimitExceeded,
    NotFound,
    NoUpdates,
    Throttled,
    TokenConflict,
    Unclear,
    Unreachable,
    ValidationFailed,
    WrongAccount,
    WrongStatus,
)
from provisioning.aws.interface import (
    AccountAccess,
    Aws,
    BucketProgress,
    StackEvent,
    StackResource,
    StackSpec,
    StackState,
    TaggedResource,
    TaskSpec,
    TaskState,
)
from provisioning.aws.protection import LIFTS
from provisioning.aws.quiesce import STOPS
from provisioning.aws.rate_limiter import CallLimiter, RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, Rate, scaled
from provisioning.aws.statuses import RESOURCE_STATUSES, STACK_STATUSES, Kind, Status

PROTECTABLE: Final = frozenset(LIFTS)
"""Types that can refuse their own deletion, and that `lift_protection` lets go."""
QUIESCABLE: Final = frozenset(STOPS)
"""Types that start work by themselves, and that `quiesce` stops."""

__all__ = [
    "DEFAULT_RATES",
    "PROTECTABLE",
    "QUIESCABLE",
    "RESOURCE_STATUSES",
    "STACK_STATUSES",
    "AccessDenied",
    "AccountAccess",
    "AlreadyExists",
    "Aws",
    "AwsError",
    "BucketProgress",
    "CallLimiter",
    "CredentialsExpired",
    "InternalFailure",
    "InvalidTemplate",
    "Kind",
    "LimitExceeded",
    "LiveAws",
    "NoUpdates",
    "NotFound",
    "Rate",
    "RateLimiter",
    "StackEvent",
    "StackResource",
    "StackSpec",
    "StackState",
    "Status",
    "TaggedResource",
    "TaskSpec",
    "TaskState",
    "Throttled",
    "TokenConflict",
    "Unclear",
    "Unreachable",
    "ValidationFailed",
    "WrongAccount",
    "WrongStatus",
    "aws_for",
    "close_all",
    "scaled",
]
