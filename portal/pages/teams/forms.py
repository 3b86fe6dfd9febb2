"""The forms of the team pages. The rules are those of the services."""

from __future__ import annotations

from django import forms

from portal.web.forms import PortalForm
from provisioning.lifecycle.services.teams import NAME_LIMIT
from provisioning.models import Role

ROLES = [(Role.OPERATOR, "Operator"), (Role.VIEWER, "Viewer"), (Role.OWNER, "Owner")]


class TeamForm(PortalForm):
    name = forms.CharField(
        max_length=NAME_LIMIT, error_messages={"required": "Enter a name."}, help_text="As people read it: Payments."
    )
    slug = forms.CharField(
        max_length=32,
        label="Short name",
        error_messages={"required": "Enter a short name."},
        help_text="Letters, digits and hyphens. It begins the names of the team’s resources in AWS and never changes.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "payments"}),
    )


class RenameForm(PortalForm):
    name = forms.CharField(max_length=NAME_LIMIT, error_messages={"required": "Enter a name."})


class AddForm(PortalForm):
    """Adds a person who has an account, or invites the holder of an address."""

    who = forms.CharField(
        max_length=254,
        label="User name or e-mail address",
        error_messages={"required": "Enter a user name or an e-mail address."},
        help_text="A person with an account is added immediately. For any other address, you get a link to pass on.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(choices=ROLES, error_messages={"invalid_choice": "Choose a role."})


class DeleteForm(PortalForm):
    typed_slug = forms.CharField(
        max_length=32,
        label="Short name",
        error_messages={"required": "Type the short name to confirm."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
