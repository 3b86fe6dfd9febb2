"""What CloudFormation does with a stack over time: levels of resources, the first failure,
rollback, deletion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.template.dependencies import dependency_levels
from tests.scripted_aws.cloud import Cloud, Resource, ScriptedStack

BUCKET = "AWS::S3::Bucket"
VAULT = "AWS::Backup::BackupVault"
NEEDS_EMPTY_NETWORK = ("AWS::EC2::SecurityGroup", "AWS::EC2::Subnet")


class Formation:
    """One stack's life on one cloud."""

    def __init__(self, cloud: Cloud, stack: ScriptedStack) -> None:
        self.cloud, self.stack = cloud, stack
        self.template: Mapping[str, Any] = json.loads(stack.spec.body)["Resources"]
        self.waves = dependency_levels(stack.spec.body)

    # Creation

    def create(self) -> None:
        self.cloud.event(self.stack, None)
        self._wave(0)

    def _wave(self, number: int) -> None:
        if self.stack.status != "CREATE_IN_PROGRESS":
            return
        if number == len(self.waves):
            self.cloud.set_status(self.stack, "CREATE_COMPLETE")
            return
        for name in self.waves[number]:
            resource = Resource(name, "", self.template[name]["Type"], "CREATE_IN_PROGRESS")
            self.stack.resources[name] = resource
            self.cloud.event(self.stack, resource)
            resource.physical_id = self._physical(resource)
            resource.reason = "Resource creation Initiated"
            self.cloud.event(self.stack, resource)
        self.cloud.later(self.cloud.resource_seconds, lambda: self._wave_ends(number))

    def _wave_ends(self, number: int) -> None:
        if self.stack.status != "CREATE_IN_PROGRESS":
            return
        resources = [self.stack.resources[name] for name in self.waves[number]]
        for resource in resources:
            if (reason := self._code_missing(resource)) is not None:
                self.cloud.fail_create[resource.logical_id] = [reason]
        failing = [resource for resource in resources if self.cloud.fail_create.get(resource.logical_id)]
        if failing:
            self._fail(failing[0], resources)
            return
        for resource in resources:
            resource.status, resource.reason = "CREATE_COMPLETE", ""
            self.cloud.bear(self.stack, resource)
            self.cloud.event(self.stack, resource)
        self._wave(number + 1)

    def _code_missing(self, resource: Resource) -> str | None:
        """Lambda reads its code from a bucket of its own region when it is created, as it is at
        that moment.
        """
        code = self.template[resource.logical_id].get("Properties", {}).get("Code", {})
        if "S3Key" not in code:
            return None
        place = self.stack.place
        bucket = code["S3Bucket"]
        if isinstance(bucket, dict):
            text = bucket["Fn::Sub"].replace("${AWS::AccountId}", place.account_id)
            bucket = text.replace("${AWS::Region}", place.region)
        known = (place, bucket, code["S3Key"]) in self.cloud.artefacts
        return None if known else f"Error occurred while GetObject. S3 Error Code: NoSuchKey ({bucket}/{code['S3Key']})"

    def _fail(self, failing: Resource, wave: Sequence[Resource]) -> None:
        failing.status = "CREATE_FAILED"
        failing.reason = self.cloud.fail_create[failing.logical_id].pop(0)
        self.cloud.event(self.stack, failing)
        for other in wave:
            if other is not failing:
                other.status, other.reason = "CREATE_FAILED", "Resource creation cancelled"
                self.cloud.event(self.stack, other)
        self.cloud.set_status(
            self.stack, "ROLLBACK_IN_PROGRESS", f"The following resource(s) failed to create: [{failing.logical_id}]."
        )
        self.cloud.later(self.cloud.resource_seconds, self._rolled_back)

    def _rolled_back(self) -> None:
        if self.cloud.fail_rollback:
            self.cloud.set_status(self.stack, "ROLLBACK_FAILED", "Something could not be undone.")
            return
        for resource in reversed(self.stack.resources.values()):
            keeps = self.template[resource.logical_id].get("DeletionPolicy") in ("Retain", "Snapshot")
            if keeps and resource.status == "CREATE_COMPLETE":
                self._mark(resource, "DELETE_SKIPPED")
            else:
                self._gone(resource)
        self.cloud.set_status(self.stack, "ROLLBACK_COMPLETE")

    def resume(self) -> None:
        """Go on with what was under way when the cloud was written to a file."""
        following = {"ROLLBACK_IN_PROGRESS": self._rolled_back, "DELETE_IN_PROGRESS": self._delete_all}
        if self.stack.status == "CREATE_IN_PROGRESS":
            done = {name for name, item in self.stack.resources.items() if item.status == "CREATE_COMPLETE"}
            number = next(number for number, wave in enumerate(self.waves) if not done.issuperset(wave))
            self.cloud.later(self.cloud.resource_seconds, lambda: self._wave_ends(number))
        elif self.stack.status in following:
            self.cloud.later(self.cloud.resource_seconds, following[self.stack.status])

    # Deletion

    def delete(self) -> None:
        self.cloud.set_status(self.stack, "DELETE_IN_PROGRESS", "User Initiated")
        self.cloud.later(self.cloud.resource_seconds, self._delete_all)

    def _delete_all(self) -> None:
        failed = []
        for wave in reversed(self.waves):
            for name in wave:
                resource = self.stack.resources.get(name)
                if resource is None or resource.status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
                    continue
                if (reason := self._keeps(resource)) is not None:
                    self._mark(resource, "DELETE_FAILED", reason)
                    failed.append(name)
                elif self._policy(resource) in ("Retain", "RetainExceptOnCreate"):
                    self._mark(resource, "DELETE_SKIPPED")
                else:
                    self._gone(resource)
        if failed:
            self.cloud.set_status(self.stack, "DELETE_FAILED", f"The following resource(s) failed to delete: {failed}.")
        else:
            self.cloud.set_status(self.stack, "DELETE_COMPLETE")

    def _policy(self, resource: Resource) -> str:
        return str(self.template[resource.logical_id].get("DeletionPolicy", "Delete"))

    def _keeps(self, resource: Resource) -> str | None:
        if scripted := self.cloud.fail_delete.get(resource.logical_id):
            return scripted.pop(0)
        if self._policy(resource).startswith("Retain"):
            return None
        if resource.type in (BUCKET, VAULT) and self._holds_data(resource):
            return f"The {'bucket' if resource.type == BUCKET else 'vault'} you tried to delete is not empty"
        if resource.type in NEEDS_EMPTY_NETWORK and self.cloud.interfaces.get(resource.logical_id, 0) > 0:
            return f"resource {resource.physical_id} has a dependent object"
        if resource.physical_id in self.cloud.protected:
            return "Cannot delete protected resource: deletion protection is on"
        return None

    def _holds_data(self, resource: Resource) -> bool:
        held = self.cloud.objects if resource.type == BUCKET else self.cloud.recovery_points
        return held[resource.physical_id] > 0

    def _mark(self, resource: Resource, status: str, reason: str = "") -> None:
        resource.status, resource.reason = status, reason
        self.cloud.event(self.stack, resource)

    def _gone(self, resource: Resource) -> None:
        if self._policy(resource) == "Snapshot":
            arn = self._snapshot_arn(resource)
            snapshot = Resource(resource.logical_id, arn, "snapshot", "CREATE_COMPLETE")
            self.cloud.bear(self.stack, snapshot)
        self.cloud.end(self.stack, resource)
        self._mark(resource, "DELETE_COMPLETE")

    def _snapshot_arn(self, resource: Resource) -> str:
        """Named for what it is of, but for a volume's, which has a number only."""
        place = self.stack.place
        if resource.type == "AWS::EC2::Volume":
            return f"arn:aws:ec2:{place.region}::snapshot/snap-{self.cloud.number()}"
        service = "elasticache" if "ElastiCache" in resource.type else "rds"
        return f"arn:aws:{service}:{place.region}:{place.account_id}:snapshot:{self.stack.spec.name}-{resource.physical_id}"

    def _physical(self, resource: Resource) -> str:
        place, name, number = self.stack.place, self.stack.spec.name, self.cloud.number()
        if resource.type == BUCKET:
            named = self.template[resource.logical_id].get("Properties", {}).get("BucketName")
            return named if isinstance(named, str) else f"{name}-{resource.logical_id.lower()}-{number}"
        if resource.type == "AWS::ECS::Service":
            return f"arn:aws:ecs:{place.region}:{place.account_id}:service/{name}/{resource.logical_id}-{number}"
        return f"{resource.logical_id.lower()}-{number}"
