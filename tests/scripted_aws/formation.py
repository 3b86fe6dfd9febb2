"""What CloudFormation does with a stack over time: levels of resources, the first failure,
rollback, deletion. `update.py` continues with changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from provisioning.template.dependencies import dependency_levels
from tests.scripted_aws.cloud import Cloud, Resource, ScriptedStack
from tests.scripted_aws.schemas import schema_of
from tests.scripted_aws.stack_state import template_of

BUCKET = "AWS::S3::Bucket"
VAULT = "AWS::Backup::BackupVault"
NEEDS_EMPTY_NETWORK = ("AWS::EC2::SecurityGroup", "AWS::EC2::Subnet")
GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")


class Formation:
    """One stack's life on one cloud."""

    def __init__(self, cloud: Cloud, stack: ScriptedStack) -> None:
        self.cloud, self.stack = cloud, stack
        if not stack.rendered:
            stack.rendered = template_of(cloud, stack.place, stack.spec).resources
        self.waves = self.levels()

    def levels(self) -> list[list[str]]:
        """Of the resources whose conditions hold, in the order of their creation."""
        levels = [
            [name for name in wave if name in self.stack.rendered] for wave in dependency_levels(self.stack.spec.body)
        ]
        return [wave for wave in levels if wave]

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do it later, unless another operation of CloudFormation has begun by then."""
        operation_id, status = self.stack.operation_id, self.stack.status

        def still() -> None:
            if (self.stack.operation_id, self.stack.status) == (operation_id, status):
                what()

        self.cloud.later(seconds, still)

    # Creation

    def create(self) -> None:
        self.cloud.remember(self.stack)
        self.cloud.event(self.stack, None)
        self._wave(0)

    def _wave(self, number: int) -> None:
        if number == len(self.waves):
            self.cloud.set_status(self.stack, "CREATE_COMPLETE")
            return
        for name in self.waves[number]:
            self.begin(name)
        self.after(self.cloud.resource_seconds, lambda: self._wave_ends(number))

    def begin(self, name: str) -> Resource:
        resource = Resource(name, "", self.stack.rendered[name].type, "CREATE_IN_PROGRESS")
        self.stack.resources[name] = resource
        self.cloud.event(self.stack, resource)
        resource.physical_id = self._physical(resource)
        resource.properties = self.stack.rendered[name].properties
        resource.reason = "Resource creation Initiated"
        self.cloud.event(self.stack, resource)
        return resource

    def _wave_ends(self, number: int) -> None:
        resources = [self.stack.resources[name] for name in self.waves[number]]
        for resource in resources:
            if (reason := self.code_missing(resource)) is not None:
                self.cloud.fail_create[resource.logical_id] = [reason]
        failing = [resource for resource in resources if self.cloud.fail_create.get(resource.logical_id)]
        if failing:
            self._fail(failing[0], resources)
            return
        for resource in resources:
            self.born(resource)
        self._wave(number + 1)

    def born(self, resource: Resource) -> None:
        resource.status, resource.reason = "CREATE_COMPLETE", ""
        self.cloud.bear(self.stack, resource)
        self.cloud.event(self.stack, resource)

    def code_missing(self, resource: Resource) -> str | None:
        """Lambda reads its code from a bucket of its own region when it is created, as it is at
        that moment.
        """
        code = self.stack.rendered[resource.logical_id].properties.get("Code", {})
        if "S3Key" not in code:
            return None
        known = (self.stack.place, code["S3Bucket"], code["S3Key"]) in self.cloud.artefacts
        return (
            None
            if known
            else f"Error occurred while GetObject. S3 Error Code: NoSuchKey ({code['S3Bucket']}/{code['S3Key']})"
        )

    def _fail(self, failing: Resource, wave: Sequence[Resource]) -> None:
        failing.status = "CREATE_FAILED"
        failing.reason = self.cloud.fail_create[failing.logical_id].pop(0)
        self.cloud.event(self.stack, failing)
        for other in wave:
            if other is not failing:
                other.status, other.reason = "CREATE_FAILED", "Resource creation cancelled"
                self.cloud.event(self.stack, other)
        reason = f"The following resource(s) failed to create: [{failing.logical_id}]."
        if self.stack.disable_rollback:
            self.cloud.set_status(self.stack, "CREATE_FAILED", reason)
        else:
            self.roll_back(reason)

    def roll_back(self, reason: str) -> None:
        self.cloud.set_status(self.stack, "ROLLBACK_IN_PROGRESS", reason)
        self.after(self.cloud.resource_seconds, self._rolled_back)

    def _rolled_back(self) -> None:
        if self.cloud.fail_rollback:
            self.cloud.set_status(self.stack, "ROLLBACK_FAILED", "Something could not be undone.")
            return
        for resource in reversed(self.stack.resources.values()):
            if resource.status == "DELETE_COMPLETE":
                continue
            keeps = self.policy(resource) in ("Retain", "Snapshot")
            if keeps and self.cloud.lives(self.stack, resource):
                self.mark(resource, "DELETE_SKIPPED")
            else:
                self.gone(resource)
        self.cloud.set_status(self.stack, "ROLLBACK_COMPLETE")

    def resume(self) -> None:
        """Go on with what was under way when the cloud was written to a file."""
        following = {"ROLLBACK_IN_PROGRESS": self._rolled_back, "DELETE_IN_PROGRESS": self._delete_all}
        if self.stack.status == "CREATE_IN_PROGRESS":
            done = {name for name, item in self.stack.resources.items() if item.status == "CREATE_COMPLETE"}
            number = next(number for number, wave in enumerate(self.waves) if not done.issuperset(wave))
            self.after(self.cloud.resource_seconds, lambda: self._wave_ends(number))
        elif self.stack.status in following:
            self.after(self.cloud.resource_seconds, following[self.stack.status])

    # Deletion

    def delete(self, *, retain: Collection[str] = (), force: bool = False) -> None:
        before = self.stack.status, self.stack.reason
        self.cloud.set_status(self.stack, "DELETE_IN_PROGRESS", "User Initiated")
        self.after(self.cloud.resource_seconds, lambda: self._delete_all(before, retain, force=force))

    def _delete_all(
        self, before: tuple[str, str] = ("", ""), retain: Collection[str] = (), *, force: bool = False
    ) -> None:
        if reasons := self.cloud.turns_back.get(self.stack.spec.name):
            status, _ = before
            self.cloud.set_status(self.stack, status, reasons.pop(0))
            return
        failed = [name for name in self._in_order_of_deletion() if not self._delete_one(name, retain, force=force)]
        if failed:
            self.cloud.set_status(self.stack, "DELETE_FAILED", f"The following resource(s) failed to delete: {failed}.")
        else:
            self.cloud.set_status(self.stack, "DELETE_COMPLETE")

    def _in_order_of_deletion(self) -> list[str]:
        """Including what an update that failed has left in the stack."""
        planned = [name for wave in reversed(self.waves) for name in wave]
        return [*planned, *(name for name in self.stack.resources if name not in planned)]

    def _delete_one(self, name: str, retain: Collection[str], *, force: bool) -> bool:
        resource = self.stack.resources.get(name)
        if resource is None or resource.status in GONE:
            return True
        if name in retain:
            self.mark(resource, "DELETE_SKIPPED")
        elif (reason := self.keeps(resource, self.policy(resource))) is not None:
            self.mark(resource, "DELETE_SKIPPED" if force else "DELETE_FAILED", reason)
            return force
        elif self.policy(resource) in ("Retain", "RetainExceptOnCreate"):
            self.mark(resource, "DELETE_SKIPPED")
        else:
            self.gone(resource)
        return True

    def policy(self, resource: Resource) -> str:
        rendered = self.stack.rendered.get(resource.logical_id)
        return rendered.deletion_policy if rendered else "Delete"

    def keeps(self, resource: Resource, policy: str) -> str | None:
        """Why it cannot be deleted now."""
        if scripted := self.cloud.fail_delete.get(resource.logical_id):
            return scripted.pop(0)
        if policy.startswith("Retain"):
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

    def mark(self, resource: Resource, status: str, reason: str = "") -> None:
        resource.status, resource.reason = status, reason
        self.cloud.event(self.stack, resource)

    def gone(self, resource: Resource, policy: str | None = None) -> None:
        if (policy or self.policy(resource)) == "Snapshot" and self.cloud.lives(self.stack, resource):
            arn = self._snapshot_arn(resource)
            snapshot = Resource(resource.logical_id, arn, "snapshot", "CREATE_COMPLETE")
            self.cloud.bear(self.stack, snapshot)
        self.cloud.end(self.stack, resource)
        self.mark(resource, "DELETE_COMPLETE")

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
            named = self.stack.rendered[resource.logical_id].properties.get("BucketName")
            return named if isinstance(named, str) else f"{name}-{resource.logical_id.lower()}-{number}"
        if resource.type == "AWS::SSM::Parameter" and (stated := self.custom_name(resource.logical_id)):
            return stated
        if resource.type == "AWS::ECS::Service":
            return f"arn:aws:ecs:{place.region}:{place.account_id}:service/{name}/{resource.logical_id}-{number}"
        return f"{resource.logical_id.lower()}-{number}"

    def custom_name(self, name: str) -> str:
        """The name that the template gives the resource in AWS, if it does."""
        rendered = self.stack.rendered[name]
        stated = rendered.properties.get(schema_of(rendered.type).name_property)
        return stated if isinstance(stated, str) else ""
