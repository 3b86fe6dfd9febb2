"""The forms of an account. They only collect: the services decide what is right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from typing_extensions import override

from portal.web.forms import PortalForm
from provisioning.aws.regions import known_regions, region_name
from provisioning.design.size_policy import SIZES
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.accounts import AccountValues

ARN_LIMIT = 2048
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


def regions_of_blueprints() -> list[str]:
    """The regions in which any blueprint of the catalogue is offered, by AWS's name."""
    regions = {region for blueprint in catalogue().blueprints.values() for region in blueprint.regions}
    return sorted(regions, key=region_name)


class AccountForm(PortalForm):
    """What may be changed at any time. The first region is the main one."""

    name = forms.CharField(
        max_length=64,
        help_text="Shown to people who request environments, such as acme-dev. Letters, digits, hyphens and underscores.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    main_region = forms.ChoiceField(
        help_text="The onboarding stack creates the portal’s role there.",
        error_messages={"invalid_choice": "Choose one of AWS’s regions."},
    )
    regions = forms.MultipleChoiceField(
        label="Other regions",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Blueprints with CloudFront need US East (N. Virginia) us-east-1 as well.",
        error_messages={"invalid_choice": "“%(value)s” is not a region that a blueprint offers."},
    )
    sizes = forms.MultipleChoiceField(
        choices=[(size, size) for size in SIZES],
        widget=forms.CheckboxSelectMultiple,
        help_text="Use a separate account for prod.",
        error_messages={"required": "Choose at least one size."},
    )

    def __init__(self, data: Any = None, *, regions: Iterable[str] = (), **options: Any) -> None:
        """`regions` are those of the account, which remain on offer."""
        super().__init__(data, **options)
        offered = sorted({*regions_of_blueprints(), *regions}, key=region_name)
        others = sorted(known_regions() - set(offered), key=region_name)
        choices = [(code, region_name(code)) for code in offered]
        self._choose(
            "main_region",
            [("", "Choose a region"), *choices, ("Other regions", [(code, region_name(code)) for code in others])],
        )
        self._choose("regions", choices)

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def chosen_regions(self) -> tuple[str, ...]:
        main = self.cleaned_data["main_region"]
        return (main, *(region for region in self.cleaned_data["regions"] if region != main))

    @property
    def chosen_sizes(self) -> tuple[str, ...]:
        return tuple(size for size in SIZES if size in self.cleaned_data["sizes"])


class ConnectForm(AccountForm):
    account_id = forms.CharField(
        label="AWS account ID",
        max_length=20,
        help_text="Twelve digits. AWS shows them in the menu at the top right of its console.",
        widget=forms.TextInput(attrs=_PLAIN | {"inputmode": "numeric", "placeholder": "111122223333"}),
    )
    endpoint_url = forms.CharField(
        label="Emulator’s address",
        required=False,
        max_length=200,
        help_text="Only for a simulated account, such as http://127.0.0.1:4566. Empty means AWS.",
        widget=forms.TextInput(attrs=_PLAIN | {"inputmode": "url"}),
    )
    field_order = ("account_id", "name", "main_region", "regions", "sizes", "endpoint_url")

    def clean_account_id(self) -> str:
        """The console writes hyphens between the groups of digits."""
        return str(self.cleaned_data["account_id"]).replace("-", "").replace(" ", "")


class ChangeForm(AccountForm):
    """`seen` is what the person saw, so that a change by somebody else is noticed."""

    role_arn = forms.CharField(
        label="Role ARN",
        required=False,
        max_length=ARN_LIMIT,
        help_text="Output PortalRoleArn of the stack portal-onboarding.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    artefact_bucket = forms.CharField(
        required=False,
        max_length=63,
        help_text="Output ArtefactBucketName of the stack portal-onboarding in the main region. It holds code and long "
        "templates; in each other region, the bucket of the stack there is used.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    artefact_region = forms.CharField(
        label="Region of the artefact bucket",
        required=False,
        max_length=25,
        help_text="Only for a bucket that the onboarding stack did not create.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    seen = forms.JSONField(widget=forms.HiddenInput)

    @override
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "seen" in cleaned and not isinstance(cleaned["seen"], dict):
            self.add_error(None, "Reload the page: this form is damaged.")
        return cleaned

    @property
    def values(self) -> AccountValues:
        return AccountValues(
            name=self.cleaned_data["name"],
            regions=self.chosen_regions,
            sizes=self.chosen_sizes,
            role_arn=self.cleaned_data["role_arn"],
            artefact_bucket=self.cleaned_data["artefact_bucket"],
            artefact_region=self.cleaned_data["artefact_region"],
        )


class OutputsForm(PortalForm):
    role_arn = forms.CharField(
        label="Role ARN",
        required=False,
        max_length=ARN_LIMIT,
        help_text="Output PortalRoleArn of the stack. Leave it as it is unless you have renamed the role.",
        widget=forms.TextInput(attrs=_PLAIN),
    )


class RemoveForm(PortalForm):
    typed_name = forms.CharField(label="Type the name to confirm", max_length=64, widget=forms.TextInput(attrs=_PLAIN))

    def __init__(self, data: Any = None, *, name: str) -> None:
        super().__init__(data)
        self.name = name

    def clean_typed_name(self) -> str:
        typed = str(self.cleaned_data["typed_name"]).strip()
        if typed != self.name:
            raise forms.ValidationError(f"Type {self.name} to confirm.")
        return typed
