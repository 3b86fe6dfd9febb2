"""To whom an approver delegates, until when, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from typing_extensions import override

from portal.web.forms import PortalForm
from provisioning.lifecycle.services.delegations import MOST_CHARACTERS
from provisioning.models import User


class DelegationForm(PortalForm):
    """`delegate` is a user name, so that the form need not list everybody."""

    delegate = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
        help_text="The person who decides for you. Approvers need no delegation.",
        error_messages={"required": "Enter the user name of the person who decides for you."},
    )
    last_day = forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The delegation ends at the end of this day (UTC).",
        error_messages={"required": "Enter the last day.", "invalid": "Enter the last day as 2026-12-31."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=MOST_CHARACTERS,
        help_text="Everyone who sees requests may read it.",
        error_messages={"required": "Enter a reason."},
    )

    def clean_delegate(self) -> User:
        person = User.objects.filter(username=self.cleaned_data["delegate"], is_service=False).first()
        if person is None:
            raise forms.ValidationError("Nobody has this user name. Check its spelling.")
        return person

    @override
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if day := cleaned.get("last_day"):
            last = min(day, date.max - timedelta(days=1))  # the service says which days are possible
            cleaned["ends_at"] = datetime.combine(last, time.min, UTC) + timedelta(days=1)
        return cleaned
