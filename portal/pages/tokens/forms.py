"""The form of a new token. The rules are those of the service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.conf import settings

from portal.web.forms import PortalForm
from provisioning.lifecycle.services.tokens import NAME_LENGTH, Scope

_PERIODS: Final = (7, 30, 90, 180, 366)


class TokenForm(PortalForm):
    name = forms.CharField(
        max_length=NAME_LENGTH,
        error_messages={"required": "Enter a name, such as the program that uses the token."},
        help_text="The program that uses the token, such as “deploys of orders”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one scope."},
    )
    days = forms.TypedChoiceField(label="Valid for", coerce=int, initial=30)

    def __init__(self, offered: Iterable[Scope], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(str(scope), scope.meaning) for scope in offered]  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [str(Scope.READ)]
        longest = settings.TOKEN_MAX_DAYS
        periods = sorted({min(days, longest) for days in _PERIODS})
        self.fields["days"].choices = [(days, f"{days} day{'s' * (days != 1)}") for days in periods]  # type: ignore[attr-defined]
        self.fields["days"].initial = min(30, longest)
