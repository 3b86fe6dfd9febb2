"""A scripted cloud that was written to a file, with everything in it under way again."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from provisioning.aws import interface
from tests.scripted_aws.cloud import Cloud, Living, ManualClock, Place, Resource, ScriptedStack, Task
from tests.scripted_aws.formation import Formation


def load_cloud(file: Path, bodies: Mapping[str, str]) -> Cloud:
    """Read a cloud. `bodies` are the templates by stack name, which the file leaves out."""
    stored = json.loads(file.read_text())
    cloud = Cloud(clock=ManualClock(datetime.fromisoformat(stored["at"])))
    cloud._numbers = itertools.count(stored["number"])
    for row in stored["living"]:
        account_id, region, *rest = row
        living = Living(*rest)
        cloud.living[Place(account_id, region), living.type, living.physical_id] = living
    for account_id, region, bucket, key, body in stored["artefacts"]:
        cloud.artefacts[Place(account_id, region), bucket, key] = base64.b64decode(body)
    for arn, ends_at, exit_code, reason in stored["tasks"]:
        cloud.tasks[arn] = Task(arn, datetime.fromisoformat(ends_at), exit_code, reason)
    cloud.task_tokens.update(stored["task_tokens"])
    cloud.objects.update(stored["objects"])
    for row in stored["stacks"]:
        stack = _stack(row, bodies[row["name"]])
        cloud.stacks.append(stack)
        Formation(cloud, stack).resume()
    return cloud


def _stack(row: Mapping[str, Any], body: str) -> ScriptedStack:
    spec = interface.StackSpec(name=row["name"], body=body, parameters=row["parameters"], tags=row["tags"])
    return ScriptedStack(
        place=Place(row["account_id"], row["region"]),
        stack_id=row["stack_id"],
        spec=spec,
        created_spec=spec,
        token=row["token"],
        created_at=datetime.fromisoformat(row["created_at"]),
        status=row["status"],
        reason=row["reason"],
        protected=row["protected"],
        delete_tokens=set(row["delete_tokens"]),
        resources={resource[0]: Resource(*resource) for resource in row["resources"]},
        events=[
            interface.StackEvent(
                event_id=event_id,
                at=datetime.fromisoformat(at),
                logical_id=logical_id,
                physical_id=physical_id,
                type=kind,
                status=status,
                reason=reason,
                token=row["token"],
            )
            for event_id, at, logical_id, physical_id, kind, status, reason in row["events"]
        ],
    )
