"""Plans and reports for the preflight stories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from provisioning.aws.interface import AccountAccess, Aws
from provisioning.lifecycle.plan_document import CreatePlan, PinnedBlueprint, PlannedResource, PlannedStack
from provisioning.lifecycle.preflight.report import CheckResult, Outcome, PreflightReport
from provisioning.lifecycle.preflight.run import run_preflight
from provisioning.lifecycle.preflight.subject import subject_of
from provisioning.lifecycle.preflight.survey import Survey
from provisioning.template.compile import CompiledDesign
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.cloud import Cloud, Place
from tests.scripted_aws.reads import AccountScript

ACCOUNT = "123456789012"
REGION = "eu-north-1"
ENVIRONMENT_ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def planned(
    template: Mapping[str, Any],
    *,
    key: str = "main",
    region: str = REGION,
    parameters: Mapping[str, str] | None = None,
    name: str = "payments-orders-dev-7k2mx",
) -> PlannedStack:
    resources = template.get("Resources", {})
    return PlannedStack(
        key=key,
        name=name if key == "main" else f"{name}-{key}",
        region=region,
        body=json.dumps(template),
        parameters=dict(parameters or {}),
        inputs=(),
        tags={"portal:team": "payments", "portal:environment-id": ENVIRONMENT_ID},
        capabilities=(),
        termination_protection=False,
        stack_policy=None,
        express=False,
        resources=tuple(
            PlannedResource(name, body["Type"], "component.main", name, key) for name, body in resources.items()
        ),
        retained=(),
        outputs=(),
        levels=(),
        artefacts=(),
        artefact_bucket="",
    )


def plan_of(*stacks: PlannedStack) -> CreatePlan:
    return CreatePlan(
        account_id=ACCOUNT,
        region=stacks[-1].region,
        blueprint=PinnedBlueprint("small", "1.0.0", "0" * 64),
        size="dev",
        stacks=stacks,
        tasks=(),
        manual_tasks=(),
        inputs={},
        requires_approval=False,
    )


def plan_of_design(compiled: CompiledDesign) -> CreatePlan:
    return plan_of(
        *(
            planned(json.loads(stack.body), key=stack.stack, region=stack.region, parameters=dict(stack.parameters))
            for stack in compiled.stacks
        )
    )


@dataclass
class Desk:
    """Runs preflight on the scripted AWS, in one thread. `delegations` is the public DNS."""

    cloud: Cloud = field(default_factory=Cloud)
    delegations: dict[str, Sequence[str]] = field(default_factory=dict)
    stack_role_arn: str = ""

    def script(self, region: str = REGION) -> AccountScript:
        return self.cloud.script(Place(ACCOUNT, region))

    def connect(self, region: str) -> Aws:
        return ScriptedAws(self.cloud, AccountAccess(ACCOUNT, region))

    def name_servers(self, domain: str) -> frozenset[str]:
        return frozenset(self.delegations.get(domain, ()))

    def check(self, plan: CreatePlan, *, examples: Sequence[str] = ()) -> PreflightReport:
        return run_preflight(
            subject_of(plan, stack_role_arn=self.stack_role_arn, examples=frozenset(examples)),
            survey_in=lambda region: Survey(partial(self.connect, region)),
            name_servers=self.name_servers,
            now=lambda: AT,
            at_once=1,
        )

    def results(self, resources: Mapping[str, Any], key: str, *, region: str = REGION) -> list[CheckResult]:
        """What one check says about a template with these resources."""
        report = self.check(plan_of(planned({"Resources": resources}, region=region)))
        return [result for result in report.results if result.check == key]

    def result(self, resources: Mapping[str, Any], key: str, *, region: str = REGION) -> CheckResult:
        (result,) = self.results(resources, key, region=region)
        return result


def outcomes(results: Sequence[CheckResult]) -> list[Outcome]:
    return [result.outcome for result in results]
