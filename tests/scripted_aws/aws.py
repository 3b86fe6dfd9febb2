"""`provisioning.aws.interface.Aws` for one account and region of a scripted cloud."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from provisioning.aws import AlreadyExists, NotFound, ValidationFailed, WrongStatus, aws_type, interface
from tests.scripted_aws.cloud import Cloud, Living, Place, ScriptedStack, Task
from tests.scripted_aws.formation import Formation
from tests.scripted_aws.reads import ScriptedReads

# Resources that cannot be queried alone, because they are part of another one.
UNASKABLE = ("Attachment", "Association", "Route", "Policy", "Ingress", "Egress", "Target")
# ECS's own limit for the client token of RunTask.
TASK_TOKEN_LIMIT = 64
TOKEN_LIMIT = 128


class ScriptedAws:
    def __init__(self, cloud: Cloud, access: interface.AccountAccess) -> None:
        self.cloud, self.access = cloud, access
        self.place = Place(access.account_id, access.region)
        self.reads = ScriptedReads(cloud.faults, cloud.script(self.place))

    def verify(self) -> None:
        with self.cloud.faults.around("verify"):
            pass

    # CloudFormation

    def create_stack(self, spec: interface.StackSpec, *, token: str) -> str:
        with self.cloud.faults.around("create_stack"):
            self.cloud.settle()
            assert len(token) <= TOKEN_LIMIT
            existing = self.cloud.stack_called(self.place, spec.name)
            if existing is not None:
                if existing.token != token:
                    raise AlreadyExists(f"Stack [{spec.name}] already exists")
                return existing.stack_id
            self._check_parameters(spec)
            return self._make(spec, token).stack_id

    def _check_parameters(self, spec: interface.StackSpec) -> None:
        """As CloudFormation does: all that have no default are given, and no others."""
        declared = json.loads(spec.body).get("Parameters", {})
        needed = {name for name, parameter in declared.items() if "Default" not in parameter}
        if missing := needed - set(spec.parameters):
            raise ValidationFailed(f"Parameters: {sorted(missing)} must have values")
        if unknown := set(spec.parameters) - set(declared):
            raise ValidationFailed(f"Parameters: {sorted(unknown)} do not exist in the template")

    def _make(self, spec: interface.StackSpec, token: str) -> ScriptedStack:
        number = self.cloud.number()
        stack = ScriptedStack(
            place=self.place,
            stack_id=f"arn:aws:cloudformation:{self.place.region}:{self.place.account_id}:stack/{spec.name}/{number}",
            spec=spec,
            token=token,
            created_at=self.cloud.clock.now(),
            protected=spec.termination_protection,
            role_arn=self.access.stack_role_arn,
        )
        self.cloud.stacks.append(stack)
        self.cloud.creates[token] += 1
        Formation(self.cloud, stack).create()
        return stack

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        assert not retain
        assert len(token) <= TOKEN_LIMIT
        with self.cloud.faults.around("delete_stack"):
            self.cloud.settle()
            stack = self._stack(stack_id)
            if stack.protected:
                raise WrongStatus(f"Stack [{stack.spec.name}] cannot be deleted while TerminationProtection is enabled")
            if stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS") or token in stack.delete_tokens:
                return
            if stack.status.endswith("_IN_PROGRESS") and not stack.status.startswith("REVIEW"):
                raise WrongStatus(f"Stack [{stack.spec.name}] is in {stack.status}")
            stack.delete_tokens.add(token)
            stack.delete_role_arns.append(self.access.stack_role_arn)
            Formation(self.cloud, stack).delete()

    def _stack(self, name_or_id: str) -> ScriptedStack:
        stack = self.cloud.stack_called(self.place, name_or_id)
        if stack is None:
            raise NotFound(f"Stack with id {name_or_id} does not exist")
        return stack

    def describe_stack(self, name_or_id: str) -> interface.StackState | None:
        with self.cloud.faults.around("describe_stack"):
            self.cloud.settle()
            stack = self.cloud.stack_called(self.place, name_or_id)
            if stack is None or self.cloud.clock.now() < stack.created_at + timedelta(
                seconds=self.cloud.invisible_seconds
            ):
                return None
            return self._state(stack, full=True)

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[interface.StackState]:
        with self.cloud.faults.around("list_stacks"):
            self.cloud.settle()
            return [
                self._state(stack, full=False)
                for stack in self.cloud.stacks
                if stack.place == self.place and (not statuses or stack.status in statuses)
            ]

    def _state(self, stack: ScriptedStack, *, full: bool) -> interface.StackState:
        outputs = self.cloud.outputs_of(stack) if full and stack.status.endswith("E_COMPLETE") else {}
        return interface.StackState(
            stack_id=stack.stack_id,
            name=stack.spec.name,
            status=stack.status,
            status_reason=stack.reason,
            created_at=stack.created_at,
            outputs=outputs,
            tags=stack.spec.tags if full else {},
            termination_protection=stack.protected,
        )

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[interface.StackEvent]:
        with self.cloud.faults.around("stack_events"):
            self.cloud.settle()
            events = self._stack(stack_id).events
            known = next((index for index, event in enumerate(events) if event.event_id == after_event_id), -1)
            return events[known + 1 :]

    def stack_resources(self, stack_id: str) -> list[interface.StackResource]:
        with self.cloud.faults.around("stack_resources"):
            self.cloud.settle()
            return [
                interface.StackResource(item.logical_id, item.physical_id, item.type, item.status, item.reason)
                for item in self._stack(stack_id).resources.values()
            ]

    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None:
        with self.cloud.faults.around("set_termination_protection"):
            self.cloud.settle()
            stack = self._stack(stack_name)
            if stack.status == "DELETE_COMPLETE":
                raise NotFound(f"Stack [{stack_name}] does not exist")
            stack.protected = enabled

    # Before and after the stack

    def put_artefact(self, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
        with self.cloud.faults.around("put_artefact"):
            if not bucket.endswith(self.place.region):
                raise NotFound(f"There is no bucket {bucket} in {self.place.region}", code="NoSuchBucket")
            if hashlib.sha256(body).hexdigest() != sha256:
                raise ValidationFailed("The SHA256 you specified did not match what we received.", code="BadDigest")
            known = (self.place, bucket, key) in self.cloud.artefacts
            self.cloud.artefacts[self.place, bucket, key] = body
            return not known

    def run_task(self, spec: interface.TaskSpec, *, token: str) -> str:
        with self.cloud.faults.around("run_task"):
            assert len(token) <= TASK_TOKEN_LIMIT
            if token in self.cloud.task_tokens:
                return self.cloud.task_tokens[token]
            codes = self.cloud.task_exit_codes
            code = codes.pop(0) if codes else 0
            arn = f"arn:aws:ecs:{self.place.region}:{self.place.account_id}:task/{spec.cluster}/{self.cloud.number()}"
            ends_at = self.cloud.clock.now() + timedelta(seconds=self.cloud.task_seconds)
            reason = "Essential container in task exited" if code is not None else "CannotPullContainerError"
            self.cloud.tasks[arn] = Task(arn, ends_at, code, reason)
            self.cloud.task_tokens[token] = arn
            return arn

    def describe_task(self, cluster: str, task_arn: str) -> interface.TaskState | None:
        with self.cloud.faults.around("describe_task"):
            task = self.cloud.tasks.get(task_arn)
            if task is None:
                return None
            if self.cloud.clock.now() < task.ends_at:
                return interface.TaskState(task_arn, "RUNNING", None, "")
            return interface.TaskState(task_arn, "STOPPED", task.exit_code, task.reason)

    # Teardown

    def empty(self, resource_type: str, physical_id: str, *, limit: int) -> interface.EmptyingProgress:
        vault = resource_type == "AWS::Backup::BackupVault"
        assert vault or resource_type == "AWS::S3::Bucket"
        with self.cloud.faults.around("empty_vault" if vault else "empty_bucket"):
            self.cloud.settle()
            self._check_here(resource_type, physical_id)
            if vault:
                return self._empty_vault(physical_id, limit)
            if physical_id in self.cloud.locked_buckets:
                return interface.EmptyingProgress(0, empty=not self.cloud.objects[physical_id])
            deleted = min(limit, self.cloud.objects[physical_id])
            self.cloud.objects[physical_id] -= deleted
            return interface.EmptyingProgress(deleted, empty=not self.cloud.objects[physical_id])

    def _empty_vault(self, vault: str, limit: int) -> interface.EmptyingProgress:
        points = self.cloud.recovery_points[vault]
        if points and not self.cloud.going[vault]:
            self.cloud.going[vault] = min(limit, points)
            self.cloud.later(self.cloud.resource_seconds, lambda: self._points_gone(vault))
            return interface.EmptyingProgress(self.cloud.going[vault], empty=False)
        return interface.EmptyingProgress(0, empty=not points)

    def _check_here(self, resource_type: str, physical_id: str) -> None:
        """A region answers for what is in it alone."""
        places = [place for place, kind, known in self.cloud.living if (kind, known) == (resource_type, physical_id)]
        if places and self.place not in places:
            raise ValidationFailed(f"{physical_id} is in {places[0].region}", code="PermanentRedirect")

    def _points_gone(self, vault: str) -> None:
        self.cloud.recovery_points[vault] -= self.cloud.going.pop(vault, 0)

    def quiesce(self, resource_type: str, physical_id: str, *, parent_id: str = "") -> bool:
        service = resource_type == "AWS::ECS::Service"
        with self.cloud.faults.around("stop_service" if service else "quiesce"):
            self._check_here(resource_type, physical_id)
            if service:
                assert parent_id, "the cluster"
                self.cloud.stopped_services.append(physical_id)
            else:
                self.cloud.quiesced.append(physical_id)
            return True

    def lift_protection(self, resource_type: str, physical_id: str) -> bool:
        with self.cloud.faults.around("lift_protection"):
            self._check_here(resource_type, physical_id)
            self.cloud.protected.discard(physical_id)
            return True

    def release_network_interfaces(self, used_by: Mapping[str, Sequence[str]]) -> list[str]:
        with self.cloud.faults.around("release_network_interfaces"):
            released = []
            for key, left in self.cloud.interfaces.items():
                if left > 0:
                    self.cloud.interfaces[key] = left - 1
                    released.append(f"eni-{key}")
            return released

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        with self.cloud.faults.around("exists"):
            self.cloud.settle()
            if resource_type.endswith(UNASKABLE):
                return None
            return (self.place, resource_type, physical_id) in self.cloud.living

    def find_by_tag(self, key: str, value: str) -> list[interface.TaggedResource]:
        with self.cloud.faults.around("find_by_tag"):
            self.cloud.settle()
            now = self.cloud.clock.now()
            seen = [living for (place, _, _), living in self.cloud.living.items() if self._shows(place, living)]
            seen += [
                living
                for until, place, living in self.cloud.forgotten_late
                if self._shows(place, living) and now < until
            ]
            return [
                interface.TaggedResource(living.arn, living.tags)
                for living in seen
                if living.tags.get(key) == value and not living.type.endswith(UNASKABLE)
            ]

    def _shows(self, place: Place, living: Living) -> bool:
        """In the region where it is; a resource of a global service in one region only."""
        if region := aws_type(living.type).tags_only_in:
            return place.account_id == self.place.account_id and self.place.region == region
        return place == self.place
