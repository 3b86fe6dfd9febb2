"""Asks all questions of the onboarding templates and makes the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

from provisioning.aws.calls import Caller, calls
from provisioning.blueprint import Blueprint, Catalogue, example_inputs, resolve
from provisioning.components.external_names import external_names
from provisioning.design.errors import DesignError
from provisioning.design.external_names import ExternalKind
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.management.rights.environment_roles import environment_questions
from provisioning.management.rights.onboarding import (
    FOLDER,
    OnboardedTeam,
    Onboarding,
    PolicySize,
    policy_sizes,
    read_onboarding,
)
from provisioning.management.rights.optional_inputs import optional_inputs
from provisioning.management.rights.portal_role import portal_questions
from provisioning.management.rights.questions import Answer, Asker, Count, count
from provisioning.management.rights.rendered import RenderedStack, rendered_stacks
from provisioning.management.rights.stack_role import example_questions, stack_role_questions
from provisioning.policy.principal import Principal
from provisioning.policy.unknown_keys import UnknownKey, unknown_keys
from provisioning.template.compile import compile_design

ACCOUNT_ID: Final = "111122223333"
TEAM: Final = "payments"


@dataclass(frozen=True)
class Report:
    """`calls` and `planned_calls` are numbers of calls that the portal's role makes."""

    calls: int
    planned_calls: int
    answers: tuple[Answer, ...]
    unknown_keys: tuple[UnknownKey, ...]
    sizes: tuple[PolicySize, ...]

    @cached_property
    def gaps(self) -> tuple[Answer, ...]:
        """Every permission that is missing, once for each purpose."""
        gaps: dict[tuple[str, str], Answer] = {}
        for answer in self.answers:
            if not answer.decision.allowed:
                gaps.setdefault((answer.question.purpose, answer.question.action), answer)
        return tuple(gaps.values())

    @property
    def too_long(self) -> tuple[PolicySize, ...]:
        return tuple(size for size in self.sizes if not size.fits)

    @property
    def is_complete(self) -> bool:
        return not (self.gaps or self.too_long or self.unknown_keys)

    def count(self, asker: Asker) -> Count:
        return count(answer for answer in self.answers if answer.question.asker is asker)


def check_rights(catalogue: Catalogue, *, folder: Path = FOLDER) -> Report:
    """Raises BlueprintError and DesignError for a broken blueprint, PolicyError for a broken
    template.
    """
    rendered = tuple(rendered_catalogue(catalogue))
    stacks = tuple(stack for _, of_design in rendered for stack in of_design)
    onboarded = _onboarded([design for design, _ in rendered], stacks)
    onboarding = read_onboarding(onboarded, folder=folder)
    portal = onboarding.portal.principal()
    stack_role = onboarding.stack_role.principal()
    of_portal_role = [call for call in calls().values() if call.caller is Caller.PORTAL_ROLE]
    return Report(
        calls=len(of_portal_role),
        planned_calls=sum(call.planned is not None for call in of_portal_role),
        answers=tuple(_answers(onboarding, portal, stack_role, stacks)),
        unknown_keys=unknown_keys(portal.identity)
        + unknown_keys(stack_role.identity)
        + unknown_keys(onboarding.boundary),
        sizes=policy_sizes(onboarded, folder=folder),
    )


def _answers(
    onboarding: Onboarding, portal: Principal, stack_role: Principal, stacks: Sequence[RenderedStack]
) -> Iterator[Answer]:
    if stacks:
        yield from (question.ask(portal) for question in portal_questions(stacks[0].names))
        # An example acts on other resources of its stack, such as log groups; the largest stack has most kinds of them.
        largest = max(stacks, key=lambda stack: len(stack.resources))
        yield from (question.ask(stack_role) for question in example_questions(largest))
    known: dict[tuple[object, ...], Answer] = {}
    for stack in stacks:
        for question in stack_role_questions(stack):
            if question.is_about not in known:
                known[question.is_about] = question.ask(stack_role)
            yield Answer(question, known[question.is_about].decision)
        yield from (question.ask(role) for role, question in environment_questions(stack, onboarding.boundary))


def rendered_catalogue(catalogue: Catalogue) -> Iterator[tuple[Design, tuple[RenderedStack, ...]]]:
    """Renders every blueprint in every size, in an environment of the example team, and once more
    with its optional inputs.
    """
    for _, blueprint in sorted(catalogue.blueprints.items()):
        for size in blueprint.sizes:
            yield _rendered(blueprint, size, {})
        if optional := optional_inputs(blueprint):
            yield _rendered(blueprint, size, optional)


def _rendered(blueprint: Blueprint, size: str, given: Mapping[str, object]) -> tuple[Design, tuple[RenderedStack, ...]]:
    inputs, _ = example_inputs(blueprint, size, given)
    environment = EnvironmentContext(
        name=f"{blueprint.slug}-{size}",
        team=TEAM,
        region=blueprint.default_region,
        account_id=ACCOUNT_ID,
        environment_id=uuid5(NAMESPACE_DNS, f"{blueprint.slug}-{size}"),
    )
    design = resolve(blueprint, size=size, inputs=inputs, environment=environment)
    with_parameters = replace(design, output_parameters=True)
    try:
        return design, rendered_stacks(with_parameters, compile_design(with_parameters))
    except DesignError:  # a blueprint without outputs
        return design, rendered_stacks(design, compile_design(design))


def _onboarded(designs: Sequence[Design], stacks: Sequence[RenderedStack]) -> OnboardedTeam:
    """A team that may use whatever the examples of the blueprints name."""
    named = {name for design in designs for name in external_names(design)}
    return OnboardedTeam(
        account_id=ACCOUNT_ID,
        region=stacks[0].names.region if stacks else "eu-central-1",
        team=TEAM,
        hosted_zones=tuple(sorted({name.value for name in named if name.kind is ExternalKind.HOSTED_ZONE})),
        secrets=tuple(sorted({name.value for name in named if name.kind is ExternalKind.SECRET})),
    )
