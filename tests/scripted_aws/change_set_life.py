"""How a change set comes about: pending, in progress, then complete, or failed because it changes
nothing or cannot be carried out.
"""

from __future__ import annotations

import json
from dataclasses import replace

from tests.scripted_aws.cloud import Cloud, ScriptedChangeSet, ScriptedStack
from tests.scripted_aws.comparison import Comparison
from tests.scripted_aws.drift import with_drift
from tests.scripted_aws.rendering import Template
from tests.scripted_aws.stack_state import parameters_of, parsed, template_of

NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSetLife:
    def __init__(self, cloud: Cloud, stack: ScriptedStack, change_set: ScriptedChangeSet) -> None:
        self.cloud, self.stack, self.change_set = cloud, stack, change_set

    def begin(self) -> None:
        self.cloud.later(self.cloud.change_set_seconds / 2, self._compare)

    def _compare(self) -> None:
        if self.change_set.is_deleted:
            return
        self.change_set.status = "CREATE_IN_PROGRESS"
        self.cloud.later(self.cloud.change_set_seconds / 2, self._end)

    def _end(self) -> None:
        if self.change_set.is_deleted:
            return
        if (reason := self._failure()) is not None:
            self._fail(reason)
            return
        new = template_of(self.cloud, self.stack.place, self.change_set.target)
        self._compare_with(new)
        if self.change_set.changes or self._outputs_differ(new):
            self.change_set.status, self.change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
        else:
            self._fail(NOTHING)

    def _failure(self) -> str | None:
        if self.cloud.fail_change_set:
            return self.cloud.fail_change_set.pop(0)
        found, self.cloud.validations = self.cloud.validations, []
        for event in found:
            self.stack.operation_events.append(
                replace(
                    event,
                    event_id=f"validation-{self.cloud.number()}",
                    at=self.cloud.at(),
                    type="VALIDATION_ERROR",
                    operation_type="CREATE_CHANGESET",
                    operation_id=self.change_set.change_set_id,
                )
            )
        if any(event.validation_mode == "FAIL" for event in found):
            return "Validation failed. Use the DescribeEvents API to get the details."
        return self._other_types()

    def _other_types(self) -> str | None:
        new = template_of(self.cloud, self.stack.place, self.change_set.target).resources
        for name, old in self.stack.rendered.items():
            if name in new and new[name].type != old.type:
                return f"Update of resource type is not permitted. The new template modifies resource type of the following resources: [{name}]"
        return None

    def _fail(self, reason: str) -> None:
        self.change_set.status, self.change_set.reason = "FAILED", reason

    def _compare_with(self, new: Template) -> None:
        stack, change_set = self.stack, self.change_set
        old = parameters_of(self.cloud, stack.place, stack.spec)
        now = parameters_of(self.cloud, stack.place, change_set.target)
        given = {**stack.spec.parameters}, {**change_set.target.parameters}
        comparison = Comparison(
            old=stack.rendered,
            new=new.resources,
            physical={
                name: item.physical_id
                for name, item in stack.resources.items()
                if item.status not in ("CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED")
            },
            tags_differ=dict(stack.spec.tags) != dict(change_set.target.tags),
            parameters_differ=frozenset(
                name
                for name in {*old, *now}
                if (old.get(name), given[0].get(name)) != (now.get(name), given[1].get(name))
            ),
        )
        changes = comparison.changes()
        if change_set.spec.revert_drift:
            changes = with_drift(self.cloud, stack, dict(new.resources), changes)
            change_set.drift_status = "DRIFTED" if any(change.drift_status for change in changes) else "IN_SYNC"
        # AWS documents no order.
        changes.sort(key=lambda change: change.logical_id, reverse=bool(len(stack.change_sets) % 2))
        change_set.changes = tuple(changes)

    def _outputs_differ(self, new: Template) -> bool:
        old = template_of(self.cloud, self.stack.place, self.stack.spec)
        conditions = [parsed(spec.body).get("Outputs") for spec in (self.stack.spec, self.change_set.target)]
        return conditions[0] != conditions[1] or json.dumps(old.outputs, sort_keys=True, default=str) != json.dumps(
            new.outputs, sort_keys=True, default=str
        )
