from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import get_session

import provisioning.aws
from provisioning.aws import AwsError, errors
from provisioning.aws.error_codes import BY_CODE, class_for, without_secrets
from tests.aws.scanning import calls_in

SERVICES = [
    "sts",
    "cloudformation",
    "ecs",
    "s3",
    "rds",
    "elasticache",
    "elbv2",
    "secretsmanager",
    "logs",
    "resourcegroupstaggingapi",
    "application-autoscaling",
    "efs",
    "kms",
    "iam",
    "wafv2",
    "acm",
    "cloudwatch",
    "servicediscovery",
    "ecr",
    "ssm",
    "sns",
    "sqs",
    "lambda",
    "events",
    "dynamodb",
    "autoscaling",
    "backup",
    "cloudfront",
    "mq",
    "route53",
    "sesv2",
    "stepfunctions",
    "cognito-idp",
    "apigatewayv2",
    "docdb",
    "neptune",
    "service-quotas",
]


def test_the_codes_of_every_service_that_is_called_are_looked_at() -> None:
    called = {call.partition(":")[0] for call in calls_in(Path(str(provisioning.aws.__file__)).parent)}
    assert sorted(called - set(SERVICES) - {"ec2"}) == []  # EC2's model lists no errors


def codes_of(service: str) -> set[str]:
    model = get_session().get_service_model(service)
    return {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}


