"""IAM: roles with their boundary, service-linked roles, identity providers, inline policies, and
instance profiles by their names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list
from provisioning.sandbox.iam.passed_to import LINKED_ROLES
from provisioning.sandbox.private import get_account_id, iam
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.work import on_loop

LIST = ("Tags", "list")
PROFILE = "AWS::IAM::InstanceProfile"
ROLE, POLICY, LINKED = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::ServiceLinkedRole"
_create_role, _update_role = (original(ROLE, handler) for handler in ("create", "update"))
_create_policy = original(POLICY, "create")
_create, _update, _delete = (original(PROFILE, handler) for handler in ("create", "update", "delete"))


def _taken(resource_type: str, identifier: str) -> ValueError:
    return ValueError(
        f"Resource handler returned message: \"Resource of type '{resource_type}' with identifier '{identifier}' "
        'already exists." (HandlerErrorCode: AlreadyExists)'
    )


def _keep_boundary(name: str, properties: Properties) -> None:
    on_loop(lambda: iam.roles[name].update(PermissionsBoundary=properties.get("PermissionsBoundary")))


def create_role(logical_id: str, properties: Properties, stack: str) -> Made:
    """Ministack's role with its permissions boundary, which ministack ignores in templates."""
    name = properties.get("RoleName", "")
    if name and on_loop(lambda: name in iam.roles):
        raise _taken(ROLE, name)
    made: Made = _create_role(logical_id, properties, stack)
    _keep_boundary(made[0], properties)
    return made


def update_role(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update_role(physical_id, old, new, stack, logical_id)
    _keep_boundary(made[0], new)
    return made


def create_policy(logical_id: str, properties: Properties, stack: str) -> Made:
    name, path = properties.get("ManagedPolicyName", ""), properties.get("Path", "/")
    arn = f"arn:aws:iam::{get_account_id()}:policy{path}{name}"
    if name and on_loop(lambda: arn in iam.policies):
        raise _taken(POLICY, name)
    made: Made = _create_policy(logical_id, properties, stack)
    return made


def create_linked_role(_logical_id: str, properties: Properties, _stack: str) -> Made:
    role = api("iam").create_service_linked_role(AWSServiceName=properties["AWSServiceName"])["Role"]
    return role["RoleName"], {"RoleName": role["RoleName"]}


def delete_linked_role(physical_id: str, _properties: Properties) -> None:
    api("iam").delete_service_linked_role(RoleName=physical_id)


def _named_as_on_aws(ministacks: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """CreateServiceLinkedRole with the role's real name, which ministack derives from the service's."""

    def create(params: Any) -> Answer:
        service = str(iam.p(params, "AWSServiceName"))
        real = LINKED_ROLES.get(service, "")
        if real in iam.roles:
            text = f"Service role name {real} has been taken in this account, please try a different suffix."  # word-list: allow - AWS's own sentence
            taken: Answer = iam.error(400, "InvalidInput", text, ns="iam")
            return taken
        status, headers, body = ministacks(params)
        if real and status == 200:  # noqa: PLR2004
            made = next(name for name, role in iam.roles.items() if role["Path"] == f"/aws-service-role/{service}/")
            record = iam.roles.pop(made)
            iam.roles[real] = {**record, "RoleName": real, "Arn": record["Arn"].rpartition("/")[0] + f"/{real}"}
            body = body.replace(made.encode(), real.encode())
        return status, headers, body

    return create


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
    resource_type(ROLE, create=create_role, update=update_role)
    resource_type(POLICY, create=create_policy)
    resource_type(LINKED, create=create_linked_role, delete=delete_linked_role)
    iam.IAM_HANDLERS["CreateServiceLinkedRole"] = _named_as_on_aws(iam.IAM_HANDLERS["CreateServiceLinkedRole"])
    resource_type("AWS::IAM::OIDCProvider", create=create_oidc_provider, delete=delete_oidc_provider, tags=LIST)
    resource_type(
        "AWS::IAM::RolePolicy", create=create_role_policy, delete=delete_role_policy, update=update_role_policy
    )
    resource_type(PROFILE, create=create_profile, update=update_profile, delete=delete_profile)
