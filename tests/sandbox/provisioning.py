"""Creates a design's stacks as the engine does: artefacts first, then each stack in order, outputs
passed on as parameters. All calls are made as role/portal; CloudFormation acts as the team's role.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from provisioning.aws.onboarding import artefact_bucket
from provisioning.template.compile import CompiledDesign, CompiledTemplate
from tests.fixtures.sandbox import Sandbox
from tests.sandbox.finders import find
from tests.sandbox.finders_by_properties import resolved
from tests.support.linting import SCHEMAS
from tests.support.onboarded import OnboardedAccount

PARENT_MANAGED = ("AWS::CloudFormation::WaitConditionHandle",)
"""Nothing but a pre-signed address: there is no service call that finds it, on AWS neither."""


ZONE_ARN = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
"""The hosted zone of the blueprints' examples, listed for the team as an administrator lists it."""
WORLD_REGION = "us-east-1"
"""Where the tagging API tells of CloudFront's and Route 53's resources."""
UNLISTED = ("AWS::IAM::", "AWS::ApplicationAutoScaling::")
"""Taggable, but not among what the tagging API lists (supported-services page of its reference)."""


@cache
def is_listed(resource_type: str) -> bool:
    """Whether CloudFormation puts a stack's tags on the type, by its schema, and the tagging API
    lists it.
    """
    index = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    schema = json.loads((SCHEMAS / "resources" / f"{index[resource_type]}.json").read_text())
    return bool(schema.get("tagging", {}).get("taggable")) and not resource_type.startswith(UNLISTED)


