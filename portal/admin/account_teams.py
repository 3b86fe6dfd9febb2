"""Which teams may use an account, and what they may use there."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest
from typing_extensions import override

from portal.admin.audited import AuditedAdmin
from provisioning.aws.onboarding import stack_role_arn
from provisioning.design.names import team_key
from provisioning.lifecycle.audit import AuditAction
from provisioning.models import AccountTeam

LISTS = (
    "hosted_zones",
    "secrets",
    "certificates",
    "roles",
    "image_repositories",
    "email_identities",
    "trusted_accounts",
)


class Lines(SimpleArrayField):
    """A list with one entry per line. Empty lines do not count."""

    def __init__(self, base_field: forms.Field, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 3, "cols": 48, "spellcheck": "false"}))
        super().__init__(base_field, **options | {"delimiter": "\n"})

    @override
    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "\n".join(line.strip() for line in value.splitlines() if line.strip())
        return super().to_python(value)


def check_entries(form: forms.ModelForm[Any], *names: str) -> None:
    """Let the form check each entry of these lists as the model does, so that an error is next to
    its list and quotes the entry. Django's forms drop the model's own sentences about entries.
    """
    for name in names:
        field, column = form.fields.get(name), form._meta.model._meta.get_field(name)  # noqa: SLF001 - Django's documented name
        if isinstance(field, SimpleArrayField) and isinstance(column, ArrayField):
            field.error_messages["item_invalid"] = "Entry %(nth)s:"
            field.base_field.validators = [*field.base_field.validators, *column.base_field.validators]


class AccountTeamForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameters at run time
    """The stack role is known from account and team, so it may be left empty."""

    class Meta:
        model = AccountTeam
        fields = ("account", "team", "stack_role_arn", *LISTS)
        labels: ClassVar = {"stack_role_arn": "Stack role ARN"}
        help_texts: ClassVar = {
            "stack_role_arn": "StackRoleArn of the stack portal-onboarding-TEAM, which an administrator of the AWS "
            "account deploys for the team first. Empty: the ARN that this stack gives the role.",
            "hosted_zones": "Ids of Route 53 zones in which the team may create records, one per line. AWS allows them "
            "only if the parameter HostedZones of the team’s stack lists their ARNs as well.",
            "secrets": "Secrets that the team brings, one per line: name, folder (shared/*) or ARN. AWS allows them only "
            "if the parameter Secrets of the team’s stack lists their ARNs as well, and their tag portal:team is the "
            "team’s key. Secrets under portal/, the team’s key and / need neither.",
            "certificates": "ARNs of certificates that the team may use, one per line.",
            "roles": "ARNs of existing roles that the team’s environments may name, one per line.",
            "image_repositories": "Private ECR repositories that the team may pull from, one per line, without a tag. "
            "Public images, and repositories of this account under the team’s key and /, need no entry.",
            "email_identities": "Verified SES domains and addresses that the team may send from, one per line. Tag each "
            "of them portal:team with the team’s key, because IAM checks the tag.",
            "trusted_accounts": "Ids of AWS accounts that may assume a role of the team’s environments, such as the one "
            "in which Grafana runs, one per line.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stack_role_arn"].required = False
        check_entries(self, *LISTS)

    @override
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        account = cleaned.get("account") or getattr(self.instance, "account", None)
        team = cleaned.get("team") or getattr(self.instance, "team", None)
        if account and team and not cleaned.get("stack_role_arn"):
            partition = account.role_arn.split(":")[1] if account.role_arn else "aws"
            role_arn = stack_role_arn(account.account_id, team_key(team.slug), partition=partition)
            cleaned["stack_role_arn"] = role_arn
        return cleaned


# Each list is a text with one entry per line, in the admin's inlines as well.
_LISTS_AS_LINES: dict[type[Any], dict[str, Any]] = {ArrayField: {"form_class": Lines}}


class AccountTeamInline(admin.StackedInline):  # type: ignore[type-arg]  # as above
    model = AccountTeam
    form = AccountTeamForm
    extra = 0
    formfield_overrides: ClassVar = _LISTS_AS_LINES


@admin.register(AccountTeam)
class AccountTeamAdmin(AuditedAdmin):
    audit_action = AuditAction.ACCOUNT_TEAM_CHANGE
    audited_fields = ("account", "team", "stack_role_arn", *LISTS)
    form = AccountTeamForm
    formfield_overrides: ClassVar = _LISTS_AS_LINES
    list_display = ("account", "team", *LISTS)
    list_filter = ("account", "team")
    list_select_related = ("account", "team")

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: AccountTeam | None = None) -> tuple[str, ...]:
        """Environments keep the role of account and team."""
        return ("account", "team") if obj else ()
