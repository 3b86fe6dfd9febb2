"""Admin pages whose changes are in the audit log, in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from portal.web.lookups import person
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class AuditedAdmin(_ModelAdmin):
    """`audit_action` is the action of its events. `audited_fields` are the fields whose values the
    events contain, as they are after the change; never a secret.
    """

    audit_action: ClassVar[AuditAction]
    audited_fields: ClassVar[tuple[str, ...]] = ()

    @override
    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._audit(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    @override
    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._audit(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    @override
    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        self._audit(request, obj, "deleted", "")
        super().delete_model(request, obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Django deletes the selected rows outside a transaction."""
        with transaction.atomic():
            for obj in queryset:
                self._audit(request, obj, "deleted", "")
            super().delete_queryset(request, queryset)

    def _audit(self, request: HttpRequest, obj: models.Model, change: str, fields: Any) -> None:
        """`fields` is Django's own description: names of fields and inlines, without values."""
        audit_event(
            self.audit_action,
            actor=person(request),
            at=clock.now(),
            subject=str(obj),
            subject_id=obj.pk,
            change=change,
            fields=fields,
            now={name: _plain(getattr(obj, name)) for name in self.audited_fields},
        )


def _plain(value: Any) -> Any:
    if isinstance(value, models.Manager):
        return sorted(str(row) for row in value.all())
    return value if isinstance(value, (bool, list)) else str(value)
