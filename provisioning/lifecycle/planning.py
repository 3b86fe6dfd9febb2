"""Plans a new environment: from the values of the form to the document that is shown, approved and
run.

Nothing here writes a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from provisioning.blueprint import Blueprint, InputErrors, Inputs, parse_inputs, resolve
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.components.external_names import external_names
from provisioning.design.environment_name import name_problem
from provisioning.design.errors import DesignError
from provisioning.design.external_names import ExternalName
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.design.names import ENVIRONMENT_ID_TAG, EnvironmentNames, team_key
from provisioning.diagram.content import DiagramContent, content_of
from provisioning.errors import Refused
from provisioning.lifecycle.access import check_may, check_may_use_account
from provisioning.lifecycle.catalogue import why_not_offered
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.plan_document import (
    CreatePlan,
    ManualTask,
    PinnedBlueprint,
    PlannedArtefact,
    PlannedResource,
    PlannedStack,
    RetainedResource,
    StackInput,
    Task,
    digest_of,
)
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.lifecycle.team_resources import refused_names
from provisioning.lifecycle.version_registry import check_unchanged
from provisioning.models import Account, AccountTeam, Environment, Team, User
from provisioning.proof.refused_in_every_size import refused_findings
from provisioning.proof.report import Proof
from provisioning.proof.run import prove
from provisioning.template.compile import CompiledDesign, CompiledTemplate, compile_design
from provisioning.template.dependencies import dependency_levels
from provisioning.timeline.forecast import forecast
from provisioning.timeline.timeline import Timeline

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)

ENVIRONMENT_TAG = ENVIRONMENT_ID_TAG
OPERATION_TAG = "portal:operation"


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """`document` is what `Plan.content` stores; `digest` is what people decide on. `artefacts`:
    packages by their SHA-256.

    `generation` and `stack_role_arn` become those of the environment. `external_names` are what the
    design names outside it.

    `proof`, `timeline` and `diagram` follow from the same design; the approval does not cover them.
    """

    digest: str
    document: CreatePlan
    diagram: DiagramContent
    proof: Proof
    timeline: Timeline
    design: Design
    inputs: Inputs
    requires_approval: bool
    generation: str
    stack_role_arn: str
    external_names: tuple[ExternalName, ...]
    artefacts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


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
) -> PlanDraft:
    """Plan a new environment without requesting it. Nothing is written.

    Raises NotAllowed, the blueprint's errors (InputErrors and other BlueprintErrors), and Refused
    if a rule forbids it.
    """
    check_may(actor, team, CREATE.permission)
    account_team = _check_place(team=team, blueprint=blueprint, size=size, account=account, region=region)
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
    _check_name(context, team=team, account=account)
    design = resolve(blueprint, size=size, inputs=parsed, environment=context)
    names = external_names(design)
    _check_external_names(names, inputs=parsed, account=account, account_team=account_team)
    compiled, timeline = _compiled(design)
    proof = prove(compiled, policy=design.policy, listed={name.value for name in names})
    _check_proof(proof, blueprint=blueprint, size=size)
    _check_stacks(compiled, blueprint=blueprint, account=account)
    document = CreatePlan(
        account_id=account.account_id,
        region=compiled.main.region,
        blueprint=PinnedBlueprint(blueprint.slug, blueprint.version, blueprint.digest),
        size=size,
        stacks=tuple(_planned_stack(stack, names=context.names, account=account) for stack in compiled.stacks),
        tasks=tuple(Task(**asdict(task)) for task in compiled.main.tasks),
        manual_tasks=tuple(ManualTask(**asdict(task)) for stack in compiled.stacks for task in stack.manual_tasks),
        inputs={key: _plain(value) for key, value in parsed.items() if not blueprint.variables[key].sensitive},
        requires_approval=blueprint.sizes[size].requires_approval,
    )
    return PlanDraft(
        digest=digest_of(document),
        document=document,
        diagram=content_of(design),
        proof=proof,
        timeline=timeline,
        design=design,
        inputs=parsed,
        requires_approval=document.requires_approval,
        generation=context.generation,
        stack_role_arn=account_team.stack_role_arn,
        external_names=names,
        artefacts={artefact.sha256: artefact.body for stack in compiled.stacks for artefact in stack.artefacts},
    )


def _compiled(design: Design) -> tuple[CompiledDesign, Timeline]:
    try:
        compiled = compile_design(design)
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


def places_of(document: CreatePlan) -> list[str]:
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


def _check_place(*, team: Team, blueprint: Blueprint, size: str, account: Account, region: str) -> AccountTeam:
    if size not in blueprint.sizes:
        raise Refused(f"{blueprint.title} has no size {size}; choose one of {', '.join(blueprint.sizes)}.")
    if sentence := why_not_offered(blueprint, size):
        raise Refused(sentence)
    account_team = check_may_use_account(team, account, size=size)
    if region not in account.regions or region not in blueprint.regions:
        both = [known for known in blueprint.regions if known in account.regions]
        hint = f"choose one of {', '.join(both)}" if both else "choose another account"
        raise Refused(f"{blueprint.title} is not offered in {region} in the account {account.name}; {hint}.")
    return account_team


def _check_external_names(
    names: tuple[ExternalName, ...], *, inputs: Inputs, account: Account, account_team: AccountTeam
) -> None:
    """Raise InputErrors for the names that the team may not use, by the input that contains the
    name, or else by the setting.
    """
    errors: dict[str, list[str]] = defaultdict(list)
    for name, sentence in refused_names(names, account=account, account_team=account_team):
        label = next((key for key, value in inputs.items() if _contains(value, name.value)), None)
        label = label or f"{name.setting} of {name.address}"
        errors[label].append(f"{label} {sentence}")
    if errors:
        raise InputErrors(errors)


def _contains(value: object, text: str) -> bool:
    if isinstance(value, Mapping):
        return any(_contains(part, text) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_contains(part, text) for part in value)
    return isinstance(value, str) and text in value


def _check_proof(proof: Proof, *, blueprint: Blueprint, size: str) -> None:
    refused = refused_findings(proof, blueprint.sizes[size].policy)
    if not refused:
        return
    faults = "\n".join(f"{finding.sentence} {finding.remedy}" for finding in refused)
    raise Refused(
        f"{blueprint.title} {blueprint.version} is not created in size {size}, because its templates do not pass the "
        f"security checks:\n{faults}"
    )


def _check_name(context: EnvironmentContext, *, team: Team, account: Account) -> None:
    """Check the name among the team's own environments, so that no team learns the names of another.

    Their names in AWS differ by the generation.
    """
    if problem := name_problem(context.name):
        raise Refused(problem)
    others = Environment.objects.filter(account=account).exclude(pk=context.environment_id)
    same_name = others.filter(team=team, region=context.region, name=context.name)
    if same_name.exclude(state__in=NO_LONGER_THERE).exists():
        raise Refused(name_is_taken(context.name, team=team, account=account, region=context.region))
    if others.filter(generation=context.generation).exists():
        raise Refused(GENERATION_IS_TAKEN)


GENERATION_IS_TAKEN: Final = (
    "By chance, the characters that make this environment’s names unique belong to another one. Open a new form and "
    "send it again."
)


def name_is_taken(name: str, *, team: Team, account: Account, region: str) -> str:
    return (
        f"The name “{name}” is taken by another environment of {team.name} in {account.name} in {region}. "
        "Choose another name."
    )


def _check_stacks(compiled: CompiledDesign, *, blueprint: Blueprint, account: Account) -> None:
    """Check what only the compiled design shows: other regions, code packages and long templates."""
    for stack in compiled.stacks:
        if stack.region not in account.regions:
            raise Refused(
                f"{blueprint.title} needs {stack.region} as well, for its stack “{stack.stack}”, and the account "
                f"{account.name} does not allow that region. Choose another account, or ask an administrator to add "
                f"{stack.region} to its regions."
            )
        if account.artefact_bucket:
            continue
        remedy = "Choose another account, or ask an administrator to enter the bucket that onboarding created."
        if stack.artefacts:
            raise Refused(
                f"{blueprint.title} contains code, and the account {account.name} has no artefact bucket for it. {remedy}"
            )
        if (size := len(stack.body.encode())) > MAX_INLINE_BYTES:
            raise Refused(
                f"The template of {blueprint.title} has {size:,} bytes, more than the {MAX_INLINE_BYTES:,} that "
                f"CloudFormation accepts in a request, and the account {account.name} has no artefact bucket for it. "
                f"{remedy}"
            )
