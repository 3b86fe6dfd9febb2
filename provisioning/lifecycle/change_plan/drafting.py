"""Plans a change of an environment, as far as the portal can without AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from provisioning.aws import aws_type
from provisioning.blueprint import Blueprint, parse_inputs
from provisioning.design.graph import EnvironmentContext
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_use_account
from provisioning.lifecycle.catalogue import DEPRECATED, why_not_offered
from provisioning.lifecycle.plan_document import ChangePlan, PlannedStack, StackedDocument
from provisioning.lifecycle.planning import PlanDraft, draft_of, plan_design
from provisioning.lifecycle.rules import BlueprintFacts, Facts, evaluate, finding_facts
from provisioning.lifecycle.team_resources import account_teams_of_environment
from provisioning.lifecycle.version_registry import check_unchanged
from provisioning.models import Environment, RuleKind, User

FORMER_ENVIRONMENT: Final = (
    "This environment was created before names in AWS had a generation, and a change would rename everything in it. "
    "Request a new environment, move your data, then tear this one down."
)


def draft_change(
    *,
    actor: User,
    environment: Environment,
    current: StackedDocument,
    current_digest: str,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    request_id: UUID,
    tags: Mapping[str, str] | None = None,
    output_parameters: bool | None = None,
) -> PlanDraft[ChangePlan]:
    """Plan a change without requesting it: the new design for the environment's own names,
    generation and role. Nothing is written. Without `tags`, the environment keeps those it has.

    `output_parameters` says whether the outputs are also written as SSM parameters; None keeps what
    `current` does. The `verdict` of the plan has the refusals of the admins' rules. Raises the
    blueprint's errors (InputErrors and others), InvalidFields for the tags, and Refused if the portal
    itself forbids it.
    """
    _check_place(environment, blueprint, size)
    check_may_use_account(environment.team, environment.account, size=size, is_new=False)
    parsed = parse_inputs(blueprint, size, inputs)
    context = EnvironmentContext(
        name=environment.name,
        team=environment.key_in_aws,
        region=environment.region,
        account_id=environment.account.account_id,
        environment_id=environment.pk,
        request_id=str(request_id),
        artefact_bucket=environment.account.artefact_bucket_in(environment.region),
    )
    planned = plan_design(
        blueprint=blueprint,
        size=size,
        inputs=parsed,
        tags=current.tags if tags is None else tags,
        context=context,
        account=environment.account,
        account_teams=account_teams_of_environment(environment),
        output_parameters=current.has_output_parameters if output_parameters is None else output_parameters,
        changing=True,
    )
    fields: dict[str, Any] = dict(planned.fields)
    fields["stacks"] = tuple(_with_snapshots(stack) for stack in fields["stacks"])
    # A change of the size must not avoid the approval that either size needs. After a hand-over, a team
    # uses the stack role of another one, so an approver decides on each change.
    needs_approval = current.requires_approval or environment.was_handed_over
    fields["requires_approval"] = needs_approval or fields["requires_approval"]
    document = ChangePlan(
        **fields,
        environment_id=str(environment.pk),
        previous_digest=current_digest,
        run_tasks=(),
        change_sets=(),
    )
    _check_stacks(current, document)
    facts = Facts(
        kind=RuleKind.CHANGE,
        team=environment.team,
        account=environment.account,
        size=size,
        size_before=environment.size,
        region=environment.region,
        name=environment.name,
        at=clock.now(),
        blueprint=BlueprintFacts(blueprint.slug, blueprint.version, blueprint.maturity),
        inputs=parsed,
        tags=planned.design.tags,
        findings=finding_facts(planned.proof.findings),
    )
    return draft_of(
        planned,
        document,
        inputs=parsed,
        facts=facts,
        verdict=evaluate(facts, actor=actor, required=document.requires_approval, environment_id=environment.pk),
        generation=environment.generation,
        stack_role_arn=environment.role_for_stacks,
    )


def _check_place(environment: Environment, blueprint: Blueprint, size: str) -> None:
    version = environment.blueprint_version
    if not environment.generation:
        raise Refused(FORMER_ENVIRONMENT)
    if blueprint.slug != version.slug:
        raise Refused(f"{environment.name} was created from {version.slug}. It cannot become another blueprint.")
    if size not in blueprint.sizes:
        raise Refused(f"{blueprint.title} has no size {size}; choose one of {', '.join(blueprint.sizes)}.")
    keeps_version = blueprint.version == version.version and blueprint.maturity == DEPRECATED
    if not keeps_version and (sentence := why_not_offered(blueprint, size)):
        raise Refused(sentence)
    check_unchanged(blueprint)
    if environment.region not in blueprint.regions:
        raise Refused(
            f"{blueprint.title} {blueprint.version} is not offered in {environment.region}. Choose another version."
        )


def _check_stacks(current: StackedDocument, document: ChangePlan) -> None:
    """A change updates stacks. It neither creates nor deletes a whole stack."""
    old = {stack.key: (stack.name, stack.region) for stack in current.stacks}
    new = {stack.key: (stack.name, stack.region) for stack in document.stacks}
    if old == new:
        return
    keys = sorted({key for key in old | new if old.get(key) != new.get(key)})
    raise Refused(
        f"This change would add, remove or move a whole stack ({', '.join(keys)}), which a change cannot do. "
        "Request a new environment with this design instead."
    )


def _with_snapshots(stack: PlannedStack) -> PlannedStack:
    """Let CloudFormation take a snapshot of each database that it replaces, where it can."""
    template = json.loads(stack.body)
    unprotected = [
        resource
        for resource in template["Resources"].values()
        if resource.get("UpdateReplacePolicy", "Delete") == "Delete" and _takes_snapshots(resource)
    ]
    if not unprotected:
        return stack
    for resource in unprotected:
        resource["UpdateReplacePolicy"] = "Snapshot"
    return replace(stack, body=json.dumps(template, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


def _takes_snapshots(resource: Mapping[str, Any]) -> bool:
    """Members of a database cluster hold no data of their own, and Memcached has no snapshots."""
    properties = resource.get("Properties", {})
    in_cluster = "DBClusterIdentifier" in properties and resource["Type"].endswith("DBInstance")
    return aws_type(resource["Type"]).has_snapshot_policy and not in_cluster and properties.get("Engine") != "memcached"
