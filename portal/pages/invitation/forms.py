"""The form with which an invited person creates an account."""

from __future__ import annotations

from django import forms

from portal.identity.credentials import PASSWORD_LIMIT
from portal.identity.passwords import HELP_FOR_NEW
from portal.web.forms import PortalForm


class NewAccountForm(PortalForm):
    username = forms.CharField(
        max_length=150,
        label="User name",
        error_messages={"required": "Enter a user name."},
        help_text="You sign in with it. It cannot be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "spellcheck": "false", "autocapitalize": "none"}),
    )
    first_name = forms.CharField(
        max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    password = forms.CharField(
        max_length=PASSWORD_LIMIT,
        strip=False,
        help_text=HELP_FOR_NEW,
        error_messages={"required": "Enter a password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
