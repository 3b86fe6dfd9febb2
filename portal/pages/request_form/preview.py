"""The live preview: the plan of the form as it is filled in now, or what is missing. Nothing here
writes anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from django.urls import reverse

from portal.pages.catalogue.example_plan import example_plan
from portal.pages.request_form.forms import PREFIX, RequestForm
from portal.panels.diagram import DiagramPanel
from portal.panels.plan_summary import PlanSummaryPanel
from portal.panels.preflight import read_signed_report
from portal.panels.registry import Panels, PlanView, panels_of
from portal.panels.timeline import TimelinePanel
from portal.web.forms import add_field_errors
from portal.web.tags import tags_text
from provisioning.blueprint import BlueprintError, InputErrors, parse_inputs
from provisioning.errors import InvalidFields, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.environment_tags import problems_of_tags
from provisioning.lifecycle.plan_document import CreatePlan
from provisioning.lifecycle.planning import PlanDraft, draft_create
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.rules import BlueprintFacts, Facts, Refusal, evaluate
from provisioning.lifecycle.services.preflight import report_for_draft
from provisioning.models import RuleKind

FACTS_AT_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The plan, or the reasons why there is none yet.

    `diagram` shows the plan, or the blueprint's example plan as long as there is none. `panels` are
    those of the plan. `preflight` is the report that the user has seen. `facts` are sent with the
    form, so that the next page can say what has changed since.
    """

    diagram: DiagramPanel | None
    draft: PlanDraft[CreatePlan] | None = None
    preflight: PreflightReport | None = None
    panels: Panels = field(default_factory=Panels)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    facts: str = ""
    refusals: tuple[Refusal, ...] = ()
    """Of rules: a request of this plan would be refused."""
    wrong: int = 0
    """The number of fields with an error."""

    @property
    def summary(self) -> PlanSummaryPanel | None:
        return self.panels.of(PlanSummaryPanel)

    @property
    def timeline(self) -> TimelinePanel | None:
        return self.panels.of(TimelinePanel)

    @property
    def digest(self) -> str:
        return self.draft.digest if self.draft else ""


def too_many(form: RequestForm, sentence: str) -> Preview:
    """The answer to a preview that is one too many: nothing is planned."""
    example = example_plan(form.offer.blueprint, form.chosen_size).panels.of(DiagramPanel)
    return Preview(diagram=example, problems=[sentence])


def preview_of(form: RequestForm, *, lenient: bool) -> Preview:
    """Plan the request. With `lenient`, while the user still types, an empty field is missing but
    not yet an error.
    """
    example = example_plan(form.offer.blueprint, form.chosen_size).panels.of(DiagramPanel)
    if not form.is_bound:
        return Preview(diagram=example, missing=_missing(form), refusals=_refusals_of_place(form))
    form.full_clean()
    missing = _missing(form)
    draft, problems = _draft(form)
    if lenient:
        for name in [name for name in form.errors if not str(form.data.get(name, "")).strip()]:
            del form.errors[name]
            form.fields[name].widget.attrs.pop("aria-invalid", None)
    if draft is None or form.errors:
        general = [str(text) for text in form.non_field_errors()]
        return Preview(
            diagram=example,
            missing=missing,
            problems=general + problems,
            refusals=draft.verdict.refusals if draft is not None else _refusals_of_place(form),
            wrong=len(form.errors),
        )
    seen = read_signed_report(str(form.data.get("preflight", "")), draft.digest)
    report = seen or report_for_draft(draft, form.chosen_place[0])
    panels = panels_of(
        PlanView.of_draft(
            draft,
            preflight=report,
            checked_by=reverse("preflight", kwargs={"slug": form.offer.blueprint.slug}),
        )
    )
    return Preview(
        diagram=panels.of(DiagramPanel),
        draft=draft,
        preflight=report,
        panels=panels,
        facts=json.dumps(_facts(form, draft)),
        refusals=draft.verdict.refusals,
    )


