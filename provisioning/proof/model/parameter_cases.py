"""Parameter cases: the possible outcomes of a template's conditions.

Parameters that have a value decide the conditions. For a parameter without a value, every value
that the conditions compare it with is tried, so that a fault behind a condition is found. Its
finding names the parameters for which it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from provisioning.proof.model.resolve import Resolver
from provisioning.proof.model.values import is_known, mapping, unknown

MAX_CASES = 16
_OTHER = "any other value"
_NO_VALUE = "has no value here"
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class ParameterCase:
    """One case: the parameters' values (a mark if unknown), the outcome of the conditions, and the
    values chosen for it.
    """

    parameters: Mapping[str, Any]
    conditions: Mapping[str, bool]
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterCases:
    """`left_out` is the number of further cases that were not checked; `assumed` are sentences
    about parameters.
    """

    cases: tuple[ParameterCase, ...]
    left_out: int
    assumed: tuple[str, ...]


def parameter_cases(
    template: Mapping[str, Any], *, region: str, prefix: str, given: Mapping[str, Any]
) -> ParameterCases:
    """All cases of a template; `given` are the parameters that the stack is created with."""
    declared = mapping(template.get("Parameters"))
    conditions = mapping(template.get("Conditions"))
    known, assumed = _known(declared, given)
    free = _asked_for(conditions, declared, known)
    count = 1
    for values in free.values():
        count *= len(values)
    cases = []
    for choice in islice(product(*free.values()), MAX_CASES):
        chosen = dict(zip(free, choice, strict=True))
        parameters = {**known, **{name: value for name, value in chosen.items() if value != _OTHER}}
        for name in declared:
            parameters.setdefault(name, unknown(f"the parameter {name} {_NO_VALUE}"))
        resolver = Resolver(template, region=region, prefix=prefix, parameters=parameters)
        evaluated = _Conditions(conditions, resolver)
        answers = {name: evaluated.named(name) for name in conditions}
        # Conditions that cannot be decided are left out, so that a reader finds them unknown.
        decided = {name: answer for name, answer in answers.items() if answer is not None}
        cases.append(ParameterCase(parameters, decided, tuple(f"{n} = {v}" for n, v in chosen.items())))
    return ParameterCases(tuple(cases), max(0, count - MAX_CASES), tuple(assumed))


def _known(declared: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    known: dict[str, Any] = {}
    assumed = []
    for name, parameter in declared.items():
        described = mapping(parameter)
        kind = str(described.get("Type", "String"))
        if str(described.get("NoEcho", "")).lower() == "true":
            # A secret's value must not appear anywhere in a proof.
            known[name] = unknown(f"the secret parameter {name}")
            continue
        if name in given:
            value = given[name]
        elif kind.startswith("AWS::SSM::Parameter::Value"):
            assumed.append(f"{name} is read from Parameter Store when the stack is created")
            continue
        elif "Default" in described:
            value = described["Default"]
            assumed.append(f"{name} was not given: its default is used")
        else:
            assumed.append(f"{name} was not given and has no default")
            continue
        if isinstance(value, str) and ("List" in kind):
            value = [part.strip() for part in value.split(",")]
        known[name] = value
    return known, assumed


def _asked_for(
    conditions: Mapping[str, Any], declared: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The parameters without a value that conditions compare, with the values that matter."""
    asked: dict[str, set[str]] = {}
    for one, other in _comparisons(conditions):
        for side, against in ((one, other), (other, one)):
            name = side.get("Ref") if isinstance(side, dict) else None
            if isinstance(name, str) and name in declared and name not in known:
                asked.setdefault(name, set()).update([str(against)] if isinstance(against, (str, int)) else [])
    result = {}
    for name, values in asked.items():
        allowed = mapping(declared[name]).get("AllowedValues")
        options = [str(value) for value in allowed] if isinstance(allowed, list) else []
        rest = (_OTHER,) if not options or set(options) - values else ()
        compared = sorted(values & set(options)) if options else sorted(values)
        result[name] = (*compared, *rest) or (_OTHER,)
    return result


def _comparisons(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "Fn::Equals" and isinstance(part, list) and len(part) == 2:  # noqa: PLR2004
                yield part[0], part[1]
            yield from _comparisons(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _comparisons(part, depth + 1)


class _Conditions:
    """Decides conditions by name; a condition that is undecidable or refers to itself is None."""

    def __init__(self, conditions: Mapping[str, Any], resolver: Resolver) -> None:
        self.conditions = conditions
        self.resolver = resolver
        self.decided: dict[str, bool | None] = {}

    def named(self, name: Any) -> bool | None:
        if not isinstance(name, str):
            return None
        if name not in self.decided:
            self.decided[name] = None
            self.decided[name] = self.holds(self.conditions.get(name), 0)
        return self.decided[name]

    def holds(self, value: Any, depth: int) -> bool | None:
        if not isinstance(value, dict) or len(value) != 1 or depth > _DEEPEST:
            return None
        ((function, argument),) = value.items()
        if function == "Condition":
            return self.named(argument)
        parts = argument if isinstance(argument, list) else []
        if function == "Fn::Equals":
            return _equal(*map(self.resolver.resolve, parts)) if len(parts) == 2 else None  # noqa: PLR2004
        answers = [self.holds(part, depth + 1) for part in parts]
        return _combined(function, answers)


def _combined(function: str, answers: list[bool | None]) -> bool | None:
    if function == "Fn::Not" and len(answers) == 1:
        return None if answers[0] is None else not answers[0]
    if function not in ("Fn::And", "Fn::Or"):
        return None
    decisive = function == "Fn::Or"
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def _equal(one: Any, other: Any) -> bool | None:
    if is_known(one) and is_known(other):
        return str(one) == str(other)
    # A parameter with "any other value" differs from every value that it is compared with.
    return False if is_known(one) != is_known(other) and _NO_VALUE in f"{one}{other}" else None
