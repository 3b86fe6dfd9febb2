"""What the engine asks of services before and after a stack: packages, tasks, and all that a
teardown does to resources.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from provisioning.aws import NotFound, ValidationFailed, arguments, aws_type, interface
from tests.scripted_aws.base import Calls
from tests.scripted_aws.cloud import Living, Place, Task

# Resources that cannot be queried alone, because they are part of another one.
UNASKABLE = ("Attachment", "Association", "Route", "Policy", "Ingress", "Egress", "Target")
# ECS's own limit for the client token of RunTask.
TASK_TOKEN_LIMIT = 64
# The Resource Groups Tagging API's own limit for the values of one key.
MOST_TAG_VALUES = 20


class TeardownCalls(Calls):
    def put_artefact(self, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
        return self.change(
            "put_artefact",
            lambda: self._put(bucket, key, body, sha256),
            arguments.put_object(bucket, key, sha256=sha256),
        )

    def _put(self, bucket: str, key: str, body: bytes, sha256: str) -> bool:
        if not bucket.endswith(self.place.region):
            raise NotFound(f"There is no bucket {bucket} in {self.place.region}", code="NoSuchBucket")
        if hashlib.sha256(body).hexdigest() != sha256:
            raise ValidationFailed("The SHA256 you specified did not match what we received.", code="BadDigest")
        known = (self.place, bucket, key) in self.cloud.artefacts
        self.cloud.artefacts[self.place, bucket, key] = body
        return not known

    def run_task(self, spec: interface.TaskSpec, *, token: str) -> str:
        assert len(token) <= TASK_TOKEN_LIMIT
        sent = {**arguments.run_task(spec), "clientToken": token}
        return self.change("run_task", lambda: self._run_task(spec, token), sent)

    def _run_task(self, spec: interface.TaskSpec, token: str) -> str:
        if token in self.cloud.task_tokens:
            return self.cloud.task_tokens[token]
        codes = self.cloud.task_exit_codes
        code = codes.pop(0) if codes else 0
        arn = f"arn:aws:ecs:{self.place.region}:{self.place.account_id}:task/{spec.cluster}/{self.cloud.number()}"
        ends_at = self.cloud.at() + timedelta(seconds=self.cloud.task_seconds)
        reason = "Essential container in task exited" if code is not None else "CannotPullContainerError"
        self.cloud.tasks[arn] = Task(arn, ends_at, code, reason)
        self.cloud.task_tokens[token] = arn
        return arn

    def describe_task(self, cluster: str, task_arn: str) -> interface.TaskState | None:
        with self.reading("describe_task"):
            task = self.cloud.tasks.get(task_arn)
            if task is None:
                return None
            if self.cloud.clock.now() < task.ends_at:
                return interface.TaskState(task_arn, "RUNNING", None, "")
            return interface.TaskState(task_arn, "STOPPED", task.exit_code, task.reason)

    def empty(self, resource_type: str, physical_id: str, *, limit: int) -> interface.EmptyingProgress:
        is_vault = resource_type == "AWS::Backup::BackupVault"
        assert is_vault or resource_type == "AWS::S3::Bucket"
        effect = self._empty_vault if is_vault else self._empty_bucket
        return self.change(
            "empty_vault" if is_vault else "empty_bucket",
            lambda: effect(physical_id, limit),
            {"Id": physical_id},
            target=physical_id,
        )

    def _empty_bucket(self, bucket: str, limit: int) -> interface.EmptyingProgress:
        self._check_here("AWS::S3::Bucket", bucket)
        if bucket in self.cloud.locked_buckets:
            return interface.EmptyingProgress(0, empty=not self.cloud.objects[bucket])
        deleted = min(limit, self.cloud.objects[bucket])
        self.cloud.objects[bucket] -= deleted
        return interface.EmptyingProgress(deleted, empty=not self.cloud.objects[bucket])

    def _empty_vault(self, vault: str, limit: int) -> interface.EmptyingProgress:
        self._check_here("AWS::Backup::BackupVault", vault)
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
        is_service = resource_type == "AWS::ECS::Service"
        assert parent_id or not is_service, "the cluster"
        stopped = self.cloud.stopped_services if is_service else self.cloud.quiesced

        def stop() -> bool:
            self._check_here(resource_type, physical_id)
            stopped.append(physical_id)
            return True

        return self.change(
            "stop_service" if is_service else "quiesce",
            stop,
            {"Id": physical_id},
            target=physical_id,
        )

    def lift_protection(self, resource_type: str, physical_id: str) -> bool:
        def lift() -> bool:
            self._check_here(resource_type, physical_id)
            self.cloud.protected.discard(physical_id)
            return True

        return self.change("lift_protection", lift, {"Id": physical_id}, target=physical_id)

    def release_network_interfaces(self, used_by: Mapping[str, Sequence[str]]) -> list[str]:
        listed = {key: sorted(ids) for key, ids in used_by.items()}
        return self.change("release_network_interfaces", self._release, listed)

    def _release(self) -> list[str]:
        released = []
        for key, left in self.cloud.interfaces.items():
            if left > 0:
                self.cloud.interfaces[key] = left - 1
                released.append(f"eni-{key}")
        return released

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        with self.reading("exists"):
            if resource_type.endswith(UNASKABLE):
                return None
            return (self.place, resource_type, physical_id) in self.cloud.living

    def recovery_window(self, resource_type: str, physical_id: str) -> datetime | None:
        if not aws_type(resource_type).recovery_window:
            return None
        with self.reading("recovery_window"):
            return self.cloud.recovery_windows.get(physical_id)

    def find_by_tag(self, key: str, value: str) -> list[interface.TaggedResource]:
        with self.reading("find_by_tag"):
            return self._tagged(key, [value])

    def find_by_tag_values(self, key: str, values: Sequence[str]) -> list[interface.TaggedResource]:
        with self.reading("find_by_tag_values"):
            if len(values) > MOST_TAG_VALUES:
                raise ValidationFailed(f"A tag filter has at most {MOST_TAG_VALUES} values")
            return self._tagged(key, values)

    def _tagged(self, key: str, values: Sequence[str]) -> list[interface.TaggedResource]:
        now = self.cloud.clock.now()
        seen = [living for (place, _, _), living in self.cloud.living.items() if self._shows(place, living)]
        seen += [
            living for until, place, living in self.cloud.forgotten_late if self._shows(place, living) and now < until
        ]
        return [
            interface.TaggedResource(living.arn, living.tags)
            for living in seen
            if living.tags.get(key) in values and not living.type.endswith(UNASKABLE)
        ]

    def _shows(self, place: Place, living: Living) -> bool:
        """In the region where it is; a resource of a global service in one region only."""
        if region := aws_type(living.type).tags_only_in:
            return place.account_id == self.place.account_id and self.place.region == region
        return place == self.place
