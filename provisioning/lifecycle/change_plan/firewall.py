"""The replacement firewall: which changes may replace or delete something that holds data.

A dangerous verdict means that a second approver types the environment's name before the change runs.
There is no setting and no size without it. What the firewall cannot rule out is dangerous: an
unknown type, an answer that AWS does not explain, or a difference between AWS's answer and ours.

One kind of "Conditional" is known to be false: a reference to an attribute that lives as long as its
resource, if that resource is modified in place. Such a verdict is not dangerous, says why, and is
still shown to the approver.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from provisioning.aws.identifiers import is_create_only, lives_as_long_as_resource
from provisioning.aws.types import TYPES, aws_type
from provisioning.lifecycle.change_plan.normalise import NESTED_STACK
from provisioning.lifecycle.change_plan.template_difference import TemplateDifference
from provisioning.lifecycle.plan_document import FirewallVerdict, PlannedChange, PlannedDetail

_REFERENCES: Final = ("ResourceReference", "ResourceAttribute")
_IN_PLACE: Final = ("False",)
_LESS_PROTECTED: Final = "it is protected less than before."
_POLICY_CHANGES: Final = "Its policy for deletion or replacement changes."
_NO_DATA: Final = "It holds no data itself, but the stack policy protects it."


def judge(
    changes: Sequence[PlannedChange],
    difference: TemplateDifference,
    *,
    old_template: Mapping[str, Any],
    new_template: Mapping[str, Any],
    protected: Collection[str] = (),
) -> tuple[FirewallVerdict, ...]:
    """The verdicts on everything that holds data, or may, the dangerous ones first.

    `difference` is our own comparison of the two templates. `protected` are the logical ids that the
    stack policy forbids to replace or delete: it is relaxed for nothing that has no verdict.
    """
    by_id = {change.logical_id: change for change in changes}
    verdicts = [
        verdict
        for change in changes
        if (verdict := _judge_change(change, by_id, difference, (old_template, new_template), protected))
    ]
    verdicts += _unannounced(by_id, difference, old_template)
    return tuple(sorted(verdicts, key=lambda verdict: (not verdict.is_dangerous, verdict.logical_id)))


def may_hold_data(type_name: str) -> bool:
    """Whether the loss of such a resource may be a loss of data. A type that the portal does not
    know, such as a custom resource, may.
    """
    return aws_type(type_name).holds_data or type_name not in TYPES


def is_only_less_protected(verdict: FirewallVerdict) -> bool:
    """Whether nothing is replaced or deleted now, but may be later, because its protection ends."""
    reasons = [reason for reason in verdict.reasons if reason != _NO_DATA]
    return all(reason.endswith(_LESS_PROTECTED) or reason == _POLICY_CHANGES for reason in reasons)


def _judge_change(
    change: PlannedChange,
    by_id: Mapping[str, PlannedChange],
    difference: TemplateDifference,
    templates: tuple[Mapping[str, Any], Mapping[str, Any]],
    protected: Collection[str],
) -> FirewallVerdict | None:
    if change.type == NESTED_STACK:
        reasons = list(_nested(change))
    elif not may_hold_data(change.type) and change.logical_id not in protected:
        return None
    else:
        reasons = [*_announced(change), *_disagreement(change, difference), *_loosened(change, difference)]
    if not reasons:
        return None
    harmless = _known_false(change, by_id) if reasons == list(_announced(change)) else ()
    if not may_hold_data(change.type) and change.type != NESTED_STACK:
        reasons.append(_NO_DATA)
    return FirewallVerdict(
        logical_id=change.logical_id,
        type=change.type,
        physical_id=change.physical_id,
        is_dangerous=not harmless,
        outcome=_outcome(change, *templates),
        reasons=(*reasons, *harmless),
    )


def _announced(change: PlannedChange) -> Iterator[str]:
    """What AWS itself says, as sentences; nothing if the resource is added or modified in place."""
    match change.action, change.replacement:
        case "Remove", _:
            yield "It is removed from the stack."
        case "Add" | "Import", _:
            pass
        case "Dynamic", _:
            yield "AWS cannot say in advance what happens to it."
        case _, "True":
            yield f"It is replaced: {_causes(change)}."
        case _, "Conditional":
            yield f"It may be replaced: {_causes(change)}."
        case _, "False":
            pass
        case _:
            yield "AWS does not say whether it is replaced."
    if change.replacement in _IN_PLACE and change.policy_action.startswith(("Replace", "Delete")):
        yield f"AWS announces {change.policy_action} for it."


def _causes(change: PlannedChange) -> str:
    names = [
        f"{detail.name or detail.attribute} changes{f' through {detail.causing_entity}' if detail.causing_entity else ''}"
        for detail in change.details
        if detail.requires_recreation not in ("", "Never")
    ]
    return "; ".join(dict.fromkeys(names)) or "AWS gives no cause"


def _nested(change: PlannedChange) -> Iterator[str]:
    """AWS shows what happens inside a nested stack only in its own change set."""
    if change.action == "Remove":
        yield "A nested stack is removed with everything in it."
    elif change.action != "Add":
        yield (
            "A nested stack is changed. What happens to the data in it is in its own change set, which this portal does "
            "not judge."
            if change.nested
            else "A nested stack is changed, and AWS does not show what happens in it."
        )


def _disagreement(change: PlannedChange, difference: TemplateDifference) -> Iterator[str]:
    """Where our comparison of the templates says something worse than AWS does."""
    ours = difference.resources.get(change.logical_id)
    if ours is None or change.action in ("Remove", "Dynamic"):
        return
    if ours.kind == "removed":
        yield f"The new template no longer contains it, but AWS announces {change.action}."
    elif ours.kind == "changed" and change.replacement in _IN_PLACE:
        for one in ours.changes:
            if one.path == "Type" or is_create_only(change.type, one.path):
                yield f"{one.path} differs, which replaces a resource of this type, but AWS announces no replacement."


def _loosened(change: PlannedChange, difference: TemplateDifference) -> Iterator[str]:
    ours = difference.resources.get(change.logical_id)
    if ours is not None:
        yield from (f"{sentence}: {_LESS_PROTECTED}" for sentence in ours.loosened)
    elif not difference.is_readable and {"DeletionPolicy", "UpdateReplacePolicy"} & set(change.scope):
        yield _POLICY_CHANGES


def _unannounced(
    by_id: Mapping[str, PlannedChange], difference: TemplateDifference, old_template: Mapping[str, Any]
) -> Iterator[FirewallVerdict]:
    """What differs in the templates although AWS announces no change of it."""
    for logical_id, ours in difference.resources.items():
        old_type = str(old_template.get("Resources", {}).get(logical_id, {}).get("Type", ours.type))
        if logical_id in by_id or ours.kind == "added" or not (may_hold_data(old_type) or old_type == NESTED_STACK):
            continue
        sentence = (
            "The new template no longer contains it, but AWS does not announce its removal."
            if ours.kind == "removed"
            else f"It differs in the templates ({', '.join(one.path for one in ours.changes)}), but AWS announces no change."
        )
        reasons = (sentence, *(f"{loosened}: {_LESS_PROTECTED}" for loosened in ours.loosened))
        yield FirewallVerdict(logical_id, old_type, "", is_dangerous=True, outcome="unknown", reasons=reasons)


def _known_false(change: PlannedChange, by_id: Mapping[str, PlannedChange]) -> tuple[str, ...]:
    """Why a Conditional replacement cannot happen; empty if that is not certain."""
    if change.action != "Modify" or change.replacement != "Conditional":
        return ()
    reasons = []
    for detail in change.details:
        if detail.requires_recreation in ("", "Never"):
            continue
        if not (reason := _lasting_reference(detail, by_id)):
            return ()
        reasons.append(reason)
    return tuple(dict.fromkeys(reasons))


def _lasting_reference(detail: PlannedDetail, by_id: Mapping[str, PlannedChange]) -> str:
    if detail.source not in _REFERENCES or not detail.causing_entity:
        return ""
    logical_id, _, attribute = detail.causing_entity.partition(".")
    cause = by_id.get(logical_id)
    if cause is None or cause.action != "Modify" or cause.replacement not in _IN_PLACE:
        return ""
    if not lives_as_long_as_resource(cause.type, attribute):
        return ""
    named = f"{logical_id}.{attribute}" if attribute else f"the id of {logical_id}"
    return f"AWS does not know {named} in advance, but it keeps its value, because {logical_id} is modified in place."


def _outcome(change: PlannedChange, old_template: Mapping[str, Any], new_template: Mapping[str, Any]) -> str:
    """What becomes of the data: "snapshot", "retained", "deleted" or "unknown"."""
    policy = change.policy_action
    if not policy:
        policy_of, template = (
            ("DeletionPolicy", old_template) if change.action == "Remove" else ("UpdateReplacePolicy", new_template)
        )
        resource = template.get("Resources", {}).get(change.logical_id, {})
        stated = resource.get(policy_of)
        policy = stated if isinstance(stated, str) else ""
    for word, outcome in (("Retain", "retained"), ("Snapshot", "snapshot"), ("Delete", "deleted")):
        if policy.removesuffix("ExceptOnCreate").endswith(word):
            return outcome
    return "unknown"
