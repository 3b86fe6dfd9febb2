"""Variable types: one parser for the catalogue, the request form and pasted Terraform."""

from __future__ import annotations

import pytest

from provisioning.blueprint.inputs.variable_type import SCALARS, VariableType


@pytest.mark.parametrize("text", [*SCALARS, *(f"{outer}({inner})" for outer in ("list", "map") for inner in SCALARS)])
def test_a_type_is_written_as_it_was_read(text: str) -> None:
    assert str(VariableType.from_text(text)) == text


@pytest.mark.parametrize(
    "text", ["", "any", "list", "list()", "list(list(string))", "set(string)", "list(string", "string)"]
)
def test_other_types_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a variable type"):
        VariableType.from_text(text)


def test_the_item_of_a_list_or_map_is_its_scalar() -> None:
    assert VariableType("number", "map").item == VariableType("number")
    assert VariableType("bool").item == VariableType("bool")
