"""AWS for the rest of the product: an interface, one exception tree, and records of statuses and
resource types.

This package is the only importer of boto3 and knows neither Django nor the domain. What it exports
here is pure and loads without boto3: it is all that the engine needs to use an `Aws`. To get one
that talks to AWS, import `aws_for` from `provisioning.aws.client` and a `RateLimiter` from
`provisioning.aws.rate_limiter`.

How to read the package, from the outside in:

interface       what the engine may ask of AWS, and its data classes
account_reads   what is read about an account before a request is approved
errors          every error that a call may raise
statuses        stack and resource statuses of CloudFormation
types/          one record per resource type, data only ("add a service" in its docstring)
arns            what an ARN says, from the records
client          implements the interface; caches one client per access; live_reads its account_reads
resources       looks a type's record up and makes the call that it names
services/       the calls, one module per service
sessions        boto3 sessions and clients with the right credentials
client_mixin    the guard around every single call: account, rate, errors
rate_limiter    paces the calls of all workers; `rates` has the figures
error_codes     translates AWS's error codes to `errors`
calls           every call that this package makes, with the permissions that it needs; needs/ has the data
handlers        the permissions that CloudFormation's handlers need for each type
onboarding      names of what onboarding creates; onboarding.yaml and onboarding-team.yaml create it
"""

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
    SlotReserved,
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
    EmptyingProgress,
    StackEvent,
    StackResource,
    StackSpec,
    StackState,
    TaggedResource,
    TaskSpec,
    TaskState,
)
from provisioning.aws.statuses import RESOURCE_STATUSES, STACK_STATUSES, Kind, Status
from provisioning.aws.types import AwsType, aws_type

__all__ = [
    "RESOURCE_STATUSES",
    "STACK_STATUSES",
    "AccessDenied",
    "AccountAccess",
    "AlreadyExists",
    "Aws",
    "AwsError",
    "AwsType",
    "Busy",
    "CredentialsExpired",
    "EmptyingProgress",
    "InternalFailure",
    "InvalidTemplate",
    "Kind",
    "LimitExceeded",
    "NoUpdates",
    "NotFound",
    "Obsolete",
    "SlotReserved",
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
    "aws_type",
]
