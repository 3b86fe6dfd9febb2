"""Expressions that depend on the size only: a variable's default may use `size.<setting>`, and then
differs between sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from provisioning.blueprint.blueprint import Size
from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.syntax.evaluate import Budget, evaluate
from provisioning.blueprint.syntax.references import Known, problems_in, roots
from provisioning.blueprint.syntax.tree import Expression
from provisioning.design.graph import Value


class SizeScope:
    """The values of `size.` in one size. All evaluations in it share one budget."""

    def __init__(self, size: Size) -> None:
        self._settings = size.settings
        self._budget = Budget()

    def read(self, line: int, root: str, keys: list[str]) -> tuple[Value, int]:
        if root != "size" or not keys or keys[0] not in self._settings:
            raise ProblemFound(line, f"There is no {'.'.join([root, *keys])} in this size.")
        return self._budget.charge(line, self._settings[keys[0]]), 1


class BySize:
    """Evaluates an expression in every size."""

    def __init__(self, sizes: Mapping[str, Size]) -> None:
        self._sizes = sizes

    @cached_property
    def _scopes(self) -> dict[str, SizeScope]:
        return {name: SizeScope(size) for name, size in self._sizes.items()}

    @cached_property
    def _known(self) -> Known:
        return Known(settings={name for size in self._sizes.values() for name in size.settings})

    def values(self, expression: Expression) -> dict[str, Value]:
        """Returns the value in each size, or raises ProblemFound."""
        for line, root in roots(expression):
            if root in {"var", "env", "account", "component"}:
                raise ProblemFound(
                    line, f"Only size. may be referred to here, and not {root}.; write the value itself."
                )
        for problem in problems_in(expression, self._known):
            raise problem
        return {name: evaluate(expression, scope) for name, scope in self._scopes.items()}


def refers(expression: Expression) -> bool:
    return any(True for _ in roots(expression))
