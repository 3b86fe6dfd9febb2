"""Types of smaller services: WAF, Application Auto Scaling, Backup, Budgets, Amazon MQ."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list
from provisioning.sandbox.private import get_account_id
from provisioning.sandbox.resources.registry import Made, physical_name, resource_type

LIST = ("Tags", "list")


def create_acl_association(_logical_id: str, properties: Properties, _stack: str) -> Made:
    api("wafv2").associate_web_acl(WebACLArn=properties["WebACLArn"], ResourceArn=properties["ResourceArn"])
    return f"{properties['WebACLArn']}|{properties['ResourceArn']}", {}


def delete_acl_association(_physical_id: str, properties: Properties) -> None:
    api("wafv2").disassociate_web_acl(ResourceArn=properties["ResourceArn"])


def create_acl_logging(_logical_id: str, properties: Properties, _stack: str) -> Made:
    api("wafv2").put_logging_configuration(LoggingConfiguration=properties)
    return properties["ResourceArn"], {"ManagedByFirewallManager": "false"}


def update_acl_logging(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return create_acl_logging(logical_id, new, stack)


def delete_acl_logging(physical_id: str, _properties: Properties) -> None:
    api("wafv2").delete_logging_configuration(ResourceArn=physical_id)


def register_target(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("application-autoscaling", "RegisterScalableTarget", properties)
    api("application-autoscaling").register_scalable_target(**wanted)
    target_id = f"{wanted['ResourceId']}|{wanted['ScalableDimension']}|{wanted['ServiceNamespace']}"
    return target_id, {"Id": target_id}


def update_target(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return register_target(logical_id, new, stack)


def _target(target_id: str) -> dict[str, str]:
    resource_id, dimension, namespace = target_id.split("|")
    return {"ResourceId": resource_id, "ScalableDimension": dimension, "ServiceNamespace": namespace}


def deregister_target(physical_id: str, _properties: Properties) -> None:
    api("application-autoscaling").deregister_scalable_target(**_target(physical_id))


def _policy_target(properties: Properties) -> dict[str, str]:
    if properties.get("ScalingTargetId"):
        return _target(properties["ScalingTargetId"])
    return {name: properties[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")}


def put_scaling_policy(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("application-autoscaling", "PutScalingPolicy", properties)
    arn = api("application-autoscaling").put_scaling_policy(**{**wanted, **_policy_target(properties)})["PolicyARN"]
    return arn, {"Arn": arn, "PolicyName": properties["PolicyName"]}


def update_scaling_policy(_physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    return put_scaling_policy(logical_id, new, stack)


def delete_scaling_policy(_physical_id: str, properties: Properties) -> None:
    try:
        api("application-autoscaling").delete_scaling_policy(
            PolicyName=properties["PolicyName"], **_policy_target(properties)
        )
    except ClientError as error:
        if not refused(error, "ObjectNotFoundException"):
            raise


def create_backup_selection(_logical_id: str, properties: Properties, _stack: str) -> Made:
    plan = properties["BackupPlanId"]
    answer = api("backup").create_backup_selection(BackupPlanId=plan, BackupSelection=properties["BackupSelection"])
    selection = answer["SelectionId"]
    return f"{selection}_{plan}", {"Id": f"{selection}_{plan}", "SelectionId": selection, "BackupPlanId": plan}


def delete_backup_selection(physical_id: str, properties: Properties) -> None:
    selection = physical_id.removesuffix(f"_{properties['BackupPlanId']}")
    api("backup").delete_backup_selection(BackupPlanId=properties["BackupPlanId"], SelectionId=selection)


def create_budget(logical_id: str, properties: Properties, stack: str) -> Made:
    wanted = arguments("budgets", "CreateBudget", properties, AccountId=get_account_id())
    wanted["Budget"].setdefault("BudgetName", physical_name(stack, logical_id, 100))
    api("budgets").create_budget(**wanted)
    return wanted["Budget"]["BudgetName"], {}


def delete_budget(physical_id: str, _properties: Properties) -> None:
    api("budgets").delete_budget(AccountId=get_account_id(), BudgetName=physical_id)


def create_broker(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("mq", "CreateBroker", {k: v for k, v in properties.items() if k != "Tags"})
    wanted["Tags"] = {tag["Key"]: tag["Value"] for tag in tag_list(properties)}
    answer = api("mq").create_broker(**wanted)
    instances: list[dict[str, Any]] = (
        api("mq").describe_broker(BrokerId=answer["BrokerId"]).get("BrokerInstances") or []
    )
    endpoints = [endpoint for instance in instances for endpoint in instance.get("Endpoints", [])]
    consoles = [instance.get("ConsoleURL", "") for instance in instances]
    return answer["BrokerId"], {"Arn": answer["BrokerArn"], "AmqpEndpoints": endpoints, "ConsoleURLs": consoles}


def delete_broker(physical_id: str, _properties: Properties) -> None:
    api("mq").delete_broker(BrokerId=physical_id)


def register() -> None:
    resource_type("AWS::WAFv2::WebACLAssociation", create=create_acl_association, delete=delete_acl_association)
    resource_type(
        "AWS::WAFv2::LoggingConfiguration",
        create=create_acl_logging,
        delete=delete_acl_logging,
        update=update_acl_logging,
    )
    resource_type(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        create=register_target,
        delete=deregister_target,
        update=update_target,
    )
    resource_type(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        create=put_scaling_policy,
        delete=delete_scaling_policy,
        update=update_scaling_policy,
    )
    resource_type("AWS::Backup::BackupSelection", create=create_backup_selection, delete=delete_backup_selection)
    resource_type("AWS::Budgets::Budget", create=create_budget, delete=delete_budget)
    resource_type("AWS::AmazonMQ::Broker", create=create_broker, delete=delete_broker, tags=LIST)
