"""Scaling by a queue's pressure: settings that are refused, and what more than one condition
becomes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.service.scaling import Tasks
from provisioning.design.errors import DesignError
from provisioning.design.graph import Reference
from provisioning.template.compile import compile_design
from tests.components.test_rabbitmq import SETTINGS, TIERS
from tests.support.designs import design, node
from tests.support.reading import Template

QUEUE = Reference("rabbitmq", "main")


def _template(*, uses: tuple[Reference, ...] = (QUEUE,), **pressure: Any) -> Template:
    tasks = {"desired": 3, "min": 2, "max": 9, "pressure": {"queue": QUEUE, **pressure}}
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=3, nat="single", tiers=TIERS),
        node("cluster", "main"),
        node("rabbitmq", "main", **SETTINGS),
        node("service", "worker", image="x", cpu=256, memory=512, tasks=tasks, uses=uses),
    )
    return Template(json.loads(compile_design(made).main.body))


@pytest.mark.parametrize(
    ("pressure", "sentence"),
    [
        ({"queue": Reference("valkey", "main")}, "only a rabbitmq publishes its queue's depth"),
        ({"queue": QUEUE, "growing_minutes": 0}, "greater than or equal to 1"),
        (
            {"queue": QUEUE, "busy": [{"percent": 80, "minutes": 15}, {"percent": 80, "minutes": 5}]},
            "busy has one percentage twice",
        ),
        ({"queue": QUEUE, "busy": [{"percent": 101, "minutes": 15}]}, "less than or equal to 100"),
    ],
)
def test_settings_that_cannot_work_are_refused(pressure: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Tasks.model_validate({"min": 1, "max": 2, "pressure": pressure})


def test_a_queue_that_cannot_grow_anything_is_refused() -> None:
    with pytest.raises(ValidationError, match="the number cannot follow anything"):
        Tasks.model_validate({"min": 2, "desired": 2, "max": 2, "pressure": {"queue": QUEUE}})


def test_a_service_scales_on_a_queue_that_it_uses() -> None:
    with pytest.raises(DesignError, match=r"service\.worker scales on the queue of .*, which it does not use"):
        _template(uses=())


def test_without_cpu_there_is_the_queue_alone() -> None:
    template = _template(step=3)
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    assert {name for name in alarms if name.startswith("ServiceWorker")} == {
        "ServiceWorkerQueueGrows",
        "ServiceWorkerQueueEmpty",
    }
    assert not template.of_type("AWS::CloudWatch::CompositeAlarm")
    policies = template.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
    out = policies["ServiceWorkerScaleOut"]["StepScalingPolicyConfiguration"]
    assert out["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}]
