"""Where an installation's people, teams and accounts are entered. Nothing that an operation depends on is edited here."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from provisioning.design.size_policy import SIZES
from provisioning.models import Account, Membership, Team, User

admin.site.site_header = admin.site.site_title = "Portal: people, teams and accounts"
admin.site.index_title = "Administration"


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's own, with the right to approve."""

    list_display = ("username", "first_name", "last_name", "is_approver", "is_superuser", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ("is_approver",)}))


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # Django's class takes no parameters at run time
    model = Membership
    extra = 1
    autocomplete_fields: ClassVar = ("user",)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug")
    inlines = (MembershipInline,)

    def get_readonly_fields(self, _request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        """The slug is in the tags of the team's resources."""
        return ("slug",) if obj else ()


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Sizes are ticked, so that none is misspelt. An account takes none before its role is known."""

    sizes = forms.MultipleChoiceField(
        choices=[(size, size) for size in SIZES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What this account takes; none until its role is entered. Give production an account of its own.",
    )
    endpoint_url = forms.URLField(
        required=False, assume_scheme="https", help_text="Only for an emulator; empty means AWS"
    )

    class Meta:
        model = Account
        fields = (
            "name",
            "account_id",
            "regions",
            "sizes",
            "role_arn",
            "external_id",
            "stack_role_arn",
            "artefact_bucket",
            "artefact_region",
            "endpoint_url",
            "is_sandbox",
        )
        help_texts: ClassVar = {
            "regions": "Separated by commas: eu-north-1,us-east-1",
            "role_arn": "PortalRoleArn of the onboarding stack",
            "external_id": "Made by the portal when the account is saved. Give it to the onboarding stack as its parameter ExternalId.",
            "stack_role_arn": "StackRoleArn of the onboarding stack: what CloudFormation acts as",
            "artefact_bucket": "ArtefactBucketName of the onboarding stack; needed for code and for templates over 51,200 bytes. "
            "In each further region it is the one that the onboarding stack makes there.",
            "artefact_region": "Where the bucket lies, if its name is not of the onboarding stack's making",
            "is_sandbox": "A simulated account: pages say so, and it is polled more often",
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("sizes") and not cleaned.get("endpoint_url") and not cleaned.get("role_arn"):
            self.add_error(
                "sizes", "Save the account without sizes first, deploy the onboarding stack, then enter its role."
            )
        for name in ("role_arn", "stack_role_arn"):
            arn, account_id = cleaned.get(name), cleaned.get("account_id") or self.instance.account_id
            if arn and arn.split(":")[4] != account_id:
                self.add_error(name, f"This role is in account {arn.split(':')[4]}, not in {account_id}.")
        return cleaned


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AccountForm
    list_display = ("name", "account_id", "sizes", "regions", "is_sandbox")

    def get_readonly_fields(self, _request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        """Environments live in this account: it never becomes another."""
        return ("account_id", "external_id", "is_sandbox") if obj else ("external_id",)
