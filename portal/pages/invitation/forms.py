"""The form with which an invited person creates an account."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts

from portal.identity.credentials import PASSWORD_LIMIT
from portal.web.forms import PortalForm


class NewAccountForm(PortalForm):
    username = forms.CharField(
        max_length=150,
        label="User name",
        error_messages={"required": "Enter a user name."},
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
        help_text=" ".join(password_validators_help_texts()),
        error_messages={"required": "Enter a password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
