"""Lambda: the code that a template names must exist; it is stored and never run."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api
from provisioning.sandbox.resources.registry import Create, Made, Update, original, resource_type

FUNCTION, LAYER = "AWS::Lambda::Function", "AWS::Lambda::LayerVersion"


def _check(code: Any) -> None:
    if not isinstance(code, dict) or not code.get("S3Bucket"):
        return
    version = {"VersionId": code["S3ObjectVersion"]} if code.get("S3ObjectVersion") else {}
    try:
        api("s3").get_object_attributes(
            Bucket=code["S3Bucket"], Key=code["S3Key"], ObjectAttributes=["ObjectSize"], **version
        )
    except ClientError as error:
        why = error.response["Error"]
        raise ValueError(
            f"Error occurred while GetObject. S3 Error Code: {why['Code']}. S3 Error Message: {why['Message']} "
            "(Service: Lambda, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
        ) from None


def _checked(name: str, part: str) -> Create:
    make = original(name, "create")

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        _check(properties.get(part))
        made: Made = make(logical_id, properties, stack)
        return made

    return create


def _update() -> Update:
    change = original(FUNCTION, "update")

    def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        if old.get("Code") != new.get("Code"):
            _check(new.get("Code"))
        made: Made = change(physical_id, old, new, stack, logical_id)
        return made

    return update


def register() -> None:
    resource_type(FUNCTION, create=_checked(FUNCTION, "Code"), update=_update())
    resource_type(LAYER, create=_checked(LAYER, "Content"))