@dataclass
class Provisioned:
    """All stacks of one design in one account, and everything that they made."""

    sandbox: Sandbox
    design: CompiledDesign
    name: str
    onboarded: OnboardedAccount
    resources: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By stack key and logical id, as ListStackResources shows them."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return self.onboarded.account_id

    def client(self, service: str, stack: CompiledTemplate) -> Any:
        return self.onboarded.client(service, stack.region)

    def stack_name(self, stack: CompiledTemplate) -> str:
        return f"{self.name}-{stack.stack}"

    @property
    def stack_role(self) -> str:
        team_key = self.design.main.tags["portal:team"]
        return self.onboarded.onboard_team(team_key, self.design.main.region, HostedZones=ZONE_ARN)

    def create(self) -> None:
        for stack in self.design.stacks:
            self.onboarded.onboard(stack.region)
            self._put_artefacts(stack)
            self.outputs[stack.stack] = self._create_stack(stack)

    def _put_artefacts(self, stack: CompiledTemplate) -> None:
        s3 = self.client("s3", stack)
        bucket = self._bucket(stack)
        for artefact in stack.artefacts:
            s3.put_object(Bucket=bucket, Key=artefact.key, Body=artefact.body)

    def _bucket(self, stack: CompiledTemplate) -> str:
        return artefact_bucket(self.account, stack.region)

    def _create_stack(self, stack: CompiledTemplate) -> dict[str, str]:
        name, place = self.stack_name(stack), {"region": stack.region, "account": self.account}
        handed = {item.parameter: self.outputs[item.stack][item.output] for item in stack.inputs}
        values = {**stack.parameters, **handed}
        bucket, key = self._bucket(stack), f"templates/{name}.json"
        self.client("s3", stack).put_object(Bucket=bucket, Key=key, Body=stack.body.encode())
        self.client("cloudformation", stack).create_stack(
            StackName=name,
            TemplateURL=f"https://{bucket}.s3.{stack.region}.amazonaws.com/{key}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            RoleARN=self.stack_role,
        )
        status = self.sandbox.wait_stack(name, **place)
        failures = [
            (event["LogicalResourceId"], event.get("ResourceStatusReason"))
            for event in self.sandbox.events(name, **place)
            if "FAILED" in event["ResourceStatus"]
        ]
        assert status == "CREATE_COMPLETE", (failures, self.onboarded.denials())
        self.resources[stack.stack] = self._listed(stack)
        described = self.sandbox.stack(name, **place).get("Outputs") or []
        return {item["OutputKey"]: item["OutputValue"] for item in described}

    def _listed(self, stack: CompiledTemplate) -> dict[str, dict[str, Any]]:
        pages = (
            self.client("cloudformation", stack)
            .get_paginator("list_stack_resources")
            .paginate(StackName=self.stack_name(stack))
        )
        return {item["LogicalResourceId"]: item for page in pages for item in page["StackResourceSummaries"]}

    def missing(self) -> list[str]:
        """What the stacks list and the resource's own service doesn't show."""
        return [line for line, found in self._looked_for() if not found]

    def left(self) -> list[str]:
        """What the resources' own services still show."""
        return [line for line, found in self._looked_for() if found]

    def _looked_for(self) -> list[tuple[str, bool]]:
        answers = []
        for stack in self.design.stacks:
            definitions = json.loads(stack.body)["Resources"]
            physical_ids = {
                **{item.parameter: self.outputs[item.stack][item.output] for item in stack.inputs},
                **{name: item["PhysicalResourceId"] for name, item in self.resources.get(stack.stack, {}).items()},
            }
            for logical_id, item in self.resources.get(stack.stack, {}).items():
                kind, physical = item["ResourceType"], item["PhysicalResourceId"]
                if kind in PARENT_MANAGED:
                    continue
                properties = resolved(definitions[logical_id].get("Properties") or {}, physical_ids)
                place = {"region": stack.region, "account": self.account}
                shown = find(self.sandbox, kind, physical, **place, properties=properties)
                answers.append((f"{stack.stack}: {logical_id} ({kind}): {physical}", bool(shown)))
        return answers

    def drifted(self) -> list[str]:
        """What a drift detection right after the creation reports."""
        lines = []
        for stack in self.design.stacks:
            name, client = self.stack_name(stack), self.client("cloudformation", stack)
            detection = client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
            while (status := self._detection(client, detection)) == "DETECTION_IN_PROGRESS":
                time.sleep(0.05)
            assert status == "DETECTION_COMPLETE", status
            drifts = client.describe_stack_resource_drifts(
                StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
            )
            lines += [
                f"{stack.stack}: {drift['LogicalResourceId']}: {drift['StackResourceDriftStatus']} "
                f"{[difference['PropertyPath'] for difference in drift['PropertyDifferences']]}"
                for drift in drifts["StackResourceDrifts"]
            ]
        return lines

    @staticmethod
    def _detection(client: Any, detection: str) -> str:
        status = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)["DetectionStatus"]
        return str(status)

    def untagged(self) -> list[str]:
        """Taggable resources (AWS's schemas say which types are) that the tagging API doesn't find
        by the design's tag.
        """
        value = self.design.main.tags["portal:environment"]
        lines = []
        for stack in self.design.stacks:
            items = self._listed_with(value, stack.region)
            if stack.region != WORLD_REGION:
                items += self._listed_with(value, WORLD_REGION)
            names = {tag["Value"] for item in items for tag in item["Tags"] if tag["Key"].endswith(":logical-id")}
            arns = [item["ResourceARN"] for item in items]
            lines += [
                f"{stack.stack}: {name} ({item['ResourceType']}): {item['PhysicalResourceId']}"
                for name, item in self.resources[stack.stack].items()
                if is_listed(item["ResourceType"])
                and name not in names
                and not any(arn.endswith(item["PhysicalResourceId"]) for arn in arns)
            ]
        return lines

    def _listed_with(self, value: str, region: str) -> list[dict[str, Any]]:
        client = self.sandbox.client("resourcegroupstaggingapi", region, self.account)
        wanted = [{"Key": "portal:environment", "Values": [value]}]
        pages = client.get_paginator("get_resources").paginate(TagFilters=wanted)
        return [item for page in pages for item in page["ResourceTagMappingList"]]

    def tear_down(self) -> None:
        """In reverse order; content and protection that block a deletion are removed first, as the
        engine does.
        """
        for stack in reversed(self.design.stacks):
            self._lift_protection(stack)
            name, place = self.stack_name(stack), {"region": stack.region, "account": self.account}
            stack_id = self.sandbox.stack(name, **place)["StackId"]
            self.client("cloudformation", stack).delete_stack(StackName=stack_id, RoleARN=self.stack_role)
            status = self.sandbox.wait_stack(stack_id, **place)
            reason = self.sandbox.stack(stack_id, **place).get("StackStatusReason")
            if status != "DELETE_COMPLETE":
                pytest.fail(f"{name} is {status}: {reason}\n{self.onboarded.denials()}")

    def _lift_protection(self, stack: CompiledTemplate) -> None:
        for item in self.resources[stack.stack].values():
            kind, physical = item["ResourceType"], item["PhysicalResourceId"]
            if kind == "AWS::RDS::DBInstance":
                self.client("rds", stack).modify_db_instance(DBInstanceIdentifier=physical, DeletionProtection=False)
            elif kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
                self.client("elbv2", stack).modify_load_balancer_attributes(LoadBalancerArn=physical, Attributes=off)

    def kept(self) -> set[str]:
        """The logical ids that their DeletionPolicy keeps, whole."""
        definitions = [json.loads(stack.body)["Resources"] for stack in self.design.stacks]
        return {
            name
            for resources in definitions
            for name, definition in resources.items()
            if str(definition.get("DeletionPolicy", "")).startswith("Retain")
        }
