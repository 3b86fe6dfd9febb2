"""What CloudFormation does when a stack is updated: levels of resources, replacement, the stack
policy, clean-up, and rollback, which may fail as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

from provisioning.aws import interface
from tests.scripted_aws.cloud import Cloud, Resource, ScriptedStack
from tests.scripted_aws.formation import Formation
from tests.scripted_aws.records import Before
from tests.scripted_aws.schemas import schema_of
from tests.scripted_aws.stack_policies import denial
from tests.scripted_aws.stack_state import template_of

Work = Literal["add", "modify", "replace", "remove"]


class Update(Formation):
    """One update of a stack. `revert_drift` sets drifted resources back as well."""

    def __init__(
        self, cloud: Cloud, stack: ScriptedStack, target: interface.StackSpec, *, revert_drift: bool = False
    ) -> None:
        # A failed update that was not rolled back still returns to where it began.
        before = cloud.unfinished.get(stack.stack_id) or Before(
            stack.spec, stack.rendered, {name: replace(item) for name, item in stack.resources.items()}
        )
        self.before = cloud.unfinished[stack.stack_id] = before
        self.old_rendered = stack.rendered
        self.tags_differ = dict(stack.spec.tags) != dict(target.tags)
        stack.spec = target
        stack.rendered = template_of(cloud, stack.place, target).resources
        super().__init__(cloud, stack)
        self.revert_drift = revert_drift
        self.work = self._planned()
        self.replaced: list[Resource] = []

    def _planned(self) -> dict[str, Work]:
        work: dict[str, Work] = {}
        for name in (name for wave in self.waves for name in wave):
            if (needed := self._needed(name, work)) is not None:
                work[name] = needed
        return work | {name: "remove" for name in self.stack.resources if name not in self.stack.rendered}

    def _needed(self, name: str, work: Mapping[str, Work]) -> Work | None:
        resource, new = self.stack.resources.get(name), self.stack.rendered[name]
        if resource is None or resource.status in ("CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED"):
            return "add"
        if self.revert_drift and not self.cloud.lives(self.stack, resource):
            return "add"
        now = resource.actual if self.revert_drift else resource.properties
        differing = {prop for prop in {*now, *new.properties} if now.get(prop) != new.properties.get(prop)}
        moved = {name for name, done in work.items() if done == "replace"}
        differing |= {prop for prop, refs in new.references.items() if any(other in moved for other, _ in refs)}
        if differing & schema_of(new.type).create_only:
            return "replace"
        old = self.old_rendered.get(name)
        retagged = self.tags_differ and schema_of(new.type).taggable
        return "modify" if differing or retagged or old is None or old.attributes != new.attributes else None

    # The way there

    def start(self) -> None:
        self.stack.updated_at = self.cloud.at()
        self.cloud.set_status(self.stack, "UPDATE_IN_PROGRESS", "User Initiated")
        self._update_wave(0)

    def _update_wave(self, number: int) -> None:
        if number == len(self.waves):
            self._clean_up()
            return
        for name in self.waves[number]:
            if self.work.get(name) == "add":
                self.begin(name)
            elif name in self.work:
                self.mark(self.stack.resources[name], "UPDATE_IN_PROGRESS")
        self.after(self.cloud.resource_seconds, lambda: self._update_wave_ends(number))

    def _update_wave_ends(self, number: int) -> None:
        names = [name for name in self.waves[number] if name in self.work]
        for name in names:
            if (reason := self._refusal(name)) is not None:
                self._update_fails(name, reason)
                return
        for name in names:
            self._carry_out(name)
        self._update_wave(number + 1)

    def _refusal(self, name: str) -> str | None:
        resource, work = self.stack.resources[name], self.work[name]
        failing = self.cloud.fail_create if work == "add" else self.cloud.fail_update
        if failing.get(name):
            return failing[name].pop(0)
        if work == "add":
            return self.code_missing(resource)
        update: Literal["Update:Modify", "Update:Replace"] = "Update:Replace" if work == "replace" else "Update:Modify"
        if denied := denial(self.stack.policy, update, logical_id=name, resource_type=resource.type):
            return denied
        old = self.old_rendered.get(name)
        named = self.custom_name(name)
        if (
            work == "replace"
            and named
            and old is not None
            and named == old.properties.get(schema_of(old.type).name_property)
        ):
            return f"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {named} and update the stack again."
        if not self.cloud.lives(self.stack, resource):
            return f"Resource of type '{resource.type}' with identifier '{resource.physical_id}' was not found."
        return self.code_missing(resource)

    def _carry_out(self, name: str) -> None:
        resource, new = self.stack.resources[name], self.stack.rendered[name]
        if self.work[name] == "add":
            self.born(resource)
            return
        if self.work[name] == "replace":
            self.replaced.append(replace(resource))
            resource.physical_id, resource.edits = self._physical(resource), {}
        if self.revert_drift:
            resource.edits = {}
        resource.edits = {
            prop: value
            for prop, value in resource.edits.items()
            if new.properties.get(prop) == resource.properties.get(prop)
        }
        resource.properties = new.properties
        self.cloud.bear(self.stack, resource)
        self.mark(resource, "UPDATE_COMPLETE")

    def _clean_up(self) -> None:
        for name, work in self.work.items():
            resource = self.stack.resources.get(name)
            if work == "remove" and resource is not None and resource.status != "DELETE_COMPLETE":
                denied = denial(self.stack.policy, "Update:Delete", logical_id=name, resource_type=resource.type)
                if denied is not None:
                    self._update_fails(name, denied)
                    return
        self.cloud.set_status(self.stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self.after(self.cloud.resource_seconds, self._cleaned_up)

    def _cleaned_up(self) -> None:
        """What cannot be deleted leaves the stack and lives on."""
        left = False
        for resource in self.replaced:
            policy = self.stack.rendered[resource.logical_id].replace_policy
            left |= not self._discard(resource, policy)
        for name in [name for name, work in self.work.items() if work == "remove"]:
            resource = self.stack.resources.pop(name)
            old = self.old_rendered.get(name)
            left |= not self._discard(resource, old.deletion_policy if old else "Delete")
        self.cloud.unfinished.pop(self.stack.stack_id, None)
        reason = "Update successful. One or more resources could not be deleted." if left else ""
        self.cloud.set_status(self.stack, "UPDATE_COMPLETE", reason)
        self._end_change_set("EXECUTE_COMPLETE")

    def _discard(self, resource: Resource, policy: str) -> bool:
        if policy.startswith("Retain"):
            self.mark(resource, "DELETE_SKIPPED")
            return True
        if (reason := self.keeps(resource, policy)) is not None:
            self.mark(resource, "DELETE_FAILED", reason)
            return False
        self.gone(resource, policy)
        return True

    # The way back

    def _update_fails(self, name: str, reason: str) -> None:
        resource = self.stack.resources[name]
        self.mark(resource, "CREATE_FAILED" if self.work[name] == "add" else "UPDATE_FAILED", reason)
        self._end_change_set("EXECUTE_FAILED")
        sentence = f"The following resource(s) failed to update: [{name}]."
        if self.stack.disable_rollback:
            self.cloud.set_status(self.stack, "UPDATE_FAILED", sentence)
        else:
            go_back(self.cloud, self.stack, sentence)

    def _end_change_set(self, status: str) -> None:
        for change_set in self.stack.change_sets:
            if change_set.change_set_id == self.stack.change_set_id:
                change_set.execution_status = status


def go_back(cloud: Cloud, stack: ScriptedStack, reason: str, *, skip: Collection[str] = ()) -> None:
    """Roll an update back to where it began, without the resources to skip."""
    before: Before = cloud.unfinished[stack.stack_id]
    stack.spec, stack.rendered = before.spec, before.rendered
    formation = Formation(cloud, stack)
    cloud.set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    formation.after(cloud.resource_seconds, lambda: _gone_back(formation, before, skip))


def _gone_back(formation: Formation, before: Before, skip: Collection[str]) -> None:
    cloud, stack = formation.cloud, formation.stack
    stuck, discarded = [], []
    for name, old in before.resources.items():
        resource = stack.resources.get(name)
        if resource is None:
            stack.resources[name] = resource = replace(old)
        if name in skip:
            formation.mark(resource, "UPDATE_COMPLETE")
        elif (resource.physical_id, resource.properties) != (old.physical_id, old.properties) or resource.status in (
            "UPDATE_FAILED",
            "UPDATE_IN_PROGRESS",
        ):
            reason = _stuck(cloud, stack, old)
            if reason is not None:
                formation.mark(resource, "UPDATE_FAILED", reason)
                stuck.append(name)
                continue
            if resource.physical_id != old.physical_id:
                discarded.append(replace(resource))
            resource.physical_id, resource.properties = old.physical_id, old.properties
            formation.mark(resource, "UPDATE_COMPLETE")
    if stuck:
        cloud.set_status(stack, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: {stuck}.")
        return
    added = [name for name in stack.resources if name not in before.resources]
    cloud.set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    formation.after(cloud.resource_seconds, lambda: _cleaned(formation, discarded, added))


def _stuck(cloud: Cloud, stack: ScriptedStack, old: Resource) -> str | None:
    if scripted := cloud.fail_undo.get(old.logical_id):
        return scripted.pop(0)
    if not cloud.lives(stack, old):
        return f"Resource of type '{old.type}' with identifier '{old.physical_id}' was not found."
    return None


def _cleaned(formation: Formation, discarded: list[Resource], added: list[str]) -> None:
    cloud, stack = formation.cloud, formation.stack
    left = False
    for resource in [*discarded, *(stack.resources.pop(name) for name in added)]:
        if not cloud.lives(stack, resource) and resource.status == "DELETE_COMPLETE":
            continue
        if (reason := formation.keeps(resource, "Delete")) is not None:
            formation.mark(resource, "DELETE_FAILED", reason)
            left = True
        else:
            formation.gone(resource, "Delete")
    cloud.unfinished.pop(stack.stack_id, None)
    reason = "Rollback successful. One or more resources could not be deleted." if left else ""
    cloud.set_status(stack, "UPDATE_ROLLBACK_COMPLETE", reason)
