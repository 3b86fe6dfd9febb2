"""What a change of several stacks means for the values that one stack takes from another.

CloudFormation plans each stack with the values of now. If the change of an earlier stack gives an
output another value, the change set of the later stack is not the one that has to run. Such a plan
is refused, because it would stop half way: the later stack would still use what the earlier one has
replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.aws.identifiers import lives_as_long_as_resource
from provisioning.components.kit.intrinsic_functions import mentions
from provisioning.lifecycle.change_plan.review import ChangeFinding
from provisioning.lifecycle.plan_document import PlannedChange, PlannedChangeSet, PlannedStack, StackInput


@dataclass(frozen=True, slots=True)
class Source:
    """A stack whose outputs others take. `old` and `new` are its whole templates, `parameters` those
    that it has now, each with the value that AWS has read for it from SSM.
    """

    change_set: PlannedChangeSet
    parameters: Mapping[str, tuple[str, str]]
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def change_of(self, logical_id: str) -> PlannedChange | None:
        return next((change for change in self.change_set.changes if change.logical_id == logical_id), None)


def find_changed_inputs(
    stacks: Sequence[PlannedStack], sources: Mapping[str, Source], *, reverts_drift: bool
) -> Iterator[ChangeFinding]:
    """Findings about stack inputs that will, or may, have another value after the change of their
    source. Those that will not be right afterwards refuse the plan.
    """
    for stack in stacks:
        for needed in stack.inputs:
            source = sources[needed.stack]
            if not source.change_set.has_changes:
                continue
            if reasons := list(_changes(source, needed.output)):
                yield (_put_back if reverts_drift else _refused)(stack, needed, reasons)
            elif not reverts_drift and (unsure := list(_unsure(source, needed.output))):
                yield _warned(stack, needed, unsure)


def _changes(source: Source, output: str) -> Iterator[str]:
    """Why the value of an output is, or may be, another one afterwards."""
    before, after = (template.get("Outputs", {}).get(output, {}).get("Value") for template in (source.old, source.new))
    if before != after:
        yield f"the output {output} is defined in another way"
    for mention in mentions(after):
        change, parameter = source.change_of(mention.name), source.change_set.parameters.get(mention.name)
        if parameter is not None and parameter != source.parameters.get(mention.name, ("", ""))[0]:
            yield f"the parameter {mention.name} changes"
        if change is None:
            continue
        if change.action in ("Add", "Remove"):
            yield f"{mention.name} is {'created' if change.action == 'Add' else 'removed'}"
        elif change.replacement != "False":
            yield f"{mention.name} {'is' if change.replacement == 'True' else 'may be'} replaced"


def _unsure(source: Source, output: str) -> Iterator[str]:
    """Attributes that may change although their resource is modified in place."""
    for mention in mentions(source.new.get("Outputs", {}).get(output, {}).get("Value")):
        change = source.change_of(mention.name)
        if change is not None and not lives_as_long_as_resource(change.type, mention.attribute):
            yield f"{mention.name}.{mention.attribute}" if mention.attribute else mention.name


def _refused(stack: PlannedStack, needed: StackInput, reasons: Sequence[str]) -> ChangeFinding:
    return _finding(
        stack,
        needed,
        f"and this change gives it another value: {_joined(reasons)}. CloudFormation can plan {stack.key} only with "
        "the value of now.",
        f"Keep the present inputs, or choose a version that leaves {needed.stack} as it is. Otherwise request a "
        "new environment with this design.",
        is_blocking=True,
    )


def _put_back(stack: PlannedStack, needed: StackInput, reasons: Sequence[str]) -> ChangeFinding:
    return _finding(
        stack,
        needed,
        f"and keeps its former value: {_joined(reasons)}.",
        f"Afterwards request a change with the same inputs. It gives {stack.key} the new value.",
    )


def _warned(stack: PlannedStack, needed: StackInput, unsure: Sequence[str]) -> ChangeFinding:
    return _finding(
        stack,
        needed,
        f"and AWS does not say whether {_joined(unsure)} keeps its value.",
        f"If it changes, the change stops before {stack.key}, and the rest needs a new plan.",
    )


def _finding(
    stack: PlannedStack, needed: StackInput, rest: str, remedy: str, *, is_blocking: bool = False
) -> ChangeFinding:
    sentence = f"The stack {stack.key} takes {needed.parameter} from {needed.stack}, {rest}"
    return ChangeFinding("update.stack-inputs", stack.key, "", sentence, remedy, "", is_blocking=is_blocking)


def _joined(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))
