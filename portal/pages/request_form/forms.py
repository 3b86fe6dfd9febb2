"""The form that requests an environment: fixed questions, and one for each variable of the
blueprint.

It only collects. What is right is decided by `provisioning`, whose sentences are shown next to the
fields.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.http import QueryDict
from django.urls import reverse
from typing_extensions import override

from portal.pages.request_form.fields import OutputParametersField, field_of, name_field, narrow
from portal.web.formatting import title_of
from portal.web.forms import PlainForm, name_what_is_required
from portal.web.tags import TagsField
from provisioning.aws.regions import region_name
from provisioning.blueprint import Blueprint, Variable
from provisioning.blueprint.external_inputs import external_inputs
from provisioning.design.environment_name import NAME_LIMIT, NAME_PATTERN
from provisioning.design.external_names import ExternalKind
from provisioning.lifecycle.access import offered_regions, offered_sizes
from provisioning.lifecycle.rules import RuleSet, rules_of
from provisioning.lifecycle.rules.narrowing import narrowings
from provisioning.lifecycle.rules.required_tags import tag_needs
from provisioning.lifecycle.team_resources import listed_names
from provisioning.models import Account, AccountTeam, Team, User

PREFIX = "input_"
NOTE_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Offer:
    """The choices of one user: teams, what each may use in which accounts, and the regions in which
    the blueprint is available.
    """

    actor: User
    blueprint: Blueprint
    teams: Sequence[Team]
    account_teams: Sequence[AccountTeam]

    def team(self, key: str) -> Team:
        """The team with this key; the first one if the user has no such team."""
        return next((team for team in self.teams if str(team.pk) == key), self.teams[0])

    def places(self, size: str, team: Team) -> list[tuple[Account, str]]:
        """Account and region of each place where the team can create this size."""
        return [
            (entry.account, region)
            for entry in self.account_teams
            if entry.team_id == team.pk and size in offered_sizes(entry)
            for region in self.blueprint.regions
            if region in offered_regions(entry)
        ]


class RequestForm(PlainForm):
    """The form is unbound when it is first shown, and bound to the POST data for previews and for
    sending.

    Each size and each team has its own list of places. With `replaces_place`, a place that is not
    in the list is replaced by its first one, as after another size was chosen.
    """

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    # The names of the inputs that Terraform text filled in, so that they stay marked.
    imported = forms.CharField(required=False, max_length=NOTE_LIMIT, widget=forms.HiddenInput)
    size = forms.ChoiceField(widget=forms.RadioSelect)
    team = forms.ChoiceField(error_messages={"invalid_choice": "Choose one of your teams."})
    name = forms.CharField(
        max_length=NAME_LIMIT,
        error_messages={"required": "Enter a name, such as orders-dev."},
        help_text="The names of its resources in AWS contain it. Lowercase letters, digits and hyphens.",
        widget=forms.TextInput(
            attrs={"pattern": NAME_PATTERN, "autocomplete": "off", "spellcheck": "false", "placeholder": "orders-dev"}
        ),
    )
    place = forms.ChoiceField(
        label="Account and region",
        error_messages={
            "required": "Choose an account and a region.",
            "invalid_choice": "The team cannot create this size in this account and region. Choose another place.",
        },
    )
    tags = TagsField()
    output_parameters = OutputParametersField()
    note = forms.CharField(
        required=False,
        max_length=NOTE_LIMIT,
        help_text="What the environment is for. Approvers read this note.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, offer: Offer, size: str, data: QueryDict | None = None, *, replaces_place: bool = False) -> None:
        self.offer, self.chosen_size = offer, size
        self.shown_team = offer.team(data.get("team", "") if data is not None else "")
        places = [
            (f"{account.pk}/{region}", account, region) for account, region in offer.places(size, self.shown_team)
        ]
        if data is not None:
            data = data.copy()
            data["size"] = size
            if replaces_place and places and data.get("place") not in {value for value, _, _ in places}:
                data["place"] = places[0][0]
        super().__init__(data=data, initial={"request_id": uuid.uuid4(), "size": size})
        self._places = {value: (account, region) for value, account, region in places}
        self._teams = {str(team.pk): team for team in offer.teams}
        self._choose("size", [(name, name) for name in offer.blueprint.sizes])
        self._choose("team", self.team_choices)
        self.fields["team"].widget.attrs |= {
            "hx-post": reverse("preview", kwargs={"slug": offer.blueprint.slug}),
            "hx-trigger": "change",
            "hx-target": "#request-form",
            "hx-swap": "outerHTML",
            "hx-sync": "#request-form:replace",
        }
        self._choose("place", [(value, f"{account.name} · {region_name(region)}") for value, account, region in places])
        self.variables = {
            PREFIX + name: variable
            for name, variable in offer.blueprint.variables.items()
            if variable.settable_in(size)
        }
        self.rules = rules_of(self.shown_team)
        self.tag_needs = tag_needs(self.rules_here)
        if isinstance(tags := self.fields["tags"], TagsField):
            tags.show_needs(self.tag_needs)
        narrowed = narrowings(self.rules_here, offer.blueprint.slug)
        named = external_inputs(offer.blueprint)
        for key, variable in self.variables.items():
            kind = named.get(variable.name)
            self.fields[key] = (
                field_of(variable, size)
                if kind is None
                else name_field(variable, size, kind=kind, team=self.shown_team, listed=self._listed(kind))
            )
            if (narrowing := narrowed.get(variable.name)) is not None:
                self.fields[key] = narrow(self.fields[key], variable, size, narrowing)
        name_what_is_required(self.fields)
        for key, field in self.fields.items():
            field.widget.attrs.setdefault("id", f"id_{key}")
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{key} error-{key}"

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def shown_place(self) -> tuple[Account, str] | None:
        """The chosen place, or the first one; None if the team has none for this size."""
        return self._places.get(str(self.data.get("place", "")), next(iter(self._places.values()), None))

    @property
    def rules_here(self) -> RuleSet:
        """The rules that apply to the team, the size and the place that the form shows."""
        if self.shown_place is None:
            return RuleSet()
        account, _ = self.shown_place
        return self.rules.of(size=self.chosen_size, account_id=account.pk, team_id=self.shown_team.pk)

    def _listed(self, kind: ExternalKind) -> list[str]:
        """What the team may use in the accounts that it can choose."""
        accounts = {account.pk for account, _ in self._places.values()}
        own = [entry for entry in self.offer.account_teams if entry.team_id == self.shown_team.pk]
        return listed_names(kind, [entry for entry in own if entry.account_id in accounts])

    @property
    def variable_fields(self) -> list[tuple[BoundField, Variable]]:
        return [(self[key], variable) for key, variable in self.variables.items()]

    @property
    def team_choices(self) -> list[tuple[str, str]]:
        return [(key, team.name) for key, team in self._teams.items()]

    @property
    def imported_names(self) -> set[str]:
        return set(str(self.data.get("imported", "")).split(","))

    @property
    def chosen_team(self) -> Team:
        return self._teams[self.cleaned_data["team"]]

    @property
    def chosen_place(self) -> tuple[Account, str]:
        return self._places[self.cleaned_data["place"]]

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


def with_label(sentence: str, name: str) -> str:
    """Replace the input's name at the beginning of a sentence by the field's label."""
    return f"{title_of(name)} {rest}" if (rest := sentence.removeprefix(f"{name} ")) != sentence else sentence
