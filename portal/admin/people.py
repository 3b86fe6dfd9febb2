"""People and teams."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from portal.admin.account_teams import AccountTeamInline
from portal.admin.audited import AuditedAdmin
from portal.web.lookups import person
from provisioning.design.names import team_key
from provisioning.lifecycle.audit import AuditAction
from provisioning.models import Membership, Team, User

RIGHTS = ("is_staff", "is_superuser", "is_approver", "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]  # Django's class takes no parameters at run time
    """Django's own, with the right to approve.

    Only superusers give rights, and only they change or delete a person who has rights: a person
    who could set an approver's password would be an approver.
    """

    audit_action = AuditAction.PERSON_CHANGE
    audited_fields = ("is_active", *RIGHTS)
    list_display = ("username", "first_name", "last_name", "is_approver", "is_superuser", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ("is_approver",)}))

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return () if person(request).is_superuser else RIGHTS

    @override
    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @override
    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Several people at once are deleted only by a superuser, because Django asks for no person."""
        actions = super().get_actions(request)
        if not person(request).is_superuser:
            actions.pop("delete_selected", None)
        return actions

    @override
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django changes a password outside a transaction."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    @staticmethod
    def _may_touch(request: HttpRequest, obj: User | None) -> bool:
        actor = person(request)
        if obj is None or actor.is_superuser or obj.pk == actor.pk:
            return True
        has_rights = obj.is_staff or obj.is_superuser or obj.is_approver
        return not (has_rights or obj.groups.exists() or obj.user_permissions.exists())


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # as above
    model = Membership
    extra = 1
    autocomplete_fields: ClassVar = ("user",)


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    audit_action = AuditAction.TEAM_CHANGE
    audited_fields = ("name", "slug", "memberships")
    list_display = ("name", "slug", "key")
    inlines = (MembershipInline, AccountTeamInline)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        """The slug is in the tags of the team's resources."""
        return ("slug", "key") if obj else ()

    @admin.display(description="Key in AWS")
    def key(self, team: Team) -> str:
        return team_key(team.slug)
