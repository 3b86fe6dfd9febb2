"""CloudFormation's calls about drift, and the queue of its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioning.aws import Busy, NotFound, WrongStatus
from provisioning.aws.change_sets import DriftDetection, QueuedEvent, ResourceDrift
from tests.scripted_aws.base import Calls
from tests.scripted_aws.drift import start_detection

DETECTABLE: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)


class DriftCalls(Calls):
    def detect_drift(self, stack_id: str) -> str:
        with self.reading("detect_drift"):
            stack = self.stack(stack_id)
            if stack.status not in DETECTABLE:
                raise WrongStatus(f"Drift detection cannot be performed on a stack that is in {stack.status} state")
            if stack.stack_id in self.cloud.detecting:
                raise Busy(f"Drift detection is already in progress for stack [{stack.stack_id}]")
            return start_detection(self.cloud, stack)

    def drift_detection(self, detection_id: str) -> DriftDetection:
        with self.reading("drift_detection"):
            if detection_id not in self.cloud.detections:
                raise NotFound(f"There is no drift detection {detection_id}")
            return self.cloud.detections[detection_id]

    def resource_drifts(self, stack_id: str) -> list[ResourceDrift]:
        with self.reading("resource_drifts"):
            return list(self.stack(stack_id).drifts)

    def receive_events(self, queue_url: str, *, wait_seconds: int) -> list[QueuedEvent]:
        with self.reading("receive_events"):
            assert 0 <= wait_seconds <= 20, "SQS waits at most 20 seconds"
            self._check_queue(queue_url)
            return self.cloud.queues.receive(queue_url, at=self.cloud.clock.now())

    def delete_events(self, queue_url: str, receipts: Sequence[str]) -> None:
        with self.reading("delete_events"):
            self._check_queue(queue_url)
            self.cloud.queues.delete(queue_url, receipts)

    def _check_queue(self, queue_url: str) -> None:
        if self.cloud.queues.by_place.get(self.place) != queue_url:
            raise NotFound(f"There is no queue {queue_url}", code="AWS.SimpleQueueService.NonExistentQueue")
