"""What the pages about accounts show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.urls import reverse

from portal.pages.accounts.forms import OutputsForm, RemoveForm
from provisioning.aws.onboarding import portal_role_arn
from provisioning.aws.onboarding_stacks import OnboardingStack, account_stacks, team_onboarding_stack
from provisioning.aws.regions import partition_of, region_name
from provisioning.design.names import team_key
from provisioning.errors import Refused
from provisioning.lifecycle.access import is_admin, why_not_offered
from provisioning.lifecycle.connection.principal import PortalPrincipal, portal_principal
from provisioning.lifecycle.connection.report import Outcome
from provisioning.lifecycle.read.accounts import StoredTest, last_test_of
from provisioning.lifecycle.services.account_teams import LABELS
from provisioning.models import Account, AccountState, AccountTeam, Connection, Team, User

Values = TypeVar("Values")
_UNNAMED_PRINCIPAL = "PORTAL-PRINCIPAL-ARN"
# How each outcome of a check looks in a list of them.
MARKS = {Outcome.PASSED: "yes", Outcome.NOTE: "note", Outcome.MISSING: "no", Outcome.UNKNOWN: "info"}
TONES = {
    Connection.PASSED: "ok",
    Connection.EARLIER: "idle",
    Connection.UNTESTED: "idle",
    Connection.INCOMPLETE: "busy",
    Connection.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class StackGuide:
    """How to create one onboarding stack, and how to update it. `quick_url` is empty unless the templates
    are in S3.
    """

    name: str
    region: str
    title: str
    template: str
    download: str
    quick_url: str
    console_url: str
    create: str
    update: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class TestView:
    """The last test of an account, as its card shows it. `not_offered` has a sentence for each size of the
    account that is not offered because of it.
    """

    account: Account
    test: StoredTest | None
    tone: str
    not_offered: list[str]
    may_change: bool

    @property
    def areas(self) -> list[tuple[str, str, list[tuple[str, Any]]]]:
        """Heading, sentence about it, and its findings with their marks."""
        if self.test is None:
            return []
        areas = []
        for area, findings in self.test.report.by_area:
            missing = sum(one.outcome is Outcome.MISSING for one in findings)
            summary = f"{missing} missing" if missing else ""
            areas.append((area or "Checks", summary, [(MARKS[one.outcome], one) for one in findings]))
        return areas

    @property
    def is_next(self) -> bool:
        """Whether testing the connection is the next thing to do."""
        return not self.may_open and bool(self.account.state != AccountState.CONNECTING or self.account.artefact_bucket)

    @property
    def may_open(self) -> bool:
        tested = self.account.connection not in (Connection.UNTESTED, Connection.FAILED)
        return self.may_change and tested and self.account.state != AccountState.OPEN


@dataclass(frozen=True, slots=True)
class TeamLine:
    """`limits` are the regions and sizes that the team is limited to, `lists` what else it may use."""

    team: Team
    limits: str
    lists: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    account: Account
    test: TestView
    teams: list[TeamLine]
    other_teams: list[Team]
    may_change: bool
    principal: PortalPrincipal | None
    stacks: list[StackGuide]
    outputs_form: OutputsForm | None
    remove_form: RemoveForm | None
    notice: str = ""

    @property
    def is_connecting(self) -> bool:
        return self.account.state == AccountState.CONNECTING


def account_page(
    user: User,
    account: Account,
    *,
    outputs_form: OutputsForm | None = None,
    remove_form: RemoveForm | None = None,
    notice: str = "",
) -> AccountPage:
    may_change = is_admin(user)
    entries = list(AccountTeam.objects.filter(account=account).select_related("team").order_by("team__name"))
    admitted = {entry.team_id for entry in entries}
    principal = portal_principal(account) if may_change and account.regions else None
    return AccountPage(
        account=account,
        test=test_view(user, account),
        teams=[_team_line(entry) for entry in entries],
        other_teams=list(Team.objects.filter(deleted_at=None).exclude(pk__in=admitted).order_by("name"))
        if may_change
        else [],
        may_change=may_change,
        principal=principal,
        stacks=stack_guides(account, principal) if principal is not None else [],
        outputs_form=outputs_form or OutputsForm(initial={"role_arn": account.role_arn or _expected_role(account)}),
        remove_form=remove_form or RemoveForm(name=account.name),
        notice=notice,
    )


def test_view(user: User, account: Account) -> TestView:
    connection = Connection(account.connection)
    opened = account.state == AccountState.OPEN
    reasons = [why_not_offered(account, size) for size in account.sizes] if opened else []
    return TestView(
        account=account,
        test=last_test_of(account),
        tone=TONES[connection],
        not_offered=list(dict.fromkeys(reason for reason in reasons if reason)),
        may_change=is_admin(user),
    )


def stack_guides(account: Account, principal: PortalPrincipal) -> list[StackGuide]:
    """The main region's stack, then those of the other regions."""
    stacks = account_stacks(
        account.regions, principal_arn=principal.arn or _UNNAMED_PRINCIPAL, external_id=account.external_id
    )
    return [_guide(stack) for stack in stacks]


def team_stack_guide(entry: AccountTeam) -> StackGuide:
    stack = team_onboarding_stack(
        team_key(entry.team.slug),
        region=entry.account.regions[0],
        account_id=entry.account.account_id,
        partition=partition_of(entry.account.regions[0]),
        hosted_zones=entry.hosted_zones,
        secrets=entry.secrets,
    )
    return _guide(stack)


def _guide(stack: OnboardingStack) -> StackGuide:
    folder = settings.ONBOARDING_TEMPLATES_URL
    return StackGuide(
        name=stack.name,
        region=stack.region,
        title=region_name(stack.region),
        template=stack.template.name,
        download=reverse("onboarding_template", kwargs={"name": stack.template.stem}),
        quick_url=stack.quick_create_url(f"{folder.rstrip('/')}/{stack.template.name}") if folder else "",
        console_url=stack.console_url(),
        create=stack.create_command(),
        update=stack.update_command(),
        parameters=dict(stack.parameters),
    )


def _expected_role(account: Account) -> str:
    return portal_role_arn(account.account_id, partition=partition_of(account.regions[0])) if account.regions else ""


def _team_line(entry: AccountTeam) -> TeamLine:
    limits = [", ".join(entry.sizes) or "all sizes", ", ".join(entry.regions) or "all regions"]
    counts = [(LABELS[name], len(getattr(entry, name))) for name in LABELS if name not in ("regions", "sizes")]
    lists = [f"{label.lower()} {number}" for label, number in counts if number]
    return TeamLine(entry.team, " · ".join(limits), ", ".join(lists))


def seen_of(values: Any) -> dict[str, Any]:
    """What a form remembers of the values that it showed."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(values).items()}


def values_from(kind: type[Values], seen: Any) -> Values:
    """Return what a form remembered. Raises Refused if it is damaged."""
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in seen.items()})
    except (AttributeError, TypeError):
        raise Refused("This form is damaged. Open it again.") from None
