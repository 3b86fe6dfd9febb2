"""What changes between two versions of a blueprint: its questions, its sizes, its parts, and the templates of one environment.

Pure: both versions are resolved and compiled with the same answers in the same place, whether or not anybody has that
environment. Values of sensitive inputs are in nothing that comes out of here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from provisioning.blueprint import Blueprint, BlueprintError, InputErrors, Inputs, example_inputs, resolve
from provisioning.blueprint.catalogue.load import FILE
from provisioning.blueprint.syntax.operators import same
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design, EnvironmentContext, Value
from provisioning.template.compile import CompiledDesign, compile_design
from provisioning.template.diff import Difference, PropertyChange, compare_designs
from provisioning.version_diff.input_changes import InputChange, input_changes

HIDDEN = "(sensitive, not shown)"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One line of a size's table. None stands for a size that does not say it."""

    size: str
    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class PartChange:
    """Something that is `added`, `removed` or `changed`: a component by its address, a file by its path."""

    kind: str
    name: str


@dataclass(frozen=True)
class VersionChanges:
    """`template` is None, and `trouble` says why, where one of the two cannot be made with these answers.

    `assumed` are the inputs that took their example, `refused` the answers that the later version does not take, by
    input.
    """

    before: Blueprint
    after: Blueprint
    size: str
    inputs: tuple[InputChange, ...]
    settings: tuple[SettingChange, ...]
    regions: tuple[PartChange, ...]
    components: tuple[PartChange, ...]
    files: tuple[PartChange, ...]
    template: Difference | None
    trouble: str = ""
    assumed: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        told = (self.inputs, self.settings, self.regions, self.components, self.files, self.refused)
        return not any(told) and self.template is not None and self.template.is_empty


def compare_versions(
    before: Blueprint,
    after: Blueprint,
    *,
    size: str,
    inputs: Mapping[str, Value],
    environment: EnvironmentContext,
) -> VersionChanges:
    """Compare two versions in one size and place.

    `inputs` are answers to the earlier version; where one is what that version gives by default, the later version's
    default takes its place, and a required input without an answer takes its example.
    """
    old, old_examples, _ = _answers(before, size, inputs)
    given = _given(before, size, inputs)
    new, new_examples, refused = _answers(after, size, {k: v for k, v in given.items() if k in after.variables})
    template, trouble = _compare_templates(before, after, size=size, old=old, new=new, environment=environment)
    return VersionChanges(
        before=before,
        after=after,
        size=size,
        inputs=tuple(input_changes(before, after)),
        settings=tuple(_settings(before, after)),
        regions=_parts(dict.fromkeys(before.regions), dict.fromkeys(after.regions)),
        components=_parts(*(dict.fromkeys(block.address for block in one.components) for one in (before, after))),
        files=_parts(*({k: v for k, v in one.files.digests.items() if k != FILE} for one in (before, after))),
        template=template,
        trouble=trouble,
        assumed=tuple(dict.fromkeys([*old_examples, *new_examples])),
        refused=refused,
    )


def _given(blueprint: Blueprint, size: str, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """The answers that are not just the default: an environment stores both alike."""
    return {
        name: value
        for name, value in inputs.items()
        if (variable := blueprint.variables.get(name))
        and (variable.required or not same(value, variable.default_in(size)))
    }


def _answers(
    blueprint: Blueprint, size: str, given: Mapping[str, Value]
) -> tuple[Inputs | None, list[str], dict[str, str]]:
    """All inputs, which of them took their example, and what was wrong with those that were left out for it."""
    try:
        return *example_inputs(blueprint, size, given), {}
    except InputErrors as error:
        refused = {name: " ".join(said) for name, said in error.errors.items() if name in given}
    left = {name: value for name, value in given.items() if name not in refused}
    try:
        return *example_inputs(blueprint, size, left), refused
    except InputErrors as error:
        return None, [], {**refused, **{name: " ".join(said) for name, said in error.errors.items()}}


def _compare_templates(
    before: Blueprint,
    after: Blueprint,
    *,
    size: str,
    old: Inputs | None,
    new: Inputs | None,
    environment: EnvironmentContext,
) -> tuple[Difference | None, str]:
    made: list[CompiledDesign] = []
    for blueprint, inputs in ((before, old), (after, new)):
        if inputs is None:
            return None, f"Version {blueprint.version} cannot be made with these answers."
        try:
            design = resolve(blueprint, size=size, inputs=inputs, environment=environment)
            made.append(compile_design(_under_one_name(design, before)))
        except (BlueprintError, DesignError) as error:
            return None, f"Version {blueprint.version} cannot be made with these answers: {error}"
    secrets = {*_secrets(before, old), *_secrets(after, new)}
    return _without(compare_designs(*made), secrets), ""


def _under_one_name(design: Design, before: Blueprint) -> Design:
    """The version stands in a tag of every resource, and that it differs goes without saying."""
    return replace(design, version=before.version, digest=before.digest)


def _secrets(blueprint: Blueprint, inputs: Inputs | None) -> Iterator[str]:
    for name, value in (inputs or {}).items():
        if blueprint.variables[name].sensitive:
            yield from _texts(value)


def _texts(value: Value) -> Iterator[str]:
    match value:
        case str() if value:
            # As it stands in JSON's text, too.
            yield from {value, json.dumps(value, ensure_ascii=False)[1:-1]}
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)


def _without(difference: Difference, secrets: Iterable[str]) -> Difference:
    """A value that holds a secret is not shown at all, rather than with a gap that tells its length."""
    hidden = tuple(secrets)

    def told(text: str | None) -> str | None:
        return HIDDEN if text is not None and any(secret in text for secret in hidden) else text

    if not hidden:
        return difference
    return replace(
        difference,
        resources=tuple(
            replace(
                resource,
                changes=tuple(PropertyChange(one.path, told(one.before), told(one.after)) for one in resource.changes),
            )
            for resource in difference.resources
        ),
    )


def _settings(before: Blueprint, after: Blueprint) -> Iterator[SettingChange]:
    for size in before.sizes:
        old, new = before.sizes[size].settings, after.sizes[size].settings
        for name in dict.fromkeys([*old, *new]):
            if not same(old.get(name), new.get(name)):
                yield SettingChange(size, name, old.get(name), new.get(name))


def _parts(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[PartChange, ...]:
    changed = [name for name in before if name in after and before[name] != after[name]]
    return (
        *(PartChange("removed", name) for name in before if name not in after),
        *(PartChange("changed", name) for name in changed),
        *(PartChange("added", name) for name in after if name not in before),
    )
