"""IAM: identity providers, inline policies of roles, and instance profiles by their names."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list
from provisioning.sandbox.private import iam
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.work import on_loop

LIST = ("Tags", "list")
PROFILE = "AWS::IAM::InstanceProfile"
_create, _update, _delete = (original(PROFILE, handler) for handler in ("create", "update", "delete"))


def create_oidc_provider(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("iam", "CreateOpenIDConnectProvider", {"ThumbprintList": ["0" * 40], **properties})
    wanted["Tags"] = tag_list(properties)
    arn = api("iam").create_open_id_connect_provider(**wanted)["OpenIDConnectProviderArn"]
    return arn, {"Arn": arn}


def delete_oidc_provider(physical_id: str, _properties: Properties) -> None:
    api("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=physical_id)


def create_role_policy(_logical_id: str, properties: Properties, _stack: str) -> Made:
    role, name = properties["RoleName"], properties["PolicyName"]
    document = properties.get("PolicyDocument", {})
    text = document if isinstance(document, str) else json.dumps(document)
    api("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
    return f"{name}|{role}", {}


def update_role_policy(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return create_role_policy(logical_id, new, stack)


def delete_role_policy(_physical_id: str, properties: Properties) -> None:
    try:
        api("iam").delete_role_policy(RoleName=properties["RoleName"], PolicyName=properties["PolicyName"])
    except ClientError as error:
        if not refused(error, "NoSuchEntity"):
            raise


def create_linked_role(_logical_id: str, properties: Properties, _stack: str) -> Made:
    role = api("iam").create_service_linked_role(AWSServiceName=properties["AWSServiceName"])["Role"]
    return role["RoleName"], {"RoleName": role["RoleName"]}


def delete_linked_role(physical_id: str, _properties: Properties) -> None:
    api("iam").delete_service_linked_role(RoleName=physical_id)


def _arn_of(profile: str) -> str:
    """Ministack returns the ARN for a Ref; AWS returns the name."""
    return on_loop(lambda: str((iam.instance_profiles.get(profile) or {}).get("Arn", profile)))


def _named(made: Made) -> Made:
    arn, attributes = made
    return arn.rsplit("/", 1)[-1], {**attributes, "Arn": arn}


def create_profile(logical_id: str, properties: Properties, stack: str) -> Made:
    return _named(_create(logical_id, properties, stack))


def update_profile(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return _named(_update(_arn_of(physical_id), old, new, stack, logical_id))


def delete_profile(physical_id: str, properties: Properties) -> None:
    _delete(_arn_of(physical_id), properties)


def register() -> None:
    resource_type("AWS::IAM::OIDCProvider", create=create_oidc_provider, delete=delete_oidc_provider, tags=LIST)
    resource_type(
        "AWS::IAM::RolePolicy", create=create_role_policy, delete=delete_role_policy, update=update_role_policy
    )
    resource_type("AWS::IAM::ServiceLinkedRole", create=create_linked_role, delete=delete_linked_role)
    resource_type(PROFILE, create=create_profile, update=update_profile, delete=delete_profile)
