"""What people write when they decide on a request, and when they tear something down."""

from __future__ import annotations

from django import forms

NOTE_LIMIT = 2_000


class DecisionForm(forms.Form):
    """`digest` is the plan's that was on the page, so that nobody approves what they have not seen."""

    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    note = forms.CharField(max_length=NOTE_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class TeardownForm(forms.Form):
    request_id = forms.UUIDField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    typed_name = forms.CharField(
        max_length=64,
        label="Type the environment's name",
        error_messages={"required": "Type the environment's name to say that you mean this one."},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "aria-describedby": "error-typed_name"}
        ),
    )
