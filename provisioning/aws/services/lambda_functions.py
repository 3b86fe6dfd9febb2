"""Lambda: disables event sources; existence checks. A module cannot be called `lambda`, a keyword."""

from __future__ import annotations

from contextlib import suppress

from provisioning.aws.account_reads import FunctionConcurrency
from provisioning.aws.errors import WrongStatus
from provisioning.aws.sessions import Clients


def stop_event_source(aws: Clients, mapping_id: str) -> None:
    """Stops reading from the queue or stream. The function itself can still be called: a custom
    resource of the stack may need it while the stack is deleted.
    """
    with suppress(WrongStatus):  # the mapping is changing to another state already
        aws.client("lambda").update_event_source_mapping(UUID=mapping_id, Enabled=False)


def has_event_source(aws: Clients, mapping_id: str) -> bool:
    return bool(aws.client("lambda").get_event_source_mapping(UUID=mapping_id)["UUID"])


def has_function(aws: Clients, name_or_arn: str) -> bool:
    return bool(aws.client("lambda").get_function_configuration(FunctionName=name_or_arn)["FunctionArn"])


def has_layer_version(aws: Clients, arn: str) -> bool:
    return bool(aws.client("lambda").get_layer_version_by_arn(Arn=arn)["LayerVersionArn"])


def has_permission(aws: Clients, physical_id: str) -> bool | None:
    """The id is "function|statement". None for a generated id, which names no function."""
    function, _, statement = physical_id.partition("|")
    if not statement:
        return None
    return f'"{statement}"' in aws.client("lambda").get_policy(FunctionName=function)["Policy"]


def has_url(aws: Clients, function_arn: str) -> bool:
    """The id is the ARN of the function, followed by its alias if the URL belongs to one."""
    parts = function_arn.split(":")
    qualifier = {"Qualifier": parts[7]} if len(parts) == 8 else {}  # noqa: PLR2004 - arn:…:function:name:alias
    name = ":".join(parts[:7])
    return bool(aws.client("lambda").get_function_url_config(FunctionName=name, **qualifier)["FunctionUrl"])


def concurrency(aws: Clients) -> FunctionConcurrency:
    limit = aws.client("lambda").get_account_settings()["AccountLimit"]
    return FunctionConcurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])
