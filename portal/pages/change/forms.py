"""The form that changes an environment: its size, its version and one field for each variable, filled
in with what runs now.

It only collects. What is right is decided by `provisioning`, whose sentences are shown next to the
fields.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.http import QueryDict
from typing_extensions import override

from portal.pages.request_form.fields import OutputParametersField, field_of, name_field
from portal.pages.request_form.forms import NOTE_LIMIT, PREFIX, with_label
from portal.web.forms import PlainForm
from portal.web.tags import TagsField
from provisioning.blueprint import Blueprint, Variable, as_text
from provisioning.blueprint.external_inputs import external_inputs
from provisioning.lifecycle.rules import rules_of
from provisioning.lifecycle.rules.required_tags import tag_needs
from provisioning.lifecycle.team_resources import usable_names_of_environment
from provisioning.models import BlueprintVersion, Environment

TOUCHES_ALL: Final = "A changed tag updates every resource."


class ChangeForm(PlainForm):
    """Unbound when it is first shown. `blueprint` is the chosen version, `size` the chosen size: both
    decide on the fields.
    """

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.ChoiceField(label="Version", error_messages={"invalid_choice": "Choose one of the versions."})
    size = forms.ChoiceField(widget=forms.RadioSelect)
    tags = TagsField(note=TOUCHES_ALL)
    output_parameters = OutputParametersField()
    note = forms.CharField(
        required=False,
        max_length=NOTE_LIMIT,
        label="Reason",
        help_text="Why the environment changes. Approvers read it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        environment: Environment,
        blueprint: Blueprint,
        size: str,
        *,
        versions: Sequence[BlueprintVersion],
        has_output_parameters: bool,
        data: QueryDict | None = None,
    ) -> None:
        self.has_output_parameters = has_output_parameters
        self.environment, self.blueprint, self.chosen_size = environment, blueprint, size
        self.variables = {
            PREFIX + name: variable for name, variable in blueprint.variables.items() if variable.settable_in(size)
        }
        super().__init__(data=data, initial=self._initial())
        self._choose("version", [(row.version, _version_label(row, environment)) for row in versions])
        self._choose("size", [(name, name) for name in blueprint.sizes])
        self._add_fields()

    def _initial(self) -> dict[str, Any]:
        """The values that run now. A default is left empty, so that it follows size and version."""
        environment = self.environment
        initial = {
            "request_id": uuid.uuid4(),
            "version": self.blueprint.version,
            "size": self.chosen_size,
            "tags": environment.tags,
            "output_parameters": self.has_output_parameters,
        }
        for key, variable in self.variables.items():
            value = environment.inputs.get(variable.name)
            is_default = not variable.required and value == variable.default_in(environment.size)
            if value is not None and not is_default:
                initial[key] = str(value).lower() if isinstance(value, bool) else as_text(value)
        return initial

    def _add_fields(self) -> None:
        account = self.environment.account
        rules = rules_of(self.environment.team, account)
        here = rules.of(size=self.chosen_size, account_id=account.pk, team_id=self.environment.team_id)
        self.tag_needs = tag_needs(here)
        if isinstance(tags := self.fields["tags"], TagsField):
            tags.show_needs(self.tag_needs)
        named = external_inputs(self.blueprint)
        team, size = self.environment.team, self.chosen_size
        for key, variable in self.variables.items():
            kind = named.get(variable.name)
            self.fields[key] = (
                field_of(variable, size)
                if kind is None
                else name_field(
                    variable,
                    size,
                    kind=kind,
                    team=team,
                    listed=usable_names_of_environment(kind, self.environment),
                )
            )
        for key, field in self.fields.items():
            field.widget.attrs.setdefault("id", f"id_{key}")
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{key} error-{key}"

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def variable_fields(self) -> list[tuple[BoundField, Variable]]:
        return [(self[key], variable) for key, variable in self.variables.items()]

    @property
    def inputs(self) -> dict[str, object]:
        """The inputs of the blueprint as they were posted."""
        return {variable.name: self.data.get(key, "") for key, variable in self.variables.items()}

    def add_input_errors(self, errors: Mapping[str, Sequence[str]]) -> list[str]:
        """Add the errors of inputs to their fields. Returns the sentences about inputs that are not
        on the form.
        """
        without_field: list[str] = []
        for name, sentences in errors.items():
            if PREFIX + name in self.fields:
                self.add_error(PREFIX + name, [with_label(sentence, name) for sentence in sentences])
            else:
                without_field.extend(sentences)
        return without_field

    @override
    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field in self.fields:
            self.fields[field].widget.attrs["aria-invalid"] = "true"


def _version_label(row: BlueprintVersion, environment: Environment) -> str:
    notes = [row.maturity] if row.maturity != "published" else []
    if row.version == environment.blueprint_version.version:
        notes.append("runs now")
    return f"{row.version} ({', '.join(notes)})" if notes else row.version
