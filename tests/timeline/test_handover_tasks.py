"""A blueprint's breakdown of work: read, ordered, added up; a mistake in it is reported with its
line.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from provisioning.timeline.handover_tasks import FILE, WorkPlan, WorkProblem, work_plan
from tests.support.shipped import catalogue

HEAD = "component,hours,waits_for,complexity,blocking\n"


def plan(*rows: str) -> WorkPlan:
    return work_plan(HEAD + "\n".join(rows))


def test_webhook_pipelines_hours_are_the_pages() -> None:
    """17.5 hours before launch, 24 after it; RabbitMQ decides, for ECS waits for it."""
    made = work_plan(catalogue().get("webhook-pipeline").files[FILE].decode())
    assert (made.blocking_hours, made.other_hours) == (Decimal("17.5"), Decimal(24))
    assert [item.name for item in made.path] == [
        "VPC & Network Setup",
        "RabbitMQ EC2 Deployment",
        "ECS Cluster & Services",
        "Monitoring Setup",
    ]
    assert made.launch_hours == 12
    assert made.hours == 36
    monitoring = made.items[-1]
    assert set(monitoring.waits_for) == {item.name for item in made.items[:-1]}
    assert made.items[1].conditions == ("Domain registration",)


def test_work_starts_when_what_it_waits_for_is_done() -> None:
    made = plan(
        "Ground,2,None,Low,Yes",
        "Walls,3.5,Ground,Low,Yes",
        "Roof,1,Walls; Ground,High,No",
        "Fence,9,,Low,No",
        "Gate,1,,Low,No",
    )
    assert {item.name: float(item.start) for item in made.items} == {
        "Ground": 0,
        "Walls": 2,
        "Roof": 5.5,
        "Fence": 0,
        "Gate": 0,
    }
    assert [item.name for item in made.path] == ["Fence"]
    assert [item.name for item in made.items if item.critical] == ["Fence"]
    assert made.launch_hours == Decimal("5.5")
    assert made.hours == 9
    assert made.blocking_hours == Decimal("5.5")
    assert made.other_hours == 11


def test_words_of_a_name_are_enough_and_others_are_conditions() -> None:
    made = plan("VPC & Network Setup,1,,Low,Yes", 'Database,1,"VPC, DB Subnets",Low,Yes', "Watch,1,all of it,Low,No")
    assert made.items[1].waits_for == ("VPC & Network Setup",)
    assert made.items[1].conditions == ("DB Subnets",)
    assert made.items[2].waits_for == ("VPC & Network Setup", "Database")


def test_it_is_json_too() -> None:
    data = json.loads(json.dumps(plan("A,0.5,,Low,Yes", "B,1,A,Low,No").as_json()))
    assert (data["version"], data["blocking_hours"], data["hours"], data["path"]) == (1, 0.5, 1.5, ["A", "B"])
    assert data["items"][1]["waits_for"] == ["A"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"{FILE}, line 1: the columns must be component,hours,waits_for,complexity,blocking"),
        (HEAD, f"{FILE}: it has no tasks"),
        (HEAD + "A,1,B,Low,Yes\nB,1,A,Low,Yes", f"{FILE}: these tasks have a circular dependency: "),
        (HEAD + "A,one,,Low,Yes", f'{FILE}, line 2: hours is "one"; write a number above 0'),
        (HEAD + "A,NaN,,Low,Yes", f'{FILE}, line 2: hours is "NaN"'),
        (HEAD + "A,-1,,Low,Yes", f'{FILE}, line 2: hours is "-1"'),
        (HEAD + "A,1e9,,Low,Yes", f'{FILE}, line 2: hours is "1e9"'),
        (HEAD + "A,1,,Low,perhaps", f'{FILE}, line 2: blocking is "perhaps"; write yes or no'),
        (HEAD + "A,1,,Low", f"{FILE}, line 2: 4 columns instead of 5"),
        (HEAD + "A,1,,Low,Yes\n\nA,1,,Low,Yes", f"{FILE}, line 4: a unique name is required, and this one is taken"),
        (HEAD + ",1,,Low,Yes", f"{FILE}, line 2: a unique name is required, and this one is missing"),
        (HEAD + "A x,1,,Low,Yes\nA y,1,,Low,Yes\nB,1,A,Low,Yes", f'{FILE}, line 4: "A" could be A x or A y'),
        (HEAD + "".join(f"A{n},1,,Low,Yes\n" for n in range(201)), f"{FILE}: 201 rows are too many"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(WorkProblem) as problem:
        work_plan(text)
    assert str(problem.value).startswith(sentence)
