"""The form that offers an environment to another team."""

from __future__ import annotations

from django import forms

from portal.web.forms import PortalForm
from provisioning.lifecycle.services.handover import NOTE_LIMIT


class OfferForm(PortalForm):
    receiver = forms.CharField(
        max_length=32,
        label="Short name of the receiving team",
        error_messages={"required": "Enter the short name of a team."},
        help_text="The page of a team shows it. An owner of that team sees the offer there.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    note = forms.CharField(
        required=False,
        max_length=NOTE_LIMIT,
        help_text="For the owners of the receiving team.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    typed_name = forms.CharField(
        max_length=32,
        label="Name of the environment",
        error_messages={"required": "Type the environment’s name to confirm."},
        help_text="Type it to confirm.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