def _draft(form: RequestForm) -> tuple[PlanDraft[CreatePlan] | None, list[str]]:
    """The plan, or None and the problems that belong to no field. The form has those that belong to
    one.
    """
    if problems := problems_of_tags(form.cleaned_data.get("tags", {})):
        form.add_error("tags", problems)
    if not {"team", "place", "name", "tags", "request_id"} <= form.cleaned_data.keys():
        # There is no plan, but the inputs are still checked.
        try:
            parse_inputs(form.offer.blueprint, form.chosen_size, form.inputs)
        except InputErrors as error:
            return None, form.add_input_errors(error.errors)
        return None, []
    account, region = form.chosen_place
    try:
        return draft_create(
            actor=form.offer.actor,
            team=form.chosen_team,
            name=form.cleaned_data["name"],
            blueprint=form.offer.blueprint,
            size=form.chosen_size,
            inputs=form.inputs,
            account=account,
            region=region,
            tags=form.cleaned_data["tags"],
            request_id=form.cleaned_data["request_id"],
            output_parameters=form.cleaned_data["output_parameters"],
            rules=form.rules,
        ), []
    except InputErrors as error:
        return None, form.add_input_errors(error.errors)
    except InvalidFields as error:
        return None, add_field_errors(form, error.fields)
    except (BlueprintError, Refused) as error:
        return None, str(error).splitlines()


def _refusals_of_place(form: RequestForm) -> tuple[Refusal, ...]:
    """What rules refuse whatever the inputs are, while there is no plan."""
    if form.shown_place is None:
        return ()
    account, region = form.shown_place
    blueprint = form.offer.blueprint
    facts = Facts(
        kind=RuleKind.CREATE,
        team=form.shown_team,
        account=account,
        size=form.chosen_size,
        region=region,
        name=str(form.data.get("name", "")).strip(),
        at=clock.now(),
        blueprint=BlueprintFacts(blueprint.slug, blueprint.version, blueprint.maturity),
    )
    return evaluate(facts, actor=form.offer.actor, rules=form.rules).refusals


def _missing(form: RequestForm) -> list[str]:
    fixed = [
        form.fields[name].label or name.capitalize() for name in ("name", "team", "place") if not form[name].value()
    ]
    if not form.is_bound:
        fixed = ["Name"]
    inputs = [
        str(bound.label)
        for bound, variable in form.variable_fields
        if variable.required and not str(form.data.get(bound.name, "")).strip()
    ]
    return [*map(str, fixed), *inputs]


def _facts(form: RequestForm, draft: PlanDraft[CreatePlan]) -> dict[str, str]:
    account, region = form.chosen_place
    blueprint = form.offer.blueprint
    inputs = {
        str(form.fields[PREFIX + name].label): str(value)
        for name, value in draft.inputs.items()
        if PREFIX + name in form.fields and not blueprint.variables[name].sensitive and value is not None
    }
    return {
        "Team": form.chosen_team.name,
        "Name": form.cleaned_data["name"],
        "Size": form.chosen_size,
        "Account and region": f"{account.name} · {region}",
        "Blueprint": f"{blueprint.version} ({blueprint.digest[:8]})",
        "Output parameters": "yes" if draft.document.has_output_parameters else "no",
        "Resources": str(len(draft.document.resources)),
        **({"Tags": tags_text(draft.document.tags)} if draft.document.tags else {}),
        **inputs,
    }


def changes_since(shown: str, now: Preview) -> list[Change]:
    """The differences between the plan that was on the page and the current one, from the `facts`
    of both.
    """
    if not now.facts or not shown or len(shown) > FACTS_AT_MOST:
        return []
    try:
        before = json.loads(shown)
    except (ValueError, RecursionError):  # not written by this portal
        return []
    after = json.loads(now.facts)
    if not isinstance(before, dict):
        return []
    return [
        Change(label, str(before.get(label, "–")), str(after.get(label, "–")))
        for label in dict.fromkeys([*after, *before])
        if str(before.get(label, "–")) != str(after.get(label, "–"))
    ]
