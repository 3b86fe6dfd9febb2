"""Variables: the inputs that a blueprint asks the team for, and the values that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

from provisioning.blueprint.inputs.types import measure
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.blueprint.phrasing import listed
from provisioning.design.graph import Source, Value

MAX_PATTERN = 500


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> SchemaValidator:
    """Compiles a pattern with pydantic's engine (Rust's regex), which runs in linear time, so that
    no pattern can hang a form.

    Raises ValueError with the reason: look-around and back-references are not supported.
    """
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError as error:
        reasons = [
            line.removeprefix("error: ").strip() for line in str(error).splitlines() if line.startswith("error: ")
        ]
        raise ValueError(reasons[0] if reasons else "it is too large") from error


@dataclass(frozen=True, slots=True)
class Validation:
    """One condition. `min` and `max` compare a number, or the length of a text, list or map.
    `pattern` and `allowed` apply to each item of a list and to each value of a map.
    """

    source: Source
    message: str = ""
    pattern: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    allowed: tuple[Value, ...] | None = None

    def complaint(self, value: Value) -> str | None:
        """Returns the problem with a value, as the rest of a sentence that begins with the
        variable's name; None if it is valid.
        """
        if problem := self._problem(value):
            return self.message or problem
        return None

    def _problem(self, value: Value) -> str | None:
        items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]
        if self.pattern is not None and not all(compiled(self.pattern).isinstance_python(item) for item in items):
            return f"does not match {self.pattern}"
        if self.allowed is not None and any(item not in self.allowed for item in items):
            return f"should be {listed(map(str, self.allowed))}"
        if self.min is not None and measure(value) < self.min:
            return f"should be at least {self.min}" + _unit(value)
        if self.max is not None and measure(value) > self.max:
            return f"should be at most {self.max}" + _unit(value)
        return None


def _unit(value: Value) -> str:
    return " characters long" if isinstance(value, str) else " entries long" if isinstance(value, list | dict) else ""


@dataclass(frozen=True, slots=True)
class Variable:
    """One input of the form. A default applies only if the variable is not `required`; a default of
    None means "nothing".

    `defaults`, by size, replaces `default` if the file refers to `size.`; call `default_in`.
    `unless` names another variable that makes a required one unnecessary, for example a certificate
    instead of a domain. `terraform` lists further names by which Terraform modules know it.
    `of_template` marks a parameter of a CloudFormation template. `names_secret` marks one whose
    answer names a secret: a wrong answer may be the secret itself, and is not shown again.
    """

    name: str
    type: VariableType
    description: str
    source: Source
    default: Value = None
    defaults: Mapping[str, Value] = field(default_factory=dict)
    required: bool = True
    unless: str = ""
    example: Value = None
    sensitive: bool = False
    sizes: tuple[str, ...] | None = None
    validations: tuple[Validation, ...] = ()
    terraform: tuple[str, ...] = ()
    of_template: bool = False
    names_secret: bool = False

    def default_in(self, size: str) -> Value:
        return self.defaults.get(size, self.default)

    def complaints(self, value: Value) -> list[str]:
        """Every complaint of the validations about a value of the right type, as sentences."""
        complaints = (rule.complaint(value) for rule in self.validations)
        return [f"{self.name} {complaint.rstrip('.')}." for complaint in complaints if complaint]

    def settable_in(self, size: str) -> bool:
        return self.sizes is None or size in self.sizes
