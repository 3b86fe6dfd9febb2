"""The form that requests the adoption of an existing stack. The rules are those of `provisioning`."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from portal.web.forms import PlainForm
from provisioning.aws.regions import region_name
from provisioning.design.environment_name import NAME_LIMIT, NAME_PATTERN
from provisioning.design.size_policy import SIZES
from provisioning.lifecycle.access import offered_regions, offered_sizes
from provisioning.models import Account, AccountTeam, Team

ARN_LIMIT = 400
NOTE_LIMIT = 2_000


class AdoptForm(PlainForm):
    """`digest` is that of the plan on the page; empty until the stack was looked at."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    digest = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    team = forms.ChoiceField(error_messages={"invalid_choice": "Choose one of your teams."})
    place = forms.ChoiceField(
        label="Account and region",
        error_messages={"required": "Choose where the stack is.", "invalid_choice": "Choose one of the places."},
    )
    stack = forms.CharField(
        max_length=ARN_LIMIT,
        label="Stack",
        help_text="Its name, or its ARN.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "billing-prod"}),
    )
    name = forms.CharField(
        max_length=NAME_LIMIT,
        help_text="Its name in the portal. Nothing in AWS is renamed.",
        widget=forms.TextInput(
            attrs={"pattern": NAME_PATTERN, "autocomplete": "off", "spellcheck": "false", "placeholder": "billing"}
        ),
    )
    size = forms.ChoiceField(
        choices=[(size, size) for size in SIZES],
        help_text="How carefully it is treated, such as how often it is checked.",
    )
    note = forms.CharField(
        required=False, max_length=NOTE_LIMIT, widget=forms.Textarea(attrs={"rows": 2}), help_text="For the approver."
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        teams: Sequence[Team],
        account_teams: Sequence[AccountTeam],
        initial: dict[str, object],
    ) -> None:
        super().__init__(data, initial=initial)
        usable = [entry for entry in account_teams if offered_sizes(entry)]
        accounts: dict[str, Account] = {str(entry.account.pk): entry.account for entry in usable}
        self._accounts = accounts
        self._teams = {str(team.pk): team for team in teams}
        self.fields["team"].choices = [(key, team.name) for key, team in self._teams.items()]  # type: ignore[attr-defined]
        self.fields["place"].choices = [  # type: ignore[attr-defined]
            (f"{key}/{region}", f"{account.name} · {region_name(region)}")
            for key, account in accounts.items()
            for region in account.regions
            if any(region in offered_regions(entry) for entry in usable if entry.account == account)
        ]

    @property
    def chosen_team(self) -> Team:
        """The chosen team of a valid form."""
        return self._teams[self.cleaned_data["team"]]

    @property
    def chosen_place(self) -> tuple[Account, str]:
        """The chosen account and region of a valid form."""
        key, region = str(self.cleaned_data["place"]).split("/", 1)
        return self._accounts[key], region
