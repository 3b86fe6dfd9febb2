"""The form of one rule. It turns what was typed into settings; the service decides what is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from typing_extensions import override

from portal.web.forms import LinesField, PortalForm
from provisioning.lifecycle.rules.lines import narrowing_text
from provisioning.lifecycle.rules.problems import LIMITS, MATURITIES, MOST_APPROVALS
from provisioning.lifecycle.rules.settings import (
    FREEZE_KINDS,
    AllowedBlueprint,
    Freeze,
    NarrowedInput,
    RequiredApprovals,
    RequiredTag,
    RuleSettings,
)
from provisioning.models import ApproverGroup, RuleKind

GROUPS: Final = tuple(ApproverGroup.values)
_INPUT: Final = re.compile(r"(?P<blueprint>[^.\s]+)\.(?P<name>[^:\s]+)\s*:\s*(?P<limit>.+)")
_RANGE: Final = re.compile(r"(?P<minimum>[^\s.,]*(?:\.\d+)?)\s*\.\.\s*(?P<maximum>[^\s,]*)")
_NOT_A_COUNT: Final = f"Enter a whole number from 0 to {MOST_APPROVALS}."
_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false"}
_YEARS: Final = (2000, 2999)
T = TypeVar("T")


class RuleForm(PortalForm):
    """The fields have the names of the settings, so that the service's sentences find them."""

    expected_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    blueprints = LinesField(
        label="Allowed blueprints",
        help_text="One per line: carbon-connect, carbon-connect@1.2.0, or carbon-connect@1.2.0+ for that version and "
        "later ones. Empty: all.",
    )
    maturities = forms.MultipleChoiceField(
        label="Allowed maturities",
        required=False,
        choices=[(maturity, maturity) for maturity in MATURITIES],
        widget=forms.CheckboxSelectMultiple,
        help_text="How finished a version is. None chosen: all.",
    )
    regions = LinesField(label="Allowed regions", help_text="One per line, such as eu-north-1. Empty: all.")
    inputs = LinesField(
        label="Narrowed inputs",
        help_text="One per line. Values: carbon-connect.model: small, large. A range: amply.workers: 1..4. "
        "A pattern between slashes: api-service.domain: /^.*[.]example[.]com$/.",
    )
    required_tags = LinesField(
        label="Required tags",
        help_text="One per line: owner, or cost-centre = 4711, 4712 with the values to choose from. Capital letters matter. "
        "Environments have them as tags of their stacks and resources; to see costs by one, the payer of the AWS "
        "account activates it as a cost allocation tag.",
    )
    environments = forms.IntegerField(
        label="Environments of each team",
        required=False,
        help_text="That exist at the same time within this scope. Empty: no limit.",
    )
    lifetime_days = forms.IntegerField(
        label="Lifetime in days",
        required=False,
        help_text="Recorded on new environments and shown there. No environment is torn down because of it.",
    )
    requests_per_hour_of_person = forms.IntegerField(
        label="Requests an hour, each person",
        required=False,
        help_text="Within this scope, in every team. Empty: no limit.",
    )
    requests_per_hour_of_team = forms.IntegerField(
        label="Requests an hour, each team",
        required=False,
        help_text="Those of service tokens count as well. Empty: no limit.",
    )
    previews_per_minute = forms.IntegerField(
        label="Previews a minute, each person",
        required=False,
        help_text="A preview is made whenever a field of the request form changes.",
    )
    pending_days = forms.IntegerField(
        label="Days until a pending request expires",
        required=False,
        help_text=f"Nobody can approve it after that. If no rule sets it: {django_settings.APPROVAL_VALID_DAYS} days.",
    )
    approval_days = forms.IntegerField(
        label="Days until an approval expires",
        required=False,
        help_text=f"What has not begun by then does not begin. If no rule sets it: {django_settings.APPROVAL_VALID_DAYS} days.",
    )
    refused_findings = LinesField(
        label="Refused findings",
        help_text="Rule ids of the security checks, one per line, such as iam.user. They are refused in addition to "
        "those that the portal refuses in every size.",
    )
    reason = forms.CharField(
        label="Reason for this change",
        required=False,
        max_length=2_000,
        help_text="The history of the rule shows it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any = None, *, settings: RuleSettings, version: int) -> None:
        super().__init__(data, initial={"expected_version": version, **_initial(settings)})
        for kind in RuleKind:
            for group in ApproverGroup:
                self.fields[f"approvals_{kind}_{group}"] = forms.IntegerField(
                    label=f"{kind.label.capitalize()}, {group.label}",
                    required=False,
                    validators=[MinValueValidator(0, _NOT_A_COUNT), MaxValueValidator(MOST_APPROVALS, _NOT_A_COUNT)],
                    error_messages={"invalid": _NOT_A_COUNT},
                    widget=forms.NumberInput(
                        attrs={
                            "aria-label": f"{kind.label}, {group.label}",
                            "inputmode": "numeric",
                            "min": 0,
                            "max": MOST_APPROVALS,
                        }
                    ),
                )
        for name, (least, most) in LIMITS.items():
            self.fields[name].widget.attrs |= {"min": least, "max": most}
        self.order_fields(
            [name for name in self.fields if name.startswith("approvals_")] + ["pending_days", "approval_days"]
        )
        self.freezes = FreezeFormSet(
            data,
            prefix="freezes",
            initial=[] if data is not None else [_freeze_initial(one) for one in settings.freezes],
        )

    @property
    def approval_rows(self) -> list[tuple[RuleKind, list[forms.BoundField]]]:
        return [(kind, [self[f"approvals_{kind}_{group}"] for group in ApproverGroup]) for kind in RuleKind]

    @property
    def approval_errors(self) -> list[str]:
        names = [f"approvals_{kind}_{group}" for kind in RuleKind for group in ApproverGroup]
        return [f"{self.fields[name].label}: {text}" for name in names for text in self.errors.get(name, ())]

    @property
    def freeze_errors(self) -> list[str]:
        """What the service says about freezes, each with the name of its freeze."""
        return [str(sentence) for sentence in self.non_field_errors()]

    @override
    def is_valid(self) -> bool:
        return all([super().is_valid(), self.freezes.is_valid()])

    def clean_blueprints(self) -> tuple[AllowedBlueprint, ...]:
        return _each(self.cleaned_data["blueprints"], _blueprint)

    def clean_required_tags(self) -> tuple[RequiredTag, ...]:
        return tuple(_required_tag(line) for line in self.cleaned_data["required_tags"])

    def clean_inputs(self) -> tuple[NarrowedInput, ...]:
        return _each(self.cleaned_data["inputs"], _narrowed)

    @property
    def settings(self) -> RuleSettings:
        """What the valid form says."""
        values = self.cleaned_data
        approvals = [
            RequiredApprovals(
                str(kind), **{str(group): values.get(f"approvals_{kind}_{group}") or 0 for group in ApproverGroup}
            )
            for kind in RuleKind
        ]
        return RuleSettings(
            approvals=tuple(entry for entry in approvals if entry.approvers or entry.owners or entry.admins),
            blueprints=values["blueprints"] or None,
            maturities=tuple(values["maturities"]) or None,
            regions=values["regions"] or None,
            inputs=values["inputs"],
            freezes=tuple(form.freeze for form in self.freezes if form.is_filled),
            refused_findings=values["refused_findings"],
            required_tags=values["required_tags"],
            **{name: values[name] for name in LIMITS},
        )


class FreezeForm(PortalForm):
    """One change freeze. An empty name removes it."""

    name = forms.CharField(required=False, max_length=80, widget=forms.TextInput(attrs=_PLAIN))
    starts_at = forms.DateTimeField(
        label="From",
        required=False,
        help_text="In the time zone of the freeze.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label="To",
        required=False,
        help_text="In the time zone of the freeze.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    time_zone = forms.CharField(
        required=False,
        max_length=64,
        help_text="Such as Europe/Stockholm. Empty: UTC.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    reason = forms.CharField(
        required=False, max_length=400, help_text="Shown to people whose requests the freeze refuses."
    )
    kinds = forms.MultipleChoiceField(
        label="Stops",
        required=False,
        choices=[(kind, f"{kind}s") for kind in FREEZE_KINDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="A recovery is always possible, and an operation that has begun continues.",
    )
    exceptions = LinesField(label="Except", help_text="Teams or environments, one per line: payments, payments/orders.")

    @property
    def is_filled(self) -> bool:
        return bool(self.cleaned_data.get("name"))

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not values.get("name"):
            return values
        zone = values.get("time_zone") or "UTC"
        if zone not in available_timezones():
            self.add_error("time_zone", f"There is no time zone “{zone}”. Enter one such as Europe/Stockholm or UTC.")
            zone = "UTC"
        for name in ("starts_at", "ends_at"):
            if (typed := values.get(name)) is None:
                if name not in self.errors:
                    self.add_error(name, "Enter a date and a time.")
            elif problem := _problem_of(typed, ZoneInfo(zone)):
                self.add_error(name, problem)
        return values

    @property
    def freeze(self) -> Freeze:
        values = self.cleaned_data
        name = values.get("time_zone") or "UTC"
        zone, utc = ZoneInfo(name), ZoneInfo("UTC")
        starts_at, ends_at = (values[key].replace(tzinfo=zone).astimezone(utc) for key in ("starts_at", "ends_at"))
        return Freeze(
            name=values["name"],
            starts_at=starts_at,
            ends_at=ends_at,
            time_zone=name,
            reason=values["reason"],
            kinds=tuple(values["kinds"]),
            exceptions=values["exceptions"],
        )


FreezeFormSet: Final = forms.formset_factory(FreezeForm, extra=1, max_num=50, absolute_max=60)


def _problem_of(typed: datetime, zone: ZoneInfo) -> str:
    """Why a local time names no moment, or two, as a sentence; empty if it names one."""
    if not _YEARS[0] <= typed.year <= _YEARS[1]:
        return f"Enter a year from {_YEARS[0]} to {_YEARS[1]}."
    local = typed.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():  # PEP 495: in a gap or in a repeated hour
        return f"The clocks in {zone.key} change at this time. Enter an earlier or a later one."
    return ""


def _each(lines: Iterable[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    """Parse each line. All wrong lines are reported together."""
    entries, errors = [], []
    for line in lines:
        try:
            entries.append(parse(line))
        except ValueError as error:
            errors.append(str(error))
    if errors:
        raise ValidationError(errors)
    return tuple(entries)


def _blueprint(line: str) -> AllowedBlueprint:
    slug, _, version = line.partition("@")
    return AllowedBlueprint(slug.strip(), version.strip().removesuffix("+"), or_later=version.strip().endswith("+"))


def _required_tag(line: str) -> RequiredTag:
    key, _, values = line.partition("=")
    return RequiredTag(key.strip(), tuple(text.strip() for text in values.split(",") if text.strip()))


def _narrowed(line: str) -> NarrowedInput:
    match = _INPUT.fullmatch(line)
    if match is None:
        raise ValueError(f"“{line}” is not blueprint.input: values. Write carbon-connect.model: small, large.")
    entry: Mapping[str, Any] = {"blueprint": match["blueprint"], "name": match["name"]}
    limit = match["limit"].strip()
    if limit.startswith("/") and limit.endswith("/") and len(limit) > 1:
        return NarrowedInput(**entry, pattern=limit[1:-1])
    if (span := _RANGE.fullmatch(limit)) is not None:
        return NarrowedInput(**entry, minimum=span["minimum"], maximum=span["maximum"])
    return NarrowedInput(**entry, allowed=tuple(text.strip() for text in limit.split(",") if text.strip()))


def _initial(settings: RuleSettings) -> dict[str, Any]:
    return {
        "blueprints": tuple(map(str, settings.blueprints or ())),
        "maturities": settings.maturities or (),
        "regions": settings.regions or (),
        "inputs": tuple(f"{one.blueprint}.{one.name}: {narrowing_text(one)}" for one in settings.inputs),
        "refused_findings": settings.refused_findings,
        "required_tags": tuple(map(str, settings.required_tags)),
        **{name: getattr(settings, name) for name in LIMITS},
        **{
            f"approvals_{entry.kind}_{group}": getattr(entry, group) or None
            for entry in settings.approvals
            for group in GROUPS
        },
    }


def _freeze_initial(freeze: Freeze) -> dict[str, Any]:
    zone = ZoneInfo(freeze.time_zone)
    return {
        "name": freeze.name,
        "starts_at": freeze.starts_at.astimezone(zone).replace(tzinfo=None),
        "ends_at": freeze.ends_at.astimezone(zone).replace(tzinfo=None),
        "time_zone": freeze.time_zone,
        "reason": freeze.reason,
        "kinds": freeze.kinds,
        "exceptions": freeze.exceptions,
    }
