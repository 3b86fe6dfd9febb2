"""The confirmation of a teardown."""

from __future__ import annotations

from django import forms

from portal.web.forms import PlainForm
from provisioning.lifecycle.services.teardown import Removal


class TeardownForm(PlainForm):
    """`digest` is that of the plan on the page, so that nobody confirms a plan that they have not
    seen.
    """

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    removal = forms.TypedChoiceField(
        choices=[(removal.value, removal.value) for removal in Removal],
        coerce=Removal,
        empty_value=Removal.DELETE,
        required=False,
        widget=forms.HiddenInput,
    )
    typed_name = forms.CharField(
        max_length=64,
        label="Type the environment's name",
        error_messages={"required": "Type the environment's name to confirm."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "aria-describedby": "error-typed_name",
                # Keep what is typed while the stacks are being listed.
                "hx-preserve": "true",
            }
        ),
    )