def test_it_knows_all_of_botocores_names_for_throttling() -> None:
    known = {code for code, error in BY_CODE.items() if error is errors.Throttled}
    # A quota that is used up is not a rate: to come back later does not help.
    assert set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) - known == {"LimitExceededException"}
    assert all(
        BY_CODE[code] in {errors.InternalFailure, errors.Throttled}
        for code in TransientRetryableChecker._TRANSIENT_ERROR_CODES
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_code_that_says_not_found_or_exists_is_told_apart(service: str) -> None:
    for code in codes_of(service):
        error = class_for(service, code, "", 400)
        if "NotFound" in code or "NoSuch" in code or "DoesNotExist" in code or "Nonexistent" in code:
            assert error is errors.NotFound, code
        else:
            assert error is not errors.NotFound or code == "WAFUnavailableEntityException", code
        if "AlreadyExist" in code and "Token" not in code and "OperationId" not in code:
            assert error is errors.AlreadyExists, code


@pytest.mark.parametrize(
    ("service", "code", "message", "expected"),
    [
        ("cloudformation", "ValidationError", "Stack with id x does not exist", errors.NotFound),
        ("cloudformation", "ValidationError", "No updates are to be performed.", errors.NoUpdates),
        (
            "cloudformation",
            "ValidationError",
            "Stack:arn is in DELETE_IN_PROGRESS state and can not be updated.",
            errors.WrongStatus,
        ),
        (
            "cloudformation",
            "ValidationError",
            "Stack [x] cannot be deleted while TerminationProtection is enabled",
            errors.WrongStatus,
        ),
        (
            "cloudformation",
            "ValidationError",
            "Stack cannot be deleted while in status UPDATE_IN_PROGRESS",
            errors.WrongStatus,
        ),
        (
            "cloudformation",
            "ValidationError",
            "CancelUpdateStack cannot be called from current stack status",
            errors.WrongStatus,
        ),
        ("cloudformation", "ChangeSetNotFound", "ChangeSet [x] does not exist", errors.NotFound),
        (
            "cloudformation",
            "InvalidChangeSetStatus",
            "An operation on this ChangeSet is currently in progress.",
            errors.Busy,
        ),
        (
            "cloudformation",
            "InvalidChangeSetStatus",
            "ChangeSet [x] cannot be executed in its current execution status of [OBSOLETE]",
            errors.Obsolete,
        ),
        (
            "cloudformation",
            "InvalidChangeSetStatus",
            "ChangeSet [x] cannot be executed in its current execution status of [EXECUTE_COMPLETE]",
            errors.WrongStatus,
        ),
        ("cloudformation", "ValidationError", "Drift detection is already in progress for stack x", errors.Busy),
        ("cloudformation", "ValidationError", "Template format error: JSON not well-formed.", errors.InvalidTemplate),
        ("cloudformation", "ValidationError", "Parameters: [X] must have values", errors.ValidationFailed),
        ("cloudformation", "InsufficientCapabilitiesException", "Requires capabilities", errors.ValidationFailed),
        ("cloudformation", "TokenAlreadyExistsException", "", errors.TokenConflict),
        ("cloudformation", "LimitExceededException", "", errors.LimitExceeded),
        ("cloudformation", "Throttling", "Rate exceeded", errors.Throttled),
        ("rds", "ValidationError", "x does not exist", errors.ValidationFailed),
        ("ecs", "ClientException", "Unable to describe task definition.", errors.NotFound),
        ("ec2", "InvalidVpcID.NotFound", "", errors.NotFound),
        ("ec2", "DependencyViolation", "", errors.WrongStatus),
        ("ec2", "RequestLimitExceeded", "", errors.Throttled),
        ("ec2", "VpcLimitExceeded", "", errors.LimitExceeded),
        ("ec2", "UnauthorizedOperation", "", errors.AccessDenied),
        ("sts", "ExpiredToken", "", errors.CredentialsExpired),
        ("rds", "InvalidDBInstanceState", "", errors.WrongStatus),
        ("rds", "InvalidParameterCombination", "", errors.ValidationFailed),
        ("s3", "404", "Not Found", errors.NotFound),
        ("backup", "InvalidParameterValueException", "Cannot find Backup plan with ID x", errors.NotFound),
        ("backup", "InvalidParameterValueException", "Invalid backup selection.", errors.ValidationFailed),
        ("backup", "InvalidResourceStateException", "", errors.WrongStatus),
        ("autoscaling", "ValidationError", "AutoScalingGroup name not found - null", errors.NotFound),
        ("autoscaling", "ValidationError", "Max bound, 0, must be >= min", errors.ValidationFailed),
        ("autoscaling", "ScalingActivityInProgress", "", errors.WrongStatus),
        ("cloudfront", "NoSuchDistribution", "", errors.NotFound),
        ("cloudfront", "NoSuchFunctionExists", "", errors.NotFound),
        ("cloudwatch", "ResourceNotFound", "", errors.NotFound),
        ("lambda", "ResourceConflictException", "", errors.WrongStatus),
        ("mq", "NotFoundException", "", errors.NotFound),
        ("route53", "NoSuchHostedZone", "", errors.NotFound),
        ("route53", "PriorRequestNotComplete", "", errors.Throttled),
        ("sqs", "AWS.SimpleQueueService.NonExistentQueue", "", errors.NotFound),
        ("stepfunctions", "StateMachineDoesNotExist", "", errors.NotFound),
    ],
)
def test_a_code_becomes_the_exception_that_it_means(
    service: str, code: str, message: str, expected: type[AwsError]
) -> None:
    assert class_for(service, code, message, 400) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.AwsError),
        (403, errors.AccessDenied),
        (404, errors.NotFound),
        (429, errors.Throttled),
        (503, errors.InternalFailure),
    ],
)
def test_a_code_that_nobody_knows_goes_by_its_http_status(status: int, expected: type[AwsError]) -> None:
    assert class_for("s3", "SomethingNew", "", status) is expected


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        ("The Access Key ASIAIOSFODNN7EXAMPLE is invalid", "IOSFODNN7EXAMPLE"),
        ("GET https://s3/?X-Amz-Security-Token=FwoGZX%2Fabc&X-Amz-Signature=deadbeef failed", "FwoGZX"),
        ("GET https://s3/?X-Amz-Security-Token=FwoGZX%2Fabc&X-Amz-Signature=deadbeef failed", "deadbeef"),
        ("not authorized. Encoded authorization failure message: 4yNGXyz-secret", "4yNGXyz"),
        ("Could not connect to https://user:hunter2@emulator:4566/", "hunter2"),
    ],
)
def test_nothing_secret_stays_in_a_message(message: str, secret: str) -> None:
    assert secret in message
    assert secret not in without_secrets(message)


def test_the_string_that_aws_signed_is_cut_off() -> None:
    message = "The signature does not match. The Canonical String was 'POST\nx-amz-security-token:FwoGZX'"
    assert without_secrets(message, "SignatureDoesNotMatch") == "The signature does not match"


def test_an_error_says_where_and_what_and_survives_pickling() -> None:
    error = errors.Throttled(
        "Rate exceeded", operation="cloudformation:CreateStack", code="Throttling", retry_after=5.0
    )
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert str(again) == str(error) == "cloudformation:CreateStack: Rate exceeded (Throttling)"
    assert again.retry_after == 5.0
    assert again.retryable


def test_every_exception_gives_advice_and_stands_in_the_drawing() -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.AwsError)]
    assert len(classes) == 19
    assert all(item.advice.endswith(".") for item in classes)
    assert all(item.__name__ in errors.__doc__ for item in classes)


def test_only_the_client_layer_knows_the_exceptions_of_botocore() -> None:
    package = Path(provisioning.aws.__file__).parent
    importers = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"botocore\.exceptions|botocore import exceptions", path.read_text(encoding="utf-8"))
    }
    assert importers == {"client_mixin.py", "endpoints.py", "error_codes.py", "sessions.py", "unreadable.py"}
