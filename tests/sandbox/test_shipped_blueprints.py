"""Every shipped blueprint in every size: made, each resource found by its own service, torn down,
nothing found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from provisioning.sandbox.launch import ROOT
from provisioning.template.compile import compile_design
from tests.fixtures.sandbox import Sandbox
from tests.sandbox.provisioning import Provisioned
from tests.support.designs import SIZES
from tests.support.onboarded import OnboardedAccount
from tests.support.shipped import shipped

pytestmark = [pytest.mark.sandbox, pytest.mark.long]
ACCOUNT = "123456789012"
SLUGS = sorted(path.name for path in (ROOT / "blueprints").iterdir() if path.is_dir() and path.name[0] not in "._")


ZONE = {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
VARIANTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "certificate in a stack of its own": ("static-site", "eu-central-1", {"domain": "www.example.com", **ZONE}),
    "certificates in the main stack": ("infracast", "us-east-1", {"certificate_arn": None, **ZONE}),
    "replica in another region": ("amply", "eu-north-1", {"replica_region": "eu-west-1"}),
}


def provisioned(
    onboarded: OnboardedAccount, slug: str, size: str, *, region: str | None = None, **inputs: Any
) -> Provisioned:
    name = f"{slug}-{size}" + (f"-{region}" if region else "")
    # An environment's own generation: what an earlier one retained still has its names.
    design = compile_design(shipped(size, slug=slug, name=name, region=region, environment_id=uuid4(), **inputs))
    return Provisioned(onboarded.sandbox, design, name, onboarded)


@pytest.fixture(scope="module")
def account(sandbox: Sandbox) -> Iterator[OnboardedAccount]:
    """One account for all blueprints, as several teams' environments share one."""
    onboarded = OnboardedAccount(sandbox, ACCOUNT)
    onboarded.onboard("eu-north-1")
    yield onboarded
    onboarded.close()


@pytest.fixture
def ready(account: OnboardedAccount) -> Iterator[OnboardedAccount]:
    account.sandbox.control("DELETE", "permissions")
    yield account
    account.sandbox.clear_faults()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slug", SLUGS)
def test_it_is_made_found_tagged_and_torn_down(ready: OnboardedAccount, slug: str, size: str) -> None:
    live(provisioned(ready, slug, size))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_made_found_tagged_and_torn_down(ready: OnboardedAccount, variant: str) -> None:
    slug, region, inputs = VARIANTS[variant]
    live(provisioned(ready, slug, "prod", region=region, **inputs))


def test_other_programs_read_the_outputs_as_ssm_parameters(ready: OnboardedAccount) -> None:
    design = replace(shipped("dev", slug="event-inbox", environment_id=uuid4()), output_parameters=True)
    made = Provisioned(ready.sandbox, compile_design(design), "outputs", ready)
    made.create()
    names = design.environment.names
    ssm = ready.sandbox.client("ssm", design.environment.region, ACCOUNT)
    found = ssm.get_parameters_by_path(Path=names.output_path)["Parameters"]
    assert {one["Name"]: one["Value"] for one in found} == {
        f"{names.output_path}/{output}": value for output, value in made.outputs["main"].items()
    }
    assert not made.untagged()
    assert not made.drifted()
    made.tear_down()
    assert made.onboarded.denials() == []
    assert ssm.get_parameters_by_path(Path=names.output_path)["Parameters"] == []


def live(made: Provisioned) -> None:
    """From nothing to nothing, without a single refusal; what the design keeps on purpose may stay."""
    made.create()
    assert not made.missing()
    assert not made.untagged()
    assert not made.drifted()
    made.tear_down()
    assert made.onboarded.denials() == []
    kept = made.kept()
    assert [line for line in made.left() if line.split()[1] not in kept] == []
