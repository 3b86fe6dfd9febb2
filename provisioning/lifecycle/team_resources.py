"""Whether a team may use what a design names outside its environment: hosted zones, secrets,
certificates, roles, private image repositories, email identities and AWS accounts.

An administrator lists them for the team and the account (`models.AccountTeam`). Secrets and image
repositories that are named for the team need no entry. IAM refuses the same names to the team's
stack role; this check tells the requester before anything is planned.

An environment that was handed over keeps its names and its stack role in AWS. It may use what both
teams may use: its own team, because that team's members choose, and the team of the stack role,
because IAM allows nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from provisioning.design.external_names import ExternalKind, ExternalName
from provisioning.design.names import team_key
from provisioning.errors import Refused
from provisioning.lifecycle.access import account_team_for, check_may_use_region, how_to_admit, why_not_offered
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Account, AccountTeam, Environment, Plan, Team

PLANNED_BEFORE_STACK_ROLES: Final = (
    "This environment was planned before teams had stack roles of their own, and its stacks can no longer be created."
)
_STORED_NAMES: Final = TypeAdapter(tuple[ExternalName, ...])

# What the blueprint `portal` may assume, in each account that it manages.
_ONBOARDED_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/portal")
_SECRET_ARN: Final = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]*:([0-9]{12}):secret:(.+)", re.DOTALL)
# AWS's own ending of a secret's ARN; policies name it with six question marks.
_ARN_ENDING: Final = re.compile(r"-([A-Za-z0-9]{6}|\?{6})")


@dataclass(frozen=True, slots=True)
class _Kind:
    """`noun` and `field` are for people: the field is the label of the administrator's list.

    `listed` returns this list. `only_listed`: nothing of this kind may be used without an entry.
    """

    noun: str
    field: str
    listed: Callable[[AccountTeam], Sequence[str]]
    allows: Callable[[ExternalName, AccountTeam], bool]
    only_listed: bool = False


def check_external_names(
    names: Iterable[ExternalName], *, account: Account, account_teams: Sequence[AccountTeam]
) -> None:
    """Raise Refused with a sentence for each name that one of the teams may not use in the account."""
    if sentences := refusals_of(names, account=account, account_teams=account_teams):
        raise Refused("\n".join(sentences))


def refusals_of(names: Iterable[ExternalName], *, account: Account, account_teams: Sequence[AccountTeam]) -> list[str]:
    """Return a sentence for each name that one of the teams may not use in the account."""
    refused = refused_names(names, account=account, account_teams=account_teams)
    return [f"{name.setting} of {name.address} {sentence}" for name, sentence in refused]


def refused_names(
    names: Iterable[ExternalName], *, account: Account, account_teams: Sequence[AccountTeam]
) -> list[tuple[ExternalName, str]]:
    """Return each name that one of the teams may not use, with the end of a sentence that begins with
    the label of its setting. The first team is the environment's; a second one is that of its stack
    role.
    """
    distinct = list(dict.fromkeys(names))
    return [
        (
            name,
            (
                f"names the {kind.noun} “{name.value}”, which {entry.team.name} may not use in the account {account.name}. "
                f"Choose another one, or ask an administrator of the portal to list it for {_whom(entry, account_teams)} "
                f"under “{kind.field}”."
            ),
        )
        for entry in account_teams
        for name in distinct
        if not (kind := _KINDS[name.kind]).allows(name, entry)
    ]


def _whom(entry: AccountTeam, account_teams: Sequence[AccountTeam]) -> str:
    if entry is account_teams[0]:
        return "the team"
    return f"{entry.team.name}, with whose stack role this environment was created,"


def listed_names(kind: ExternalKind, account_teams: Iterable[AccountTeam]) -> list[str]:
    """Return the names of this kind that an administrator has listed, without folders of names."""
    listed = (name for entry in account_teams for name in _KINDS[kind].listed(entry))
    return list(dict.fromkeys(name for name in listed if not name.endswith("/*")))


def usable_names_of_environment(kind: ExternalKind, environment: Environment) -> list[str]:
    """Return the listed names of this kind that a change of the environment may use; none if its team
    may no longer use the account.
    """
    try:
        account_teams = account_teams_of_environment(environment)
    except Refused:
        return []
    allows = _KINDS[kind].allows
    return [
        name
        for name in listed_names(kind, account_teams)
        if all(allows(ExternalName(kind, name, address="", setting=""), entry) for entry in account_teams)
    ]


def why_none_is_listed(kind: ExternalKind, team: Team) -> str:
    """Return what a team does for which nothing of this kind is listed; empty if it may use some
    without an entry.
    """
    if not _KINDS[kind].only_listed:
        return ""
    noun, field = _KINDS[kind].noun, _KINDS[kind].field
    return f"{team.name} may use no {noun} yet: ask an administrator of the portal to list one under “{field}”."


def check_rights_of_environment(environment: Environment, plan: Plan) -> None:
    """Raise Refused if a right that the environment's plan was made with has been taken away since,
    or if the plan is from before teams had stack roles of their own: the portal's role creates no
    stack with the role of that time.
    """
    if not environment.generation:
        raise Refused(f"{PLANNED_BEFORE_STACK_ROLES} Withdraw the request and send it again.")
    account, account_teams = environment.account, account_teams_of_environment(environment)
    check_may_use_region(account_teams[0], environment.region)
    if environment.state == EnvironmentState.REQUESTED and (reason := why_not_offered(account, environment.size)):
        raise Refused(f"{reason} Ask a portal admin, then decide again.")
    check_external_names(external_names_of(plan), account=account, account_teams=account_teams)


def account_teams_of_environment(environment: Environment) -> list[AccountTeam]:
    """Return what the environment's team may use in its account, and after a hand-over also what the
    team of its stack role may use there. Everything that the environment names needs both.

    Raises Refused if either may no longer use the account.
    """
    account, team = environment.account, environment.team
    own = account_team_for(team, account)
    if own is None:
        raise Refused(f"{team.name} may no longer use the account {account.name}. {how_to_admit(team)}")
    if not environment.generation or own.stack_role_arn == environment.stack_role_arn:
        return [own]
    if not environment.was_handed_over:
        raise Refused(
            f"The stack role of {team.name} in the account {account.name} is now another one than at the request. "
            "Request the environment again."
        )
    return [own, _account_team_of_role(environment)]


def _account_team_of_role(environment: Environment) -> AccountTeam:
    rows = AccountTeam.objects.filter(account=environment.account, stack_role_arn=environment.stack_role_arn)
    entry = rows.select_related("account", "team").first()
    if entry is None:
        raise Refused(
            f"{environment.name} was created with the stack role {environment.stack_role_arn}, whose team may no longer "
            f"use the account {environment.account.name}. Ask an administrator of the portal to add that team to the "
            "account’s teams again."
        )
    return entry


def external_names_of(plan: Plan) -> tuple[ExternalName, ...]:
    """Return what the plan names outside its environment."""
    return _STORED_NAMES.validate_python(plan.external_names)


def _allows_secret(name: ExternalName, account_team: AccountTeam) -> bool:
    """Whether a secret, by name or ARN, is named for the team or listed."""
    text = name.value
    own = f"portal/{team_key(account_team.team.slug)}/"
    if not text.startswith("arn:"):
        return text.startswith(own) or _is_listed(text, account_team.secrets) or text in _named_by(account_team.secrets)
    arn = _SECRET_ARN.fullmatch(text)
    if arn is None or arn[1] != account_team.account.account_id:
        return False
    in_account = arn[2]
    return (
        in_account.startswith(own)
        or text in account_team.secrets
        or _is_listed(in_account, [entry for entry in account_team.secrets if entry.endswith("/*")])
        or any(
            in_account.startswith(entry) and _ARN_ENDING.fullmatch(in_account.removeprefix(entry))
            for entry in account_team.secrets
            if not entry.startswith("arn:")
        )
    )


def _named_by(entries: Sequence[str]) -> set[str]:
    """The names of the secrets whose whole ARN is listed."""
    arns = (_SECRET_ARN.fullmatch(entry) for entry in entries)
    return {arn[2][: -len("-AbCdEf")] for arn in arns if arn is not None}


def _allows_role(name: ExternalName, account_team: AccountTeam) -> bool:
    onboarded = name.setting == "assume_roles" and _ONBOARDED_ROLE.fullmatch(name.value) is not None
    return onboarded or name.value in account_team.roles


def _allows_image_repository(name: ExternalName, account_team: AccountTeam) -> bool:
    registry, _, repository = name.value.partition("/")
    own_registry = registry.startswith(f"{account_team.account.account_id}.")
    own = own_registry and repository.startswith(f"{team_key(account_team.team.slug)}/")
    if ".." in repository:  # A client could follow it into another folder. AWS has no such names.
        return False
    return own or _is_listed(name.value, account_team.image_repositories)


def _is_listed(text: str, entries: Iterable[str]) -> bool:
    """Whether a text is an entry, or is in the folder that an entry such as `shared/*` names."""
    if "*" in text or "?" in text:
        return False
    return any(text == entry or (entry.endswith("/*") and text.startswith(entry[:-1])) for entry in entries)


_KINDS: Final[Mapping[ExternalKind, _Kind]] = {
    ExternalKind.HOSTED_ZONE: _Kind(
        "hosted zone",
        "Hosted zones",
        listed=lambda entry: entry.hosted_zones,
        allows=lambda name, entry: name.value in entry.hosted_zones,
        only_listed=True,
    ),
    ExternalKind.SECRET: _Kind("secret", "Secrets", listed=lambda entry: entry.secrets, allows=_allows_secret),
    ExternalKind.CERTIFICATE: _Kind(
        "certificate",
        "Certificates",
        listed=lambda entry: entry.certificates,
        allows=lambda name, entry: name.value in entry.certificates,
        only_listed=True,
    ),
    ExternalKind.ROLE: _Kind("role", "Roles", listed=lambda entry: entry.roles, allows=_allows_role),
    ExternalKind.IMAGE_REPOSITORY: _Kind(
        "image repository",
        "Image repositories",
        listed=lambda entry: entry.image_repositories,
        allows=_allows_image_repository,
    ),
    ExternalKind.EMAIL_IDENTITY: _Kind(
        "email identity",
        "Email identities",
        listed=lambda entry: entry.email_identities,
        allows=lambda name, entry: name.value in entry.email_identities,
        only_listed=True,
    ),
    ExternalKind.ACCOUNT: _Kind(
        "AWS account",
        "Trusted accounts",
        listed=lambda entry: entry.trusted_accounts,
        allows=lambda name, entry: name.value in entry.trusted_accounts,
        only_listed=True,
    ),
}
