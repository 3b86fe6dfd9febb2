"""What a plan of a new environment must satisfy before anybody is shown it.

Each check raises with a sentence that says what to change; nothing here writes a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from provisioning.blueprint import Blueprint, InputErrors, Inputs
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.design.environment_name import name_problem
from provisioning.design.external_names import ExternalName
from provisioning.design.graph import EnvironmentContext
from provisioning.errors import Refused
from provisioning.lifecycle.access import check_may_use_account, check_may_use_region, offered_regions
from provisioning.lifecycle.catalogue import why_not_offered
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.lifecycle.team_resources import refused_names
from provisioning.models import Account, AccountTeam, Environment, Team
from provisioning.proof.refused_in_every_size import refused_findings
from provisioning.proof.report import Proof
from provisioning.template.compile import CompiledDesign

GENERATION_IS_TAKEN: Final = (
    "By chance, the characters that make this environment’s names unique belong to another one. Open a new form and "
    "send it again."
)


def check_place(*, team: Team, blueprint: Blueprint, size: str, account: Account, region: str) -> AccountTeam:
    """Raise Refused unless the blueprint is offered in this size, account and region. Return what
    the team may use in the account.
    """
    if size not in blueprint.sizes:
        raise Refused(f"{blueprint.title} has no size {size}; choose one of {', '.join(blueprint.sizes)}.")
    if sentence := why_not_offered(blueprint, size):
        raise Refused(sentence)
    account_team = check_may_use_account(team, account, size=size, region=region)
    if region not in account.regions or region not in blueprint.regions:
        both = [known for known in blueprint.regions if known in offered_regions(account_team)]
        hint = f"choose one of {', '.join(both)}" if both else "choose another account"
        raise Refused(f"{blueprint.title} is not offered in {region} in the account {account.name}; {hint}.")
    return account_team


def check_named_resources(
    names: tuple[ExternalName, ...], *, inputs: Inputs, account: Account, account_teams: Sequence[AccountTeam]
) -> None:
    """Raise InputErrors for the names that one of the teams may not use, by the input that contains the
    name, or else by the setting.
    """
    errors: dict[str, list[str]] = defaultdict(list)
    for name, sentence in refused_names(names, account=account, account_teams=account_teams):
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


def check_proof(proof: Proof, *, blueprint: Blueprint, size: str) -> None:
    """Raise Refused with each finding that the size, or every size, refuses."""
    refused = refused_findings(proof, blueprint.sizes[size].policy)
    if not refused:
        return
    faults = "\n".join(f"{finding.sentence} {finding.remedy}" for finding in refused)
    raise Refused(
        f"{blueprint.title} {blueprint.version} is not created in size {size}, because its templates do not pass the "
        f"security checks:\n{faults}"
    )


def check_name(context: EnvironmentContext, *, team: Team, account: Account) -> None:
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


def name_is_taken(name: str, *, team: Team, account: Account, region: str) -> str:
    return (
        f"The name “{name}” is taken by another environment of {team.name} in {account.name} in {region}. "
        "Choose another name."
    )


def check_stacks(
    compiled: CompiledDesign, *, blueprint: Blueprint, account: Account, account_team: AccountTeam
) -> None:
    """Check what only the compiled design shows: other regions, code packages and long templates."""
    for stack in compiled.stacks:
        check_may_use_region(account_team, stack.region)
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
