"""A blueprint that asks what a published Terraform module asks, under the same names."""

import pytest

from provisioning.blueprint import Blueprint, load_catalogue
from tests.blueprint.conftest import GOOD

# The module block of https://docs.infracast.io/architecture/deployment, unchanged.
PAGE = """\
module "vulcan" {
  source = "github.com/azgardtek/vulcan//terraform/modules/vulcan-ecs"

  environment = "prod"
  vpc_cidr    = "10.0.0.0/16"

  # ECS
  ecs_cpu           = 1024
  ecs_memory        = 2048
  ecs_desired_count = 2

  # RDS
  db_instance_class = "db.r5.large"
  db_multi_az       = true
  db_storage_gb     = 100

  # Domain
  domain_name     = "infracast.example.com"
  certificate_arn = "arn:aws:acm:us-east-1:123456789:certificate/abc"

  tags = {
    Project     = "Infracast"
    Environment = "prod"
  }
}
"""

_ASKED = {
    "vpc_cidr": ("string", '"10.0.0.0/16"', ""),
    "ecs_cpu": ("number", "size.tasks", ""),
    "ecs_memory": ("number", "2048", ""),
    "ecs_desired_count": ("number", "2", ""),
    "db_instance_class": ("string", '"db.t3.medium"', 'terraform = ["db_class"]'),
    "db_multi_az": ("bool", "size.keep", ""),
    "db_storage_gb": ("number", "20", 'sizes = ["prod"]'),
    "domain_name": ("string", "null", ""),
    "certificate_arn": ("string", "null", ""),
    "zones": ("list(string)", "[]", ""),
    "weights": ("map(number)", "{}", ""),
    "tags": ("map(string)", "{}", ""),
    "db_password": ("string", "null", "sensitive = true"),
}


def variables() -> str:
    return "\n".join(
        f'variable "{name}" {{\n  type = {type_}\n  description = "x"\n  default = {default}\n  {more}\n}}'
        for name, (type_, default, more) in _ASKED.items()
    )


@pytest.fixture(scope="session")
def vulcan(tmp_path_factory: pytest.TempPathFactory) -> Blueprint:
    root = tmp_path_factory.mktemp("catalogue")
    (root / "vulcan").mkdir()
    (root / "vulcan" / "blueprint.hcl").write_text(f"{GOOD}\n{variables()}\n")
    return load_catalogue(root).get("vulcan")
