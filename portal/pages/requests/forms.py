"""The decision on a request."""

from __future__ import annotations

from django import forms

from portal.web.forms import PlainForm

NOTE_LIMIT = 2_000


class DecisionForm(PlainForm):
    """`accept_findings` confirms that the plan is to start although AWS would refuse it.

    `digest` is that of the plan on the page, so that nobody approves a plan that they have not
    seen. `typed_name` is asked for only where data may be replaced or deleted. `note` is required to
    reject, and for a question.
    """

    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    accept_findings = forms.BooleanField(required=False)
    typed_name = forms.CharField(
        max_length=64,
        required=False,
        widget=forms.TextInput(
            attrs={"data-keep": "", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )
    note = forms.CharField(
        max_length=NOTE_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "data-keep": "", "aria-describedby": "help-note error-note"}),
    )


class CommentForm(PlainForm):
    """An answer of the team. A page keeps what was typed into it when it shows what others did."""

    text = forms.CharField(
        max_length=NOTE_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "data-keep": "", "aria-describedby": "help-text error-text"}),
    )
