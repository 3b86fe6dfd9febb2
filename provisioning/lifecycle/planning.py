"""Plans a new environment: from the values of the form to the document that is shown, approved and
run.

Nothing here writes a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from provisioning.blueprint import Blueprint, Inputs, parse_inputs, resolve
from provisioning.components.external_names import external_names
from provisioning.design.errors import DesignError
from provisioning.design.external_names import ExternalName
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.design.names import ENVIRONMENT_ID_TAG, EnvironmentNames, team_key
from provisioning.diagram.content import DiagramContent, content_of
from provisioning.errors import Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may
from provisioning.lifecycle.environment_tags import check_tagged_resources, with_tags
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.plan_checks import (
    check_name,
    check_named_resources,
    check_place,
    check_proof,
    check_stacks,
)
from provisioning.lifecycle.plan_document import (
    CreatePlan,
    ManualTask,
    PinnedBlueprint,
    PlannedArtefact,
    PlannedResource,
    PlannedStack,
    RetainedResource,
    StackedDocument,
    StackedPlan,
    StackInput,
    Task,
    digest_of,
)
from provisioning.lifecycle.rules import BlueprintFacts, Facts, RuleSet, Verdict, evaluate, finding_facts
from provisioning.lifecycle.version_registry import check_unchanged
from provisioning.models import Account, AccountTeam, RuleKind, Team, User
from provisioning.proof.report import Proof
from provisioning.proof.run import prove
from provisioning.template.compile import CompiledDesign, CompiledTemplate, compile_design
from provisioning.template.dependencies import dependency_levels
from provisioning.timeline.forecast import forecast
from provisioning.timeline.timeline import Timeline

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)

ENVIRONMENT_TAG = ENVIRONMENT_ID_TAG


PlannedDocument = TypeVar("PlannedDocument", bound=StackedDocument)
PlannedDocument_co = TypeVar("PlannedDocument_co", bound=StackedDocument, covariant=True)


@dataclass(frozen=True, slots=True)
class PlanDraft(Generic[PlannedDocument_co]):
    """`document` is what `Plan.content` stores; `digest` is what people decide on. `artefacts`:
    packages by their SHA-256.

    `generation` and `stack_role_arn` become those of the environment. `external_names` are what the
    design names outside it.

    `proof`, `timeline` and `diagram` follow from the same design; the approval does not cover them.
    `verdict` is what the rules said about the `facts` when the plan was made. They are asked again
    when the request is sent.
    """

    digest: str
    document: PlannedDocument_co
    diagram: DiagramContent
    proof: Proof
    timeline: Timeline
    design: Design
    inputs: Inputs
    facts: Facts
    verdict: Verdict
    generation: str
    stack_role_arn: str
    external_names: tuple[ExternalName, ...]
    artefacts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def requires_approval(self) -> bool:
        return self.verdict.approval.requires_approval


def environment_id_for(request_id: UUID) -> UUID:
    """The environment's id follows from the request's, so that the tag is known before either
    exists.
    """
    return uuid5(request_id, "environment")


def draft_create(
    *,
    actor: User,
    team: Team,
    name: str,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    account: Account,
    region: str,
    request_id: UUID,
    tags: Mapping[str, str] | None = None,
    output_parameters: bool = False,
    rules: RuleSet | None = None,
) -> PlanDraft[CreatePlan]:
    """Plan a new environment without requesting it. Nothing is written.

    A plan that the rules of the admins refuse is still returned, with all refusals in its `verdict`.
    `output_parameters` also writes the outputs as SSM parameters. `rules` are those of the team, if the
    caller has read them.

    Raises NotAllowed, the blueprint's errors (InputErrors and other BlueprintErrors), InvalidFields
    for the tags, and Refused if the portal itself forbids it.
    """
    check_may(actor, team, CREATE.permission)
    account_team = check_place(team=team, blueprint=blueprint, size=size, account=account, region=region)
    check_unchanged(blueprint)
    parsed = parse_inputs(blueprint, size, inputs)
    context = EnvironmentContext(
        name=name,
        team=team_key(team.slug),
        region=region,
        account_id=account.account_id,
        environment_id=environment_id_for(request_id),
        request_id=str(request_id),
        artefact_bucket=account.artefact_bucket_in(region),
    )
    check_name(context, team=team, account=account)
    planned = plan_design(
        blueprint=blueprint,
        size=size,
        inputs=parsed,
        tags=tags or {},
        context=context,
        account=account,
        account_teams=[account_team],
        output_parameters=output_parameters,
    )
    document = CreatePlan(**planned.fields)
    facts = Facts(
        kind=RuleKind.CREATE,
        team=team,
        account=account,
        size=size,
        region=region,
        name=name,
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
        verdict=evaluate(facts, actor=actor, required=document.requires_approval, rules=rules),
        generation=context.generation,
        stack_role_arn=account_team.stack_role_arn,
    )


@dataclass(frozen=True, slots=True)
class PlannedDesign:
    """A design that has passed every check, with its views. `fields` are those of a `StackedPlan`."""

    design: Design
    compiled: CompiledDesign
    proof: Proof
    timeline: Timeline
    external_names: tuple[ExternalName, ...]
    fields: Mapping[str, Any]


def draft_of(
    planned: PlannedDesign,
    document: PlannedDocument,
    *,
    inputs: Inputs,
    facts: Facts,
    verdict: Verdict,
    generation: str,
    stack_role_arn: str,
) -> PlanDraft[PlannedDocument]:
    artefacts = (artefact for stack in planned.compiled.stacks for artefact in stack.artefacts)
    return PlanDraft(
        digest=digest_of(document),
        document=document,
        diagram=content_of(planned.design),
        proof=planned.proof,
        timeline=planned.timeline,
        design=planned.design,
        inputs=inputs,
        facts=facts,
        verdict=verdict,
        generation=generation,
        stack_role_arn=stack_role_arn,
        external_names=planned.external_names,
        artefacts={artefact.sha256: artefact.body for artefact in artefacts},
    )


def plan_design(
    *,
    blueprint: Blueprint,
    size: str,
    inputs: Inputs,
    tags: Mapping[str, str],
    context: EnvironmentContext,
    account: Account,
    account_teams: Sequence[AccountTeam],
    output_parameters: bool,
    changing: bool = False,
) -> PlannedDesign:
    """Resolve, compile and prove a design for one environment. `changing` compiles an update of its
    running stacks. Each of `account_teams` must be allowed to use what the design names.
    `output_parameters` also writes the outputs as SSM parameters.

    Raises the blueprint's errors, InvalidFields for the tags, and Refused if a rule forbids it.
    """
    design = with_tags(resolve(blueprint, size=size, inputs=inputs, environment=context), tags)
    design = replace(design, output_parameters=output_parameters)
    names = external_names(design)
    check_named_resources(names, inputs=inputs, account=account, account_teams=account_teams)
    compiled, timeline = _compiled(design, changing=changing)
    check_tagged_resources(compiled, tags)
    proof = prove(compiled, policy=design.policy, listed={name.value for name in names}, changing=changing)
    check_proof(proof, blueprint=blueprint, size=size)
    check_stacks(compiled, blueprint=blueprint, account=account, account_team=account_teams[0])
    fields = {
        "account_id": account.account_id,
        "region": compiled.main.region,
        "blueprint": PinnedBlueprint(blueprint.slug, blueprint.version, blueprint.digest),
        "size": size,
        "stacks": tuple(_planned_stack(stack, names=context.names, account=account) for stack in compiled.stacks),
        "tasks": tuple(Task(**asdict(task)) for task in compiled.main.tasks),
        "manual_tasks": tuple(ManualTask(**asdict(task)) for stack in compiled.stacks for task in stack.manual_tasks),
        "inputs": {key: _plain(value) for key, value in inputs.items() if not blueprint.variables[key].sensitive},
        "requires_approval": blueprint.sizes[size].requires_approval,
        "tags": dict(tags),
    }
    return PlannedDesign(design, compiled, proof, timeline, names, fields)


def _compiled(design: Design, *, changing: bool) -> tuple[CompiledDesign, Timeline]:
    try:
        compiled = compile_design(design, changing=changing)
        return compiled, forecast(design, compiled)
    except DesignError as error:
        raise Refused(str(error)) from error


def _planned_stack(compiled: CompiledTemplate, *, names: EnvironmentNames, account: Account) -> PlannedStack:
    return PlannedStack(
        key=compiled.stack,
        name=names.stack(compiled.stack),
        region=compiled.region,
        body=compiled.body,
        parameters=dict(compiled.parameters),
        inputs=tuple(StackInput(**asdict(value)) for value in compiled.inputs),
        tags=dict(compiled.tags),
        capabilities=CAPABILITIES,
        termination_protection=compiled.termination_protection,
        stack_policy=compiled.stack_policy,
        express=compiled.express,
        resources=tuple(PlannedResource(**asdict(resource)) for resource in compiled.resources),
        retained=tuple(RetainedResource(**asdict(resource)) for resource in compiled.retained),
        outputs=compiled.outputs,
        levels=tuple(tuple(level) for level in dependency_levels(compiled.body)),
        artefacts=tuple(
            PlannedArtefact(artefact.name, artefact.key, artefact.sha256, len(artefact.body))
            for artefact in compiled.artefacts
        ),
        artefact_bucket=account.artefact_bucket_in(compiled.region) if compiled.artefacts else "",
    )


def places_of(document: StackedPlan) -> list[str]:
    """Return each stack of the plan as "region/stack name", as `Environment.places` stores them."""
    return [f"{stack.region}/{stack.name}" for stack in document.stacks]


def _plain(value: Any) -> Any:
    """Return an input's value as the database gives it back, because the digest covers it.

    PostgreSQL stores a negative zero as 0.0.
    """
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return 0.0 if isinstance(value, float) and value == 0 else value
