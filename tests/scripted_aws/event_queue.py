"""EventBridge's events in an SQS queue: lost, doubled or out of order if the script says so.

Shapes follow AWS's page "Managing events with CloudFormation and Amazon EventBridge".
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning.aws import interface
from provisioning.aws.change_sets import QueuedEvent
from tests.scripted_aws.records import Place, ScriptedStack

VISIBILITY = timedelta(seconds=30)
BATCH = 10


@dataclass
class Message:
    body: str
    visible_at: datetime
    receipt: str = ""


@dataclass
class EventQueues:
    """`by_place` are the queues that onboarding set up. `lost` and `doubled` are shares, `late` is
    the most seconds by which a message is delayed.
    """

    by_place: dict[Place, str] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(0))
    _receipts: int = 0

    def put(self, stack: ScriptedStack, event: interface.StackEvent) -> None:
        status = {"status": event.status, "status-reason": event.reason}
        detail: dict[str, Any] = {"stack-id": stack.stack_id}
        if event.is_about_stack:
            kind = "CloudFormation Stack Status Change"
        else:
            kind = "CloudFormation Resource Status Change"
            detail |= {
                "logical-resource-id": event.logical_id,
                "physical-resource-id": event.physical_id,
                "resource-type": event.type,
            }
        detail |= {"status-details": status, "client-request-token": event.token}
        self._put(stack, kind, detail, event_id=f"bridge-{event.event_id}", at=event.at)

    def put_drift(self, stack: ScriptedStack, detection_id: str, drifted: int, *, at: datetime) -> None:
        detail = {
            "stack-id": stack.stack_id,
            "stack-drift-detection-id": detection_id,
            "status-details": {"stack-drift-status": stack.drift_status, "detection-status": "DETECTION_COMPLETE"},
            "drift-detection-details": {"drifted-stack-resource-count": drifted},
        }
        kind = "CloudFormation Drift Detection Status Change"
        self._put(stack, kind, detail, event_id=f"bridge-{detection_id}", at=at)

    def _put(self, stack: ScriptedStack, kind: str, detail: dict[str, Any], *, event_id: str, at: datetime) -> None:
        url = self.by_place.get(stack.place)
        if url is None or self.random.random() < self.lost:
            return
        body = json.dumps(
            {
                "version": "0",
                "id": event_id,
                "detail-type": kind,
                "source": "aws.cloudformation",
                "account": stack.place.account_id,
                "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": stack.place.region,
                "resources": [stack.stack_id],
                "detail": detail,
            }
        )
        for _ in range(2 if self.random.random() < self.doubled else 1):
            delay = timedelta(seconds=self.random.uniform(0, self.late))
            self.messages.setdefault(url, []).append(Message(body, at + delay))

    def receive(self, url: str, *, at: datetime) -> list[QueuedEvent]:
        """At most ten; each is invisible for a while, and comes again unless it is deleted."""
        visible = [message for message in self.messages.get(url, []) if message.visible_at <= at]
        visible.sort(key=lambda message: message.visible_at)
        for message in visible[:BATCH]:
            self._receipts += 1
            message.receipt, message.visible_at = f"receipt-{self._receipts}", at + VISIBILITY
        return [QueuedEvent(message.receipt, message.body) for message in visible[:BATCH]]

    def delete(self, url: str, receipts: Sequence[str]) -> None:
        self.messages[url] = [message for message in self.messages.get(url, []) if message.receipt not in receipts]
