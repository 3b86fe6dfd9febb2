"""The form of what a team may use in an account."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.web.forms import LinesField, PortalForm
from provisioning.aws.regions import region_name
from provisioning.lifecycle.services.account_teams import LABELS, TeamRights
from provisioning.models import Account

HELP = {
    "hosted_zones": "IDs of Route 53 zones in which the team may create records, one per line.",
    "secrets": "Secrets that the team brings, one per line: name, folder (shared/*) or ARN. Tag each of them "
    "portal:team with the team’s key. Secrets under portal/, the key and / need no entry.",
    "certificates": "ARNs of certificates that the team may use, one per line.",
    "roles": "ARNs of existing roles that the team’s environments may name, one per line.",
    "image_repositories": "Private ECR repositories that the team may pull from, one per line, without a tag. Public "
    "images, and repositories of this account under the team’s key and /, need no entry.",
    "email_identities": "Verified SES domains and addresses that the team may send from, one per line. Tag each of them "
    "portal:team with the team’s key.",
    "trusted_accounts": "IDs of AWS accounts that may assume a role of the team’s environments, one per line, such as "
    "the one in which Grafana runs.",
}


class TeamRightsForm(PortalForm):
    """`seen` is what the person saw, so that a change by somebody else is noticed; empty for a new team."""

    regions = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None chosen: all regions of the account."
    )
    sizes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None chosen: all sizes of the account."
    )
    seen = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, account: Account, rights: TeamRights, **options: Any) -> None:
        initial = {name: list(getattr(rights, name)) for name in LABELS}
        super().__init__(data, initial=initial | options.pop("initial", {}), **options)
        for name, help_text in HELP.items():
            self.fields[name] = LinesField(
                label=LABELS[name],
                help_text=help_text,
                widget=forms.Textarea(attrs={"aria-describedby": f"help-{name} error-{name}"}),
            )
        # What a limit names remains on offer, so that it can be taken away.
        for name, codes, titles in (
            ("regions", account.regions, region_name),
            ("sizes", account.sizes, str),
        ):
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = [(code, titles(code)) for code in dict.fromkeys([*codes, *getattr(rights, name)])]

    @property
    def rights(self) -> TeamRights:
        """With the zones that were chosen from those of the account."""
        values = {name: tuple(self.cleaned_data[name]) for name in LABELS}
        values["hosted_zones"] += tuple(getattr(self.data, "getlist", lambda _name: ())("zones"))
        return TeamRights(**values)
