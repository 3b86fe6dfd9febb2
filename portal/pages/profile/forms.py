"""The forms of the profile. No field shows what was typed again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.views.decorators.debug import sensitive_variables

from portal.identity.credentials import PASSWORD_LIMIT
from portal.identity.passwords import HELP_FOR_NEW
from portal.web.forms import PlainForm
from provisioning.models import User


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "required": True})
    messages = {"required": f"Enter the {label.lower()}."}
    return forms.CharField(
        label=label, strip=False, max_length=PASSWORD_LIMIT, widget=widget, help_text=help_text, error_messages=messages
    )


class PasswordForm(PlainForm):
    """The view checks the current password, because each attempt is limited."""

    current_password = _password("Current password", "current-password")
    new_password = _password("New password", "new-password", HELP_FOR_NEW)
    new_password_again = _password("New password again", "new-password")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        for name, field in self.fields.items():
            described = f"error-{name} help-{name}" if field.help_text else f"error-{name}"
            field.widget.attrs["aria-describedby"] = described

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("new_password"), cleaned.get("new_password_again")
        if first and second and first != second:
            self.add_error("new_password_again", "The two new passwords differ.")
        if first:
            if first == cleaned.get("current_password"):
                self.add_error("new_password", "This is the current password. Choose another one.")
            try:
                validate_password(first, self._user)
            except forms.ValidationError as error:
                self.add_error("new_password", error)
        return cleaned

    def focus_on_first_error(self) -> None:
        """Let the browser go to the first field with an error."""
        for name, field in self.fields.items():
            if self.has_error(name):
                field.widget.attrs |= {"autofocus": True, "aria-invalid": "true"}
                return
