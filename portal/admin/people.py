"""People and teams."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from portal.admin.account_teams import AccountTeamInline
from portal.admin.audited import AuditedAdmin
from portal.web.lookups import person
from provisioning.design.names import team_key
from provisioning.lifecycle.access import is_protected
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.services.people import distrust_password
from provisioning.models import Membership, Team, User

ROLES = ("is_active", "is_staff", "is_superuser", "is_admin", "is_approver", "is_auditor")
RIGHTS = (*ROLES, "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]  # Django's class takes no parameters at run time
    """Corrects names and addresses, and sets a forgotten password.

    Roles are given and taken on the portal's page for people, where a second person confirms them.
    Here they are only shown, to superusers as well. Nobody changes another person who has a role:
    with an approver's password or address, they would be an approver. People are deactivated on the
    portal's page, and never deleted, because the history names them.
    """

    audit_action = AuditAction.PERSON_CHANGE
    audited_fields = ("first_name", "last_name", "email", *RIGHTS)
    list_display = ("username", "first_name", "last_name", "is_approver", "is_admin", "is_superuser", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ("is_admin", "is_approver", "is_auditor")}))
    readonly_fields = (*RIGHTS, "last_login", "date_joined")

    @override
    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @override
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """People change their own password on their profile, which asks for the current one.

        Django changes a password outside a transaction, and redirects after a change.
        """
        if id == str(person(request).pk):
            raise PermissionDenied
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
                distrust_password(user=User.objects.get(pk=id))
            return response

    @override
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A password that somebody else has chosen is replaced by its person before they get a role."""
        if not change:
            obj.password_from_link = True
        super().save_model(request, obj, form, change)

    @staticmethod
    def _may_touch(request: HttpRequest, obj: User | None) -> bool:
        if obj is None or obj.pk == person(request).pk:
            return True
        has_rights = is_protected(obj) or obj.groups.exists() or obj.user_permissions.exists()
        return not has_rights and not obj.is_service


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # as above
    """Members are changed on the team's page, which keeps an owner in each team."""

    model = Membership
    extra = 0
    fields = readonly_fields = ("user", "role")
    can_delete = False

    @override
    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    audit_action = AuditAction.TEAM_CHANGE
    audited_fields = ("name", "slug", "memberships")
    list_display = ("name", "slug", "key")
    inlines = (MembershipInline, AccountTeamInline)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """Teams are deleted on their own page."""
        return False

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        """The slug is in the tags of the team's resources."""
        return ("slug", "key") if obj else ()

    @admin.display(description="Key in AWS")
    def key(self, team: Team) -> str:
        return team_key(team.slug)
