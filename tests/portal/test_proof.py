"""The proof and the timeline are seen before asking and before deciding; production refuses what
does not pass.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from portal.panels import proof, timeline
from portal.panels.registry import PlanView, read_stored
from provisioning.errors import Refused
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Environment, Plan, Request
from provisioning.proof.report import Proof
from provisioning.timeline.timeline import Timeline
from tests.portal.conftest import REGION, People
from tests.support.plans import created_by

DOOR = "open-door"
BLUEPRINT = """
blueprint {
  title    = "Open door"
  summary  = "A queue that anybody may fill"
  version  = "1.0.0"
  maturity = "published"
  regions  = ["eu-north-1"]
}
size "dev" {}
size "staging" {}
size "prod" {
  approval = "required"
}
component "cloudformation" "main" {
  template = "template.json"
}
"""
TEMPLATE = {
    "Resources": {
        "Inbox": {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}},
        "Door": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Inbox"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Inbox", "Arn"]},
                        }
                    ],
                },
            },
        },
    }
}


DISK = {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": False, "AvailabilityZone": "eu-north-1a", "Size": 8}}


def write_blueprint(folder: Path, template: dict[str, Any]) -> None:
    folder.mkdir()
    (folder / "blueprint.hcl").write_text(BLUEPRINT)
    (folder / "template.json").write_text(json.dumps(template))


@pytest.fixture
def open_door(settings: Settings, tmp_path: Path) -> None:
    write_blueprint(tmp_path / DOOR, TEMPLATE)
    settings.BLUEPRINTS_DIR = tmp_path


@pytest.fixture
def unencrypted(settings: Settings, tmp_path: Path) -> None:
    write_blueprint(tmp_path / DOOR, {"Resources": {"Disk": DISK}})
    settings.BLUEPRINTS_DIR = tmp_path


def ask(people: People, size: str) -> Request:
    return request_environment(
        actor=people.bob,
        team=people.payments,
        name=f"door-{size}",
        blueprint=catalogue().get(DOOR),
        size=size,
        inputs={},
        account=people.prod if size == "prod" else people.dev,
        region=REGION,
    )


@pytest.mark.usefixtures("open_door")
def test_production_refuses_a_template_with_a_high_finding(people: People) -> None:
    with pytest.raises(Refused, match="do not pass the security checks") as caught:
        ask(people, "prod")
    assert "Door" in str(caught.value)
    assert not Environment.objects.exists()


@pytest.mark.usefixtures("open_door")
@pytest.mark.parametrize("size", ["dev", "staging"])
def test_what_opens_a_resource_to_everyone_is_refused_in_every_size(people: People, size: str) -> None:
    with pytest.raises(Refused, match="Door is open to everyone"):
        ask(people, size)


@pytest.mark.usefixtures("unencrypted")
def test_other_sizes_show_other_high_findings(people: People) -> None:
    with pytest.raises(Refused, match="do not pass the security checks"):
        ask(people, "prod")
    asked = ask(people, "dev")
    text = people.client("bob").get(f"/requests/{asked.pk}/").content.decode()
    assert "1 high" in text
    assert asked.plan.proof["findings"][0]["resources"] == ["Disk"]


@pytest.mark.usefixtures("open_door")
def test_the_form_says_why_production_refuses(people: People) -> None:
    sent = people.form("door-prod", size="prod", questions={})
    text = people.client("bob").post(f"/catalogue/{DOOR}/request/preview/", sent).content.decode()
    assert "do not pass the security checks" in text
    assert 'name="expected_digest" value=""' in text


def test_the_panel_shows_proof_and_time_before_anything_is_asked_for(people: People) -> None:
    text = people.client("bob").post("/catalogue/carbon-connect/request/preview/", people.form()).content.decode()
    for words in ("Security checks", "checks pass", "Network access", "Role permissions", "Critical path"):
        assert words in text
    assert not Plan.objects.exists()


def test_the_approver_reads_both_as_they_were_when_it_was_asked_for(people: People) -> None:
    asked = people.ask("shop", size="prod")
    text = people.client("olivia").get(f"/requests/{asked.pk}/").content.decode()
    view = PlanView.of_plan(asked.plan, created_by(asked.plan))
    time_panel = timeline.panel(view)
    assert time_panel is not None
    assert f"<dd>{time_panel.minutes} min" in text
    assert time_panel.path[0].title in text
    proof_panel = proof.panel(view)
    assert proof_panel is not None
    assert f"{proof_panel.held} of {len(proof_panel.checks)} checks pass" in text


def test_a_blueprints_page_has_them_for_each_size(people: People) -> None:
    bob = people.client("bob")
    said = {}
    for size in ("dev", "prod"):
        text = bob.get(f"/catalogue/carbon-connect/?size={size}").content.decode()
        assert "checks pass" in text
        said[size] = text.split("with example values")[0].rsplit("about", 1)[1]
    assert said["dev"] != said["prod"]


def test_a_stored_view_of_another_version_is_left_out() -> None:
    assert read_stored(Timeline, {"version": 0}) is None
    assert read_stored(Proof, {"version": 2}) is None
    assert read_stored(Proof, {"findings": []}) is None
    assert timeline.panel(PlanView()) is None
    assert proof.panel(PlanView()) is None


def test_a_breakdown_of_peoples_work_is_shown_where_there_is_one(people: People) -> None:
    bob = people.client("bob")
    text = bob.get("/catalogue/webhook-pipeline/").content.decode()
    assert "17.5 hours before launch, 24 can follow" in text
    assert "RabbitMQ EC2 Deployment" in text
    assert "work-title" not in bob.get("/catalogue/carbon-connect/").content.decode()


@pytest.mark.usefixtures("open_door")
def test_a_breakdown_that_cannot_be_read_says_where(people: People, tmp_path: Path) -> None:
    (tmp_path / DOOR / "work.csv").write_text("component,hours,waits_for,complexity,blocking\nDoor,many,,High,yes\n")
    text = people.client("bob").get(f"/catalogue/{DOOR}/").content.decode()
    assert "work.csv, line 2: hours is" in text
