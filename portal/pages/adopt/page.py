"""The page that requests the adoption of an existing stack."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

from django.http import QueryDict

from portal.pages.adopt.forms import AdoptForm
from portal.web.formatting import short_type
from provisioning.lifecycle.access import account_teams_of, check_may_act_for_a_team, teams_user_may_act_for
from provisioning.lifecycle.adoption import AdoptionDraft
from provisioning.lifecycle.services.adopt import WATCHED_ONLY
from provisioning.models import User


@dataclass(frozen=True, slots=True)
class StackSummary:
    """What the look at a stack has shown. `types` are its resources by type, the most first."""

    name: str
    arn: str
    status: str
    resources: int
    types: list[tuple[str, int]]
    retained: int
    has_failed: bool


@dataclass(frozen=True, slots=True)
class AdoptPage:
    form: AdoptForm
    summary: StackSummary | None
    digest: str
    notice: str
    watched_only: str = WATCHED_ONLY

    @property
    def has_places(self) -> bool:
        return bool(self.form.fields["place"].choices)  # type: ignore[attr-defined]


def adopt_form(user: User, data: QueryDict | None, *, stack: str = "") -> AdoptForm:
    """Raises NotAllowed for users who may act for no team."""
    teams = teams_user_may_act_for(user)
    check_may_act_for_a_team(teams)
    initial: dict[str, object] = {"request_id": uuid4(), "stack": stack}
    return AdoptForm(data, teams=teams, account_teams=account_teams_of(teams), initial=initial)


def adopt_page(form: AdoptForm, *, draft: AdoptionDraft | None = None, notice: str = "") -> AdoptPage:
    return AdoptPage(
        form=form,
        summary=_summary(draft) if draft is not None else None,
        digest=draft.digest if draft is not None else "",
        notice=notice,
    )


def _summary(draft: AdoptionDraft) -> StackSummary:
    stack = draft.stack
    counts = Counter(short_type(resource.type) for resource in stack.resources)
    return StackSummary(
        name=stack.name,
        arn=draft.document.stack_id,
        status=draft.state.status,
        resources=len(stack.resources),
        types=counts.most_common(),
        retained=len(stack.retained),
        has_failed=draft.state.status.endswith("_FAILED"),
    )
