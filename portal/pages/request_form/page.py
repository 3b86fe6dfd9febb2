"""The request form with its live preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.forms import BoundField

from portal.pages.request_form.forms import RequestForm
from portal.pages.request_form.preview import Change, Preview
from provisioning.blueprint import Blueprint
from provisioning.exchange import Left, Taken
from provisioning.lifecycle.access import how_to_admit
from provisioning.lifecycle.rules import ApprovalRule, Lifetime, approval_rule
from provisioning.lifecycle.rules.evaluate import lifetime_of
from provisioning.models import RuleKind


@dataclass(frozen=True, slots=True)
class Imported:
    """What Terraform text filled in: each line that was used with the title of its field, and the
    lines that were not.
    """

    taken: Sequence[tuple[Taken, str]]
    left: Sequence[Left]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class RequestFormPage:
    """`why_not` says why nobody can request this size now. `changes` are since the plan that was on
    the page.

    `is_live` marks an answer to htmx, which replaces the preview and the errors of the fields.
    """

    form: RequestForm
    preview: Preview
    why_not: str
    notice: str
    changes: Sequence[Change]
    imported: Imported | None
    is_live: bool

    @property
    def blueprint(self) -> Blueprint:
        return self.form.offer.blueprint

    @property
    def size(self) -> str:
        return self.form.chosen_size

    @property
    def approval(self) -> ApprovalRule | None:
        """The approvals that the request would need; None if the team can create this size nowhere."""
        if self.form.shown_place is None:
            return None
        account, _ = self.form.shown_place
        return approval_rule(
            team=self.form.shown_team,
            account=account,
            size=self.size,
            kind=RuleKind.CREATE,
            blueprint=self.blueprint,
            rules=self.form.rules,
        )

    @property
    def needs_approval(self) -> bool:
        if (approval := self.approval) is not None:
            return approval.requires_approval
        return self.blueprint.sizes[self.size].requires_approval

    @property
    def lifetime(self) -> Lifetime | None:
        """How long rules let the environment live."""
        return lifetime_of(self.form.rules_here)

    @property
    def only_team(self) -> tuple[str, str] | None:
        """Key and name of the team, if there is no choice."""
        (first, *others) = self.form.team_choices
        return None if others else first

    @property
    def why_no_place(self) -> str:
        """Why the team can create this size nowhere, as a sentence."""
        team = self.form.shown_team
        return f"{team.name} may use no account that accepts size {self.size} of this blueprint. {how_to_admit(team)}"

    @property
    def live_error_fields(self) -> list[BoundField]:
        """The fields whose errors a live answer replaces. Size and team have no errors of their
        own.
        """
        if not self.is_live:
            return []
        return [field for field in self.form.visible_fields() if field.name not in ("size", "team")]
