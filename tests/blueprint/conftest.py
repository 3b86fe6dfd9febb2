"""A small blueprint that is right, and a catalogue in a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.blueprint import Blueprint, Catalogue, load_catalogue
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import EnvironmentContext

GOOD = """\
blueprint {
  title    = "Notes"
  summary  = "Keeps notes"
  version  = "1.2.3"
  maturity = "draft"
  regions  = ["eu-north-1", "us-east-1"]
}

variable "image" {
  type        = string
  description = "Container image"
  example     = "public.ecr.aws/notes:1"
}

variable "port" {
  type        = number
  description = "Port"
  default     = 8000
}

size "dev" {
  tasks = 1
  keep  = false
}

size "staging" {
  tasks = 1
  keep  = true
}

size "prod" {
  approval = "required"
  tasks    = 2
  keep     = true
}

component "bucket" "files" {
  keep_data = size.keep
}

component "secret" "session" { generate = ["session_key"] }

component "service" "api" {
  image       = var.image
  port        = var.port
  cpu         = 256
  memory      = 512
  tasks       = { desired = size.tasks, max = 4, cpu_target = 70 }
  environment = { PLACE = "${env.name}.${env.region}" }
  uses        = [component.bucket.files, component.secret.session]
}

component "service" "worker" {
  image  = var.image
  cpu    = 256
  memory = 512
  uses   = component.service.api.uses
}

output "bucket" { value = component.bucket.files.name }

usage {
  files_gb = { low = 1, likely = 10, high = 100 }
  mails    = 5
}
"""

Write = Callable[..., Catalogue]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one blueprint's file (text or bytes) into the catalogue, and load it."""

    def _write(text: str | bytes, slug: str = "notes") -> Catalogue:
        folder = tmp_path / slug
        folder.mkdir(exist_ok=True)
        (folder / "blueprint.hcl").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_catalogue(tmp_path)

    return _write


@pytest.fixture
def notes(write: Write) -> Blueprint:
    return write(GOOD).get("notes")


def environment(region: str = "eu-north-1", name: str = "notes-dev") -> EnvironmentContext:
    return EnvironmentContext(
        name=name,
        team="writers",
        region=region,
        account_id="123456789012",
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )


def problems(catalogue: Catalogue, slug: str = "notes") -> list[str]:
    """The broken blueprint's problems as they are printed."""
    return next(([str(problem) for problem in item.problems] for item in catalogue.broken if item.slug == slug), [])
