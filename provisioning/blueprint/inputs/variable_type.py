"""The type of a variable: a scalar, or a list or map of one scalar type, as Terraform writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from provisioning.blueprint.syntax.tree import Call, Expression, Name

ScalarType = Literal["string", "number", "bool"]
ContainerType = Literal["list", "map"]
SCALARS: tuple[ScalarType, ...] = ("string", "number", "bool")
_TEXT = re.compile(r"(?:(?P<container>list|map)\()?(?P<scalar>string|number|bool)(?(container)\))")


@dataclass(frozen=True, slots=True)
class VariableType:
    """`scalar` is the type of the value, or of each entry if `container` is a list or a map."""

    scalar: ScalarType
    container: ContainerType | None = None

    @classmethod
    def from_text(cls, text: str) -> VariableType:
        """Parses `string`, `list(number)` and the like. Raises ValueError for any other text."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text} is not a variable type")
        return cls(cast("ScalarType", match["scalar"]), cast("ContainerType | None", match["container"]))

    @classmethod
    def from_expression(cls, expression: Expression) -> VariableType | None:
        """Reads the type that a `variable` block declares; None if blueprints have no such type."""
        match expression:
            case Name(name=name) if name in SCALARS:
                return cls(name)
            case Call(name="list" | "map" as container, arguments=(Name(name=name),)) if name in SCALARS:
                return cls(name, container)
            case _:
                return None

    def __str__(self) -> str:
        return f"{self.container}({self.scalar})" if self.container else self.scalar

    @property
    def item(self) -> VariableType:
        """The type of one entry; of the value itself if it is a scalar."""
        return VariableType(self.scalar)
