"""The team's own tags: through a variable onto the design, within what AWS takes."""

import pytest

from provisioning.blueprint import InputErrors, UnresolvedError, resolve
from provisioning.components.kit.build import Build
from provisioning.components.registry import component
from provisioning.design.graph import Value
from tests.blueprint.conftest import GOOD, Write, environment

IMAGE = {"image": "public.ecr.aws/notes:1"}
TAGGED = GOOD.replace('"1.2.3"', '"1.2.3"\n  tags = var.tags') + (
    '\nvariable "tags" {\n  type = map(string)\n  description = "Tags"\n  default = {}\n}\n'
)
REFUSED = {
    'tags has the key "portal:team"; keys that begin with aws: or portal: are reserved.': {"portal:team": "x"},
    'tags has the key "AWS:x"; keys that begin with aws: or portal: are reserved.': {"AWS:x": "x"},
    'tags has the key "a*b", and "*" is not allowed in a tag; letters, digits, spaces and + - = . _ : / @ are.': {"a*b": "x"},
    'tags has a value for "a" that AWS rejects: "<" is not allowed in a tag; letters, digits, spaces and + - = . _ : / @ are.': {"a": "<b>"},
    'tags has a value for "a" that AWS rejects: it begins or ends with a space; remove it.': {"a": "b "},
    'tags has a value of 257 characters for "a"; it should have 1 to 256.': {"a": "x" * 257},
    'tags has a value of 0 characters for "a"; it should have 1 to 256.': {"a": ""},
    f'tags has a key of 129 characters, "{"k" * 80}…"; it should have 1 to 128.': {"k" * 129: "x"},
    "tags has 41 tags; 40 are allowed, because AWS allows 50 and the portal adds its own.": {f"k{n}": "x" for n in range(41)},
    'tags has "env" and "Env", which AWS IAM treats as the same key; remove one.': {"Env": "a", "env": "b"},
}  # fmt: skip


def test_they_stand_on_the_design_and_beside_the_portals_own(write: Write) -> None:
    notes = write(TAGGED).get("notes")
    given: dict[str, Value] = {"Project": "Infracast", "Kostenstelle Süd": "4711/a@b"}
    design = resolve(notes, size="dev", inputs={**IMAGE, "tags": given}, environment=environment())
    assert design.tags == given
    sent = Build(design, component).tags()
    assert {**sent, **given} == sent
    assert sent["portal:team"] == "writers"


def test_without_any_there_are_none(write: Write) -> None:
    notes = write(TAGGED).get("notes")
    assert resolve(notes, size="dev", inputs=IMAGE, environment=environment()).tags == {}


@pytest.mark.parametrize(("sentence", "tags"), REFUSED.items(), ids=[*map(str, range(len(REFUSED)))])
def test_what_aws_or_the_portal_refuses_is_said_beside_the_field(
    write: Write, sentence: str, tags: dict[str, Value]
) -> None:
    notes = write(TAGGED).get("notes")
    with pytest.raises(InputErrors) as refused:
        resolve(notes, size="dev", inputs={**IMAGE, "tags": tags}, environment=environment())
    assert refused.value.errors == {"tags": [sentence]}


def test_a_map_of_several_things_is_refused_by_its_line(write: Write) -> None:
    text = GOOD.replace('"1.2.3"', '"1.2.3"\n  tags = { Image = var.image, Port = "${var.port}" }')
    notes = write(text).get("notes")
    assert resolve(notes, size="dev", inputs=IMAGE, environment=environment()).tags == {
        "Image": "public.ecr.aws/notes:1",
        "Port": "8000",
    }
    with pytest.raises(UnresolvedError, match=r"notes/blueprint.hcl:5: .*is not allowed in a tag"):
        resolve(notes, size="dev", inputs={"image": "a#b"}, environment=environment())
