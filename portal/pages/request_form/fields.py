"""One field of the request form for each variable of the blueprint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django import forms
from typing_extensions import override

from portal.web.formatting import format_value, title_of
from provisioning.blueprint import Variable
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.design.external_names import ExternalKind
from provisioning.lifecycle.rules.narrowing import Narrowing, text_of
from provisioning.lifecycle.team_resources import why_none_is_listed
from provisioning.models import Team


class SecretNameInput(forms.TextInput):
    """Asks for the name of a secret. A wrong text is not sent back: it may be the secret itself."""

    @override
    def format_value(self, value: Any) -> str | None:
        return None if self.attrs.get("aria-invalid") else super().format_value(value)


class NameField(forms.CharField):
    """Asks for the name of something outside the environment. `listed` are the names to choose from;
    others are right as well, such as those of public images.
    """

    def __init__(self, *, listed: Sequence[str], **options: Any) -> None:
        self.listed = listed
        super().__init__(**options)


class OutputParametersField(forms.BooleanField):
    """Asks whether the outputs are also written as SSM parameters."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Write the outputs as SSM parameters",
            help_text=(
                "Other programs then read them from Parameter Store, without the portal. Everyone who may read parameters "
                "in this account can see them. Secrets are never written."
            ),
        )


def name_field(variable: Variable, size: str, *, kind: ExternalKind, team: Team, listed: Sequence[str]) -> forms.Field:
    """The field of a variable that names something of this kind. `listed` is what the team may use."""
    field = field_of(variable, size)
    if not listed and (sentence := why_none_is_listed(kind, team)):
        field.help_text = f"{field.help_text.rstrip('.')}. {sentence}"
    if variable.type.container is not None or variable.sensitive or not isinstance(field, forms.CharField):
        return field
    attributes = dict(field.widget.attrs)
    if listed:
        del attributes["autocomplete"]  # Firefox would not show the list
        attributes["list"] = f"list-{variable.name}"
    widget = SecretNameInput if kind is ExternalKind.SECRET else forms.TextInput
    return NameField(
        listed=listed, required=False, label=field.label, help_text=field.help_text, widget=widget(attrs=attributes)
    )


def field_of(variable: Variable, size: str) -> forms.Field:
    common: dict[str, Any] = {"required": False, "label": title_of(variable.name), "help_text": variable.description}
    allowed = next((rule.allowed for rule in variable.validations if rule.allowed), None)
    if variable.type == VariableType("bool"):
        return forms.ChoiceField(**common, choices=_with_default(variable, size, [("true", "yes"), ("false", "no")]))
    if variable.type.container is None and allowed:
        return forms.ChoiceField(
            **common, choices=_with_default(variable, size, [(str(item), str(item)) for item in allowed])
        )
    attributes = {"spellcheck": "false", "autocomplete": "off", "placeholder": _placeholder(variable, size)}
    if variable.sensitive:
        attributes |= {"autocomplete": "new-password", "placeholder": ""}
        return forms.CharField(**common, strip=False, widget=forms.PasswordInput(attrs=attributes))
    if variable.type == VariableType("number"):
        attributes["inputmode"] = "decimal"
    if variable.type.container is None:
        return forms.CharField(**common, widget=forms.TextInput(attrs=attributes))
    how = "One key = value per line" if variable.type.container == "map" else "One per line"
    common["help_text"] = f"{variable.description.rstrip('.')}. {how}."
    return forms.CharField(**common, widget=forms.Textarea(attrs={**attributes, "rows": "3"}))


def narrow(field: forms.Field, variable: Variable, size: str, narrowing: Narrowing) -> forms.Field:
    """The field, with the choices and the limits that rules leave."""
    because = ", ".join(dict.fromkeys(reference.title for reference in narrowing.because))
    if narrowing.limits:
        limits = " and ".join(narrowing.limits)
        field.help_text = f"{field.help_text.rstrip('.')}. Rules ({because}) require a value {limits}."
    if narrowing.allowed is None:
        return field
    if variable.type.container is not None:
        field.help_text = f"{field.help_text.rstrip('.')}. Rules ({because}) allow {', '.join(narrowing.allowed)}."
        return field
    offered = cast("Iterable[tuple[str, str]]", field.choices) if isinstance(field, forms.ChoiceField) else ()
    labels = dict(offered)
    choices = [(text, str(labels.get(text, text))) for text in narrowing.allowed if not labels or text in labels]
    default = variable.default_in(size)
    has_default = not variable.required and (default is None or text_of(default) in narrowing.allowed)
    empty = _with_default(variable, size, [])[0] if has_default else ("", "choose…")
    help_text = f"{field.help_text.rstrip('.')}. Limited by rules ({because})."
    return forms.ChoiceField(
        required=False,
        label=field.label,
        help_text=help_text,
        choices=[empty, *choices],
        error_messages={"invalid_choice": "Choose one of the values that the rules allow."},
    )


def _with_default(variable: Variable, size: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    nothing = "choose…" if variable.required else f"default: {format_value(variable.default_in(size))}"
    return [("", nothing), *choices]


def _placeholder(variable: Variable, size: str) -> str:
    default = variable.default_in(size)
    if default is not None:
        return f"default: {format_value(default)}"
    if variable.example is None:
        return ""
    return f"e.g. {format_value(variable.example)}"
