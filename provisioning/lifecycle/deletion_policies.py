"""What CloudFormation does with each resource of a stack when it deletes the stack, read from the
template as it is in AWS.

DeletionPolicy is Delete, Retain, RetainExceptOnCreate or Snapshot. RetainExceptOnCreate is Retain,
except for the operation that creates the resource.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from provisioning.aws import aws_type
from provisioning.components.kinds.cloudformation.imported_template.reading import TemplateProblem, read_template

DELETE: Final = "Delete"
RETAIN: Final = "Retain"
SNAPSHOT: Final = "Snapshot"
_POLICIES: Final = frozenset({DELETE, RETAIN, "RetainExceptOnCreate", SNAPSHOT})
_NOT_CREATED: Final = frozenset({"CREATE_FAILED", "CREATE_IN_PROGRESS"})


def deletion_policies(template: str, logical_ids: Iterable[str]) -> dict[str, str]:
    """Return the policy of each of these resources of a stack.

    What the template does not say for certain counts as Retain: a resource that a macro has added,
    a policy that is an expression, and every resource of a template that cannot be read. The portal
    then empties nothing, and CloudFormation decides.
    """
    try:
        resources = read_template(template).section("Resources")
    except TemplateProblem:
        return dict.fromkeys(logical_ids, RETAIN)
    return {name: _policy_of(resources[name]) if name in resources else RETAIN for name in logical_ids}


def _policy_of(resource: Mapping[str, Any]) -> str:
    record, properties = aws_type(resource["Type"]), resource.get("Properties") or {}
    policy = resource.get("DeletionPolicy", record.default_policy(properties))
    if policy == DELETE and record.leaves_snapshot(properties):
        return SNAPSHOT
    return policy if isinstance(policy, str) and policy in _POLICIES else RETAIN


def outlives_stack(policy: str, status: str) -> str:
    """Return how a resource in this status outlives the deletion of its stack: Retain, Snapshot, or
    "" if it is deleted. A resource without a known policy is deleted.
    """
    if policy == "RetainExceptOnCreate":
        return "" if status in _NOT_CREATED else RETAIN
    return policy if policy in (RETAIN, SNAPSHOT) else ""


def may_be_emptied(policy: str | None) -> bool:
    """Whether the portal may delete what the resource contains. It never touches what a template
    retains, whatever the status, nor a resource whose policy is not known.
    """
    return policy in (DELETE, SNAPSHOT)
