"""The checklist of the first administrator, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse

from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.read.setup import Setup, SetupStep, setup_of
from provisioning.models import Account, AccountState, Team, User


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Step:
    """`links` are what to do next, the first one being the most likely."""

    number: int
    title: str
    text: str
    is_done: bool
    is_open: bool
    links: list[Link]


@dataclass(frozen=True, slots=True)
class SetupPage:
    steps: list[Step]
    setup: Setup

    @property
    def done(self) -> int:
        return len(self.setup.done)


_TITLES = {
    SetupStep.ACCOUNT: "Connect an AWS account",
    SetupStep.TEAM: "Create a team",
    SetupStep.RIGHTS: "Let the team use the account",
    SetupStep.PEOPLE: "Invite people",
    SetupStep.APPROVER: "Name an approver",
    SetupStep.ENVIRONMENT: "Request a first environment",
}
_TEXTS = {
    SetupStep.ACCOUNT: "An administrator of the AWS account creates one stack in it, with the portal’s role. The portal then "
    "tests the connection. You need about 15 minutes, and permission to create roles in that account.",
    SetupStep.TEAM: "Environments belong to teams. What the portal creates in AWS is tagged with the team’s key.",
    SetupStep.RIGHTS: "A team uses an account only if you let it, and there only the hosted zones, secrets and images that you "
    "list. The AWS account needs one more stack for each team.",
    SetupStep.PEOPLE: "Owners add further people to their team, operators request environments, and viewers only look.",
    SetupStep.APPROVER: "Production needs an approval, and nobody approves their own request.",
    SetupStep.ENVIRONMENT: "A member of the team chooses a blueprint and a size, and sees plan, security checks and time before "
    "the request is sent. Start with size dev.",
}


def setup_page(user: User) -> SetupPage:
    """Raises NotAllowed for everybody who is no portal admin."""
    check_admin(user)
    setup = setup_of(user)
    steps = [
        Step(
            number=number,
            title=_TITLES[step],
            text=_TEXTS[step],
            is_done=step in setup.done,
            is_open=step == setup.next,
            links=_links(step),
        )
        for number, step in enumerate(SetupStep, start=1)
    ]
    return SetupPage(steps, setup)


def _links(step: SetupStep) -> list[Link]:
    match step:
        case SetupStep.ACCOUNT:
            return _account_links()
        case SetupStep.RIGHTS:
            return _rights_links()
        case _:
            title, name = _PAGES[step]
            return [Link(title, reverse(name))]


_PAGES: Final = {
    SetupStep.TEAM: ("Create a team", "new_team"),
    SetupStep.PEOPLE: ("Open the teams", "teams"),
    SetupStep.APPROVER: ("Open the people", "people"),
    SetupStep.ENVIRONMENT: ("Open the catalogue", "catalogue"),
}


def _account_links() -> list[Link]:
    drafts = Account.objects.filter(state=AccountState.CONNECTING).order_by("name").values_list("pk", "name")
    begun = [Link(f"Continue with {name}", _account(pk)) for pk, name in drafts[:5]]
    return [*begun, Link("Connect an account", reverse("connect_account"))]


def _rights_links() -> list[Link]:
    account = Account.objects.filter(state=AccountState.OPEN).order_by("name").first()
    if account is None:
        return []
    teams = Team.objects.filter(deleted_at=None).order_by("name").values_list("pk", "name")[:5]
    return [
        Link(f"{name} in {account.name}", reverse("account_team", kwargs={"pk": account.pk, "team": pk}))
        for pk, name in teams
    ]


def _account(pk: UUID) -> str:
    return reverse("account", kwargs={"pk": pk})
