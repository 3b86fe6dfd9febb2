"""A blueprint with size and inputs filled in becomes a design, the same one every time."""

from typing import Any

import pytest

from provisioning.blueprint import Blueprint, BlueprintError, NotOffered, UnresolvedError, resolve
from provisioning.design.graph import Design, Joined, Reference
from tests.blueprint.conftest import GOOD, Write, environment


def design_of(blueprint: Blueprint, size: str = "dev", **inputs: Any) -> Design:
    return resolve(blueprint, size=size, inputs={"image": "repo:1", **inputs}, environment=environment())


def setting(design: Design, address: str, name: str) -> Any:
    return getattr(design.nodes[address].settings, name)


def test_inputs_sizes_and_environment_reach_the_settings(notes: Blueprint) -> None:
    dev, prod = design_of(notes), design_of(notes, "prod", port="9000")
    assert (setting(dev, "service.api", "port"), setting(prod, "service.api", "port")) == (8000, 9000)
    assert (setting(dev, "service.api", "tasks").desired, setting(prod, "service.api", "tasks").desired) == (1, 2)
    assert (setting(dev, "bucket.files", "keep_data"), setting(prod, "bucket.files", "keep_data")) == (False, True)
    assert setting(dev, "service.api", "environment") == {"PLACE": "notes-dev.eu-north-1"}


def test_the_design_says_where_it_comes_from(notes: Blueprint) -> None:
    design = design_of(notes, "prod")
    assert (design.blueprint, design.version, design.digest, design.size) == ("notes", "1.2.3", notes.digest, "prod")
    assert list(design.nodes) == ["bucket.files", "secret.session", "service.api", "service.worker"]
    assert str(design.nodes["service.api"].source) == "notes/blueprint.hcl:43"
    assert design.settings == {"approval": "required", "tasks": 2, "keep": True}
    assert design.usage["mails"] == {"low": 5, "likely": 5, "high": 5}


def test_a_component_uses_what_another_uses(notes: Blueprint) -> None:
    nodes = design_of(notes).nodes
    assert nodes["service.api"].uses == (Reference("bucket", "files"), Reference("secret", "session"))
    assert nodes["service.worker"].uses == nodes["service.api"].uses


def test_outputs_are_references(notes: Blueprint) -> None:
    (output,) = design_of(notes).outputs
    assert (output.name, output.value) == ("bucket", Reference("bucket", "files", "name"))


def test_text_with_an_attribute_in_it_keeps_the_reference(write: Write) -> None:
    text = GOOD.replace(
        "{ value = component.bucket.files.name }", '{ value = "s3://${component.bucket.files.name}/${env.size}" }'
    )
    (output,) = design_of(write(text).get("notes")).outputs
    assert output.value == Joined(("s3://", Reference("bucket", "files", "name"), "/dev"))


def test_account_facts_can_be_read(write: Write) -> None:
    text = GOOD.replace(
        '"${env.name}.${env.region}"', '"${account.id} ${account.region} ${account.partition} ${env.team}"'
    )
    design = design_of(write(text).get("notes"))
    assert setting(design, "service.api", "environment") == {"PLACE": "123456789012 eu-north-1 aws writers"}


def test_null_is_as_if_it_were_not_written(write: Write) -> None:
    design = design_of(write(GOOD.replace("= size.keep", "= true ? null : size.keep")).get("notes"))
    assert setting(design, "bucket.files", "keep_data") is False


def test_the_same_inputs_give_an_equal_design(notes: Blueprint, write: Write) -> None:
    assert design_of(notes) == design_of(write(GOOD).get("notes"))


def test_a_region_that_is_not_offered_is_refused(notes: Blueprint) -> None:
    with pytest.raises(
        NotOffered, match='notes is not offered in "eu-west-1"; its regions are eu-north-1 and us-east-1'
    ):
        resolve(notes, size="dev", inputs={"image": "i"}, environment=environment("eu-west-1"))


def test_what_a_component_refuses_is_told_with_its_line(notes: Blueprint) -> None:
    with pytest.raises(UnresolvedError) as refused:
        design_of(notes, port="70000")
    assert isinstance(refused.value, BlueprintError)
    assert str(refused.value) == "notes/blueprint.hcl:45: service.api: port should be less than or equal to 65535."


def test_a_missing_input_is_refused(notes: Blueprint) -> None:
    with pytest.raises(BlueprintError, match="image is required: Container image"):
        resolve(notes, size="dev", inputs={}, environment=environment())
