"""The confirmation of a recovery."""

from __future__ import annotations

from django import forms

from portal.web.forms import PlainForm


class RecoverForm(PlainForm):
    """`digest` is that of the plan on the page. The name is typed only if resources are skipped."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    skip = forms.BooleanField(required=False, widget=forms.HiddenInput)
    typed_name = forms.CharField(
        max_length=64,
        required=False,
        label="Type the environment's name",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "aria-describedby": "error-typed_name"}
        ),
    )
