"""Checks what an expression refers to, in every branch, including those that no size uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.phrasing import known, shown
from provisioning.blueprint.syntax.tree import Call, Expression, Get, Literal, Name, children
from provisioning.design.expressions import DYNAMIC_REFERENCE_START

ENVIRONMENT = ("name", "region", "size", "team")
ACCOUNT = ("id", "partition", "region")
ROOTS = ("account", "component", "env", "size", "var")
_KIND_AND_NAME = 2


@dataclass(frozen=True, slots=True)
class KnownComponent:
    """`attributes` is None if the kind itself is unknown; its attributes are not checked then."""

    attributes: Collection[str] | None
    arguments: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Known:
    """Every name that a blueprint defines; components by kind, then name."""

    variables: Collection[str] = ()
    settings: Collection[str] = ()
    components: Mapping[str, Mapping[str, KnownComponent]] = field(default_factory=dict)

    def steps(self, line: int, root: str, keys: list[str]) -> int:
        """Returns how many keys the reference itself uses. Raises ProblemFound if the target does
        not exist.
        """
        match root:
            case "var":
                return _one_of(line, root, keys, self.variables, "variable")
            case "size":
                return _one_of(line, root, keys, self.settings, "size setting")
            case "env":
                return _one_of(line, root, keys, ENVIRONMENT, "fact of an environment")
            case "account":
                return _one_of(line, root, keys, ACCOUNT, "fact of an account")
            case "component":
                return self._component(line, keys)
            case _:
                raise ProblemFound(
                    line,
                    f"{shown(root)} is no reference; a reference begins with var., size., env., account. or component.",
                )

    def _component(self, line: int, keys: list[str]) -> int:
        if len(keys) < _KIND_AND_NAME:
            raise ProblemFound(line, "A reference to a component has its kind and its name: component.<kind>.<name>.")
        kind, name, *rest = keys
        of_kind = self.components.get(kind)
        if of_kind is None:
            raise ProblemFound(line, f"There is no component of the kind {shown(kind)}; {known(kind, self.components)}")
        component = of_kind.get(name)
        if component is None:
            raise ProblemFound(line, f"There is no component {kind}.{name[:80]}; {known(name, of_kind)}")
        if not rest:
            return _KIND_AND_NAME
        if (
            component.attributes is not None
            and rest[0] not in component.attributes
            and rest[0] not in component.arguments
        ):
            offered = {*component.attributes, *component.arguments}
            raise ProblemFound(line, f"{kind}.{name} has no attribute {shown(rest[0])}; {known(rest[0], offered)}")
        return _KIND_AND_NAME + 1


def _one_of(line: int, root: str, keys: list[str], names: Collection[str], what: str) -> int:
    if not keys:
        raise ProblemFound(line, f'"{root}" alone is not a value: write {root}.<name>.')
    if keys[0] not in names:
        raise ProblemFound(line, f"There is no {what} {shown(keys[0])}; {known(keys[0], names)}")
    return 1


def flatten(expression: Get) -> tuple[Expression, list[Expression]]:
    """Splits `a.b["c"][0]` into its root and keys, in order."""
    keys: list[Expression] = []
    target: Expression = expression
    while isinstance(target, Get):
        keys.append(target.key)
        target = target.target
    return target, keys[::-1]


def leading_names(keys: list[Expression]) -> list[str]:
    """The keys before the first computed one."""
    names: list[str] = []
    for key in keys:
        if not (isinstance(key, Literal) and isinstance(key.value, str)):
            break
        names.append(key.value)
    return names


def bare_word(name: Name) -> ProblemFound:
    if name.name in ROOTS:
        return ProblemFound(name.line, f'"{name.name}" alone is not a value: write {name.name}.<name>.')
    return ProblemFound(
        name.line, f"{shown(name.name)} is neither text nor a reference; if it is text, put it in quotes."
    )


def no_functions(call: Call) -> ProblemFound:
    return ProblemFound(
        call.line,
        f"Functions are not available in blueprints, and so neither is {shown(call.name)}: write the value, or make it an input or a size setting.",
    )


def roots(expression: Expression) -> Iterator[tuple[int, str]]:
    """The line and first word of every reference."""
    if isinstance(expression, Name):
        yield expression.line, expression.name
    for child in children(expression):
        yield from roots(child)


def problems_in(expression: Expression, names: Known) -> Iterator[ProblemFound]:
    """Reports every undefined reference, bare word and function call in an expression."""
    match expression:
        case Literal(value=str(text)) if DYNAMIC_REFERENCE_START.search(text):
            yield ProblemFound(
                expression.line,
                "A blueprint may not contain a dynamic reference ({{resolve: …}}): AWS would put a stored secret there. "
                "Use a component that reads the secret, such as secret, or its setting for a secret's name.",
            )
        case Name():
            yield bare_word(expression)
        case Call():
            yield no_functions(expression)
        case Get():
            root, keys = flatten(expression)
            if isinstance(root, Name):
                try:
                    names.steps(expression.line, root.name, leading_names(keys))
                except ProblemFound as problem:
                    yield problem
            else:
                yield from problems_in(root, names)
            for key in keys:
                yield from problems_in(key, names)
        case _:
            for child in children(expression):
                yield from problems_in(child, names)
