"""Lambda: event sources stopped, and everything asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def stop_event_source(aws: Clients, mapping_id: str) -> None:
    """Read nothing more from the queue or stream. The function itself stays callable: a stack's own deletion may call it."""
    aws.client("lambda").update_event_source_mapping(UUID=mapping_id, Enabled=False)


def _has_function(aws: Clients, name_or_arn: str) -> bool:
    return bool(aws.client("lambda").get_function_configuration(FunctionName=name_or_arn)["FunctionArn"])


def _has_permission(aws: Clients, physical_id: str) -> bool | None:
    """The id is "function|statement"; a made-up one names no function, and cannot be asked for."""
    function, _, statement = physical_id.partition("|")
    if not statement:
        return None
    return f'"{statement}"' in aws.client("lambda").get_policy(FunctionName=function)["Policy"]


def _has_url(aws: Clients, function_arn: str) -> bool:
    """The id is the function's ARN, with the alias at its end where there is one."""
    parts = function_arn.split(":")
    qualifier = {"Qualifier": parts[7]} if len(parts) == 8 else {}  # noqa: PLR2004 - arn:…:function:name:alias
    name = ":".join(parts[:7])
    return bool(aws.client("lambda").get_function_url_config(FunctionName=name, **qualifier)["FunctionUrl"])


EXISTENCE: Mapping[str, Probe] = {
    "AWS::Lambda::Alias": _has_function,
    "AWS::Lambda::EventSourceMapping": lambda aws, mapping: bool(
        aws.client("lambda").get_event_source_mapping(UUID=mapping)["UUID"]
    ),
    "AWS::Lambda::Function": _has_function,
    "AWS::Lambda::LayerVersion": lambda aws, arn: bool(
        aws.client("lambda").get_layer_version_by_arn(Arn=arn)["LayerVersionArn"]
    ),
    "AWS::Lambda::Permission": _has_permission,
    "AWS::Lambda::Url": _has_url,
    "AWS::Lambda::Version": _has_function,
}
