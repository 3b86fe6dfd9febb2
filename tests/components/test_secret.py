"""Secrets: left out if disabled, and a manual task for each value that a person has to provide."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.blueprint import load_catalogue, resolve
from provisioning.components.kit.values import ManualTask
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import EnvironmentContext
from provisioning.template.compile import compile_design
from tests.components.small import rendered
from tests.support.designs import design, node

# What a page once read as literals: `provided`, `description` and `enabled` are expressions here.
BLUEPRINT = """\
blueprint {
  title    = "Shop"
  summary  = "A shop"
  version  = "1.0.0"
  maturity = "draft"
  regions  = ["eu-north-1"]
}

variable "vendor" {
  type        = string
  description = "Payment provider"
  default     = "Acme"
}

size "dev" {
  keys = false
  logs = true
}

size "staging" {
  keys = true
  logs = false
}

size "prod" {
  approval = "required"
  keys     = true
  logs     = true
}

component "secret" "payments" {
  enabled     = size.keys
  provided    = size.keys == size.keys
  description = "${var.vendor} API key"
}

component "secret" "log_token" {
  provided = size.logs
  generate = size.logs ? [] : ["log_token"]
}
"""


def _manual_tasks(tmp_path: Path, size: str) -> list[ManualTask]:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "blueprint.hcl").write_text(BLUEPRINT)
    catalogue = load_catalogue(tmp_path)
    assert catalogue.blueprints, catalogue
    environment = EnvironmentContext(
        name="shop",
        team="payments",
        region="eu-north-1",
        account_id="123456789012",
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    made = resolve(catalogue.blueprints["shop"], size=size, inputs={}, environment=environment)
    return list(compile_design(made).main.manual_tasks)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_secret_can_be_left_out(enabled: bool) -> None:
    secret = node("secret", "sentry", provided=True, variable="SENTRY_DSN", enabled=enabled)
    template = rendered(secret, outputs={"arn": "secret.sentry.arn"})
    assert ("SecretSentry" in template.resources) is enabled
    assert ("SENTRY_DSN" in template.secrets("api")) is enabled
    assert ("Arn" in template.body.get("Outputs", {})) is enabled
    execution = template.actions("ClusterExecutionRole")
    assert ("secretsmanager:GetSecretValue" in execution) is enabled


@pytest.mark.parametrize(
    ("size", "titles"),
    [
        ("dev", ["Provide the log token"]),
        ("staging", ["Provide the Acme API key"]),
        ("prod", ["Provide the Acme API key", "Provide the log token"]),
    ],
)
def test_a_provided_secret_has_a_manual_task_whatever_expression_says_so(
    tmp_path: Path, size: str, titles: list[str]
) -> None:
    assert [task.title for task in _manual_tasks(tmp_path, size)] == titles


def test_the_task_says_how_to_provide_the_value() -> None:
    secret = node("secret", "sentry", provided=True, variable="SENTRY_DSN", description="Sentry DSN")
    (task,) = compile_design(design(secret)).main.manual_tasks
    assert task.logical_id == "SecretSentry"
    assert task.command == (
        'aws secretsmanager put-secret-value --region {region} --secret-id {physical_id} --secret-string "$SENTRY_DSN"'
    )


def test_a_generated_or_disabled_secret_asks_nothing_of_anybody() -> None:
    secrets = [node("secret", "session", generate=["key"]), node("secret", "off", provided=True, enabled=False)]
    assert compile_design(design(*secrets)).main.manual_tasks == ()
