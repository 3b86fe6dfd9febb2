"""The filter of the audit log. It is in the URL, so a filtered list can be shared."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from typing_extensions import override

from portal.web.formatting import title_of
from portal.web.forms import PlainForm
from provisioning.lifecycle.access import AuditScope
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.read.audit import AuditFilter


def action_choices() -> list[tuple[str, Any]]:
    """The actions, grouped by their noun."""
    groups = groupby(sorted(AuditAction), key=lambda action: action.partition(":")[0])
    named = [(title_of(noun), [(str(action), str(action)) for action in actions]) for noun, actions in groups]
    return [("", "All"), *named]


class AuditFilterForm(PlainForm):
    words = forms.CharField(
        required=False, max_length=200, label="Words", help_text="Whole words in names, actions and details."
    )
    who = forms.CharField(required=False, max_length=150, label="User name")
    team = forms.ChoiceField(required=False, label="Team")
    environment = forms.CharField(required=False, max_length=36, label="Environment")
    action = forms.ChoiceField(required=False, label="Action")
    address = forms.CharField(required=False, max_length=45, label="IP address", help_text="From which somebody acted.")
    about = forms.CharField(
        required=False, max_length=64, label="About (ID)", help_text="Its ID, which the page of an event shows."
    )
    first_day = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, scope: AuditScope, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", "All"), *((team.slug, team.name) for team in scope.teams)]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["action"].choices = action_choices()  # type: ignore[attr-defined]  # as above
        for name in self.errors:
            self.fields[name].widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    @override
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", "The last day is before the first one. Exchange them.")
        return cleaned

    @property
    def wanted(self) -> AuditFilter:
        """The filter of a valid form."""
        return AuditFilter(**{name: self.cleaned_data[name] for name in self.fields})
