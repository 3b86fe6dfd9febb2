"""The blueprint's file says what the tests' hand-made design says, and takes one way to HTTPS."""

from __future__ import annotations

import pytest

from provisioning.blueprint import BlueprintError
from provisioning.template.compile import compile_design
from tests.support.designs import REGIONS, carbon_connect
from tests.support.shipped import catalogue, shipped


def test_the_file_and_the_hand_made_design_agree(size: str) -> None:
    read, made = shipped(size), carbon_connect(size)
    assert list(read.nodes) == list(made.nodes)
    for address, node in made.nodes.items():
        assert read.nodes[address].settings == node.settings, address
        assert read.nodes[address].uses == node.uses, address
    assert {output.name: output.value for output in read.outputs} == {o.name: o.value for o in made.outputs}


def test_the_catalogue_offers_it_in_five_regions() -> None:
    blueprint = catalogue().get("carbon-connect")
    assert blueprint.regions == REGIONS
    assert [size.requires_approval for size in blueprint.sizes.values()] == [False, False, True]


def test_a_domain_is_taken_instead_of_a_certificate() -> None:
    compiled = compile_design(shipped("dev", domain="app.example.com", hosted_zone_id="Z0123456789")).main
    assert "AWS::CertificateManager::Certificate" in compiled.body
    assert ":certificate/" not in compiled.body


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"domain": "app.example.com"}, "set its ARN, or a domain together with its hosted zone's id"),
        ({"hosted_zone_id": "Z0123456789"}, "or a domain with its hosted zone, not both"),
    ],
)
def test_half_a_way_to_https_is_refused(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(BlueprintError, match=sentence):
        shipped("dev", **given)


def test_without_state_of_their_own_regions_differ_in_nothing_but_the_region() -> None:
    here, there = (compile_design(shipped("prod", region=region)).main for region in REGIONS[:2])
    assert here.body == there.body
    assert here != there
