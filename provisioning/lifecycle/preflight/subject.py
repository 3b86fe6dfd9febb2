"""What preflight checks: the resources of all stacks, with their properties resolved as far as the
account, the region and the parameters decide them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from provisioning.design.names import ENVIRONMENT_ID_TAG, generation_of
from provisioning.lifecycle.plan_document import PlannedStack, StackedPlan
from provisioning.proof.model.parameter_cases import parameter_cases
from provisioning.proof.model.template import Model, Resource, Stack
from provisioning.proof.model.values import mark, unknown

GLOBAL_REGION: Final = "us-east-1"
"""Where CloudFront's certificates are, and where Service Quotas answers for global services."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One plan in one account. `examples` are the blueprint's example values, which need not exist
    in AWS.
    """

    document: StackedPlan
    model: Model
    regions: Mapping[str, str]
    stack_role_arn: str = ""
    examples: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)

    def of(self, *types: str) -> Iterator[Resource]:
        yield from self.model.of(*types)

    def region_of(self, resource: Resource) -> str:
        return self.regions[resource.stack]

    def by_region(self, *types: str) -> dict[str, list[Resource]]:
        resources: dict[str, list[Resource]] = {}
        for resource in self.of(*types):
            resources.setdefault(self.region_of(resource), []).append(resource)
        return resources

    def title_of(self, resource: Resource) -> str:
        """The resource as people know it, such as “PostgreSQL database”."""
        return self.titles.get(resource.logical_id, resource.logical_id)

    @property
    def main_region(self) -> str:
        return self.document.region

    @cached_property
    def tags(self) -> Mapping[str, str]:
        return self.document.main.tags

    @property
    def generation(self) -> str:
        """The environment's generation; empty for a plan of an earlier version, whose names have
        none.
        """
        environment_id = self.tags.get(ENVIRONMENT_ID_TAG, "")
        return generation_of(environment_id) if environment_id else ""


def subject_of(document: StackedPlan, *, stack_role_arn: str = "", examples: frozenset[str] = frozenset()) -> Subject:
    """Resolves the templates of a plan. Of a raw template's conditions, the parameters decide."""
    stacks = [_stack(stack) for stack in document.stacks]
    cases = {}
    for stack in stacks:
        from_outputs = {name: unknown(f"the output {output}") for name, (_, output) in stack.inputs.items()}
        prefix = "" if stack.key == "main" else f"{stack.key}/"
        of_stack = parameter_cases(
            stack.template, region=stack.region, prefix=prefix, given={**stack.parameters, **from_outputs}
        )
        cases[stack.key] = of_stack.cases[0]
    model = Model(stacks, cases)
    for resource in model.resources.values():
        decided = _decided(resource.properties, document, stack_name=document.stack(resource.stack).name)
        resource.properties.clear()
        resource.properties.update(decided)
    return Subject(
        document=document,
        model=model,
        regions={stack.key: stack.region for stack in document.stacks},
        stack_role_arn=stack_role_arn,
        examples=examples,
        titles=document.titles,
    )


def _stack(stack: PlannedStack) -> Stack:
    return Stack(
        template=json.loads(stack.body),
        region=stack.region,
        key=stack.key,
        parameters=stack.parameters,
        inputs={needed.parameter: (needed.stack, needed.output) for needed in stack.inputs},
    )


def _decided(value: Any, document: StackedPlan, *, stack_name: str) -> Any:
    """Fills in what the proof leaves open, because it judges a template for any account."""
    if isinstance(value, str):
        return value.replace(mark("AWS::AccountId"), document.account_id).replace(mark("AWS::StackName"), stack_name)
    if isinstance(value, dict):
        return {name: _decided(part, document, stack_name=stack_name) for name, part in value.items()}
    if isinstance(value, list):
        return [_decided(part, document, stack_name=stack_name) for part in value]
    return value
