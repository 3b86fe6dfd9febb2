"""One condition of a statement: an operator, a key and the values that the policy gives.

Sources in the IAM user guide: "Conditions with multiple context keys or values" and "Set operators
for multivalued context keys".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from provisioning.policy.errors import MalformedPolicy, UnknownOperator
from provisioning.policy.globs import Context, Glob, parse_glob
from provisioning.policy.operators import OPERATORS, Operator


class Quantifier(Enum):
    NONE = ""
    ALL = "forallvalues"
    ANY = "foranyvalue"


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is None for Null, which asks only whether the key is absent; `absent` is the answer it wants."""

    text: str
    key: str
    operator: Operator | None
    values: tuple[Glob, ...]
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False
    absent: bool = False

    def holds(self, context: Context) -> bool:
        actual = context.get(self.key)
        if self.operator is None:
            return (actual is None) == self.absent
        if actual is None:
            return self._holds_without_value(self.operator)
        if self.quantifier is not Quantifier.NONE:
            # An empty string is a "null dataset" for the set operators, and so is an empty list.
            actual = tuple(one for one in ((actual,) if isinstance(actual, str) else actual) if one)
            if not actual:
                return self._holds_without_value(self.operator)
        wanted = [
            text
            for one in self.values
            if (text := one.expanded(context, as_pattern=self.operator.wildcards)) is not None
        ]
        results = [
            self._compares(self.operator, one, wanted) for one in ((actual,) if isinstance(actual, str) else actual)
        ]
        if self.quantifier is Quantifier.ALL or (self.quantifier is Quantifier.NONE and self.operator.negated):
            return all(results)
        return any(results)

    def _holds_without_value(self, operator: Operator) -> bool:
        if self.if_exists or self.quantifier is Quantifier.ALL:
            return True
        return operator.negated and self.quantifier is Quantifier.NONE

    @staticmethod
    def _compares(operator: Operator, actual: str, wanted: list[str]) -> bool:
        return any(operator.test(actual, one) for one in wanted) is not operator.negated


def parse_condition(operator: str, key: str, values: object, *, with_variables: bool) -> Condition:
    """Compile one line of a Condition block; `values` is what the document has: text, number, boolean or a list."""
    listed = values if isinstance(values, list) else [values]
    texts = []
    for one in listed:
        if isinstance(one, bool):
            texts.append(str(one).lower())
        elif isinstance(one, str | int | float):
            texts.append(str(one))
        else:
            raise MalformedPolicy(f"Condition {operator} of {key} has a value that is no text: {one!r}")
    if not texts:
        raise MalformedPolicy(f"Condition {operator} of {key} has no value")
    text = f"{operator} {key} {', '.join(texts)}"
    if operator.lower() == "null":
        return Condition(text, key.lower(), None, (), absent=texts[0].lower() == "true")
    prefix, colon, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    known = OPERATORS.get(name.removesuffix("ifexists"))
    if known is None or (colon and prefix not in (Quantifier.ALL.value, Quantifier.ANY.value)):
        raise UnknownOperator(operator)
    globs = tuple(parse_glob(one, with_variables=with_variables) for one in texts)
    return Condition(text, key.lower(), known, globs, Quantifier(prefix), if_exists)
