"""The forms of the pages for people. The rules are those of the services."""

from __future__ import annotations

from django import forms

from portal.web.forms import PortalForm


class PersonForm(PortalForm):
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(
        max_length=254,
        required=False,
        label="E-mail address",
        error_messages={"invalid": "Enter an e-mail address, such as name@example.com."},
        help_text="Messages are sent to it, and an invitation to it can be accepted only by this person.",
    )


class NewPersonForm(PersonForm):
    username = forms.CharField(
        max_length=150,
        label="User name",
        error_messages={"required": "Enter a user name."},
        help_text="The person signs in with it. It cannot be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    field_order = ("username", "first_name", "last_name", "email")
