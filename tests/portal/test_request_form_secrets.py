"""Secrets in the request form: typed into the wrong field, or named by a dynamic reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from provisioning.lifecycle.catalogue import catalogue
from provisioning.models import Request
from tests.portal.conftest import People

REFERENCE = "{{resolve:secretsmanager:orders-dev/database-main:SecretString}}"
RAW_BLUEPRINT = """
blueprint {
  title    = "Licensed"
  summary  = "A topic with a licence"
  version  = "1.0.0"
  maturity = "published"
  regions  = ["eu-north-1"]
}
size "dev" {}
size "staging" {}
size "prod" { approval = "required" }
component "cloudformation" "main" { template = "template.json" }
"""
RAW_TEMPLATE = {
    "Parameters": {"Licence": {"Type": "String", "NoEcho": True, "AllowedPattern": "[a-z]{3}-[0-9]{3}"}},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Licence"}}}},
}


def test_a_secret_typed_into_the_wrong_field_is_not_sent_back(
    people: People, settings: Settings, tmp_path: Path
) -> None:
    """Alice pastes the licence itself where the ARN of its secret belongs."""
    folder = tmp_path / "licensed"
    folder.mkdir()
    (folder / "blueprint.hcl").write_text(RAW_BLUEPRINT)
    (folder / "template.json").write_text(json.dumps(RAW_TEMPLATE))
    settings.BLUEPRINTS_DIR = tmp_path
    form = people.form(questions={}) | {"input_Licence": "hunter2-the-licence"}
    for path in ("/catalogue/licensed/request/", "/catalogue/licensed/request/preview/"):
        text = people.client("alice").post(path, form).content.decode()
        assert "Licence is not the ARN of a secret in Secrets Manager" in text
        assert "hunter2" not in text


@pytest.mark.parametrize("command", [REFERENCE, f"echo\n{REFERENCE}", "sh\n-c\necho ${AWS::AccountId}"])
def test_charlie_cannot_read_a_secret_by_a_text_field(people: People, command: str) -> None:
    """CloudFormation would have put the database's password of payments into his container."""
    charlie = people.client("charlie")
    form = people.form("thief-dev", questions=catalogue().get("amply").variables) | {"team": str(people.logistics.pk)}
    text = charlie.post("/catalogue/amply/request/", form | {"input_worker_command": command}).content.decode()
    assert "Worker command contains" in text
    assert "which begins an expression in AWS or Terraform" in text
    assert not Request.objects.exists()
