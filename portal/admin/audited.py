"""Admin pages whose changes are in the audit log, in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

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


_BEFORE: Final = "audited_before"


class AuditedAdmin(_ModelAdmin):
    """`audit_action` is the action of its events. `audited_fields` are the fields whose values the
    events contain, where they differ before and after the change; never a secret.
    """

    audit_action: ClassVar[AuditAction]
    audited_fields: ClassVar[tuple[str, ...]] = ()

    @override
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note the values before the change; rows that belong to the object are saved later."""
        if change:
            stored = type(obj)._default_manager.get(pk=obj.pk)  # noqa: SLF001 - public in Django's documentation
            setattr(request, _BEFORE, self._values(stored))
        super().save_model(request, obj, form, change)

    @override
    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._audit(request, obj, "added", message, before={}, after=self._values(obj))
        return super().log_addition(request, obj, message)

    @override
    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        before, after = getattr(request, _BEFORE, {}), self._values(obj)
        differing = [name for name in after if name not in before or before[name] != after[name]]
        self._audit(
            request,
            obj,
            "changed",
            message,
            before={name: before[name] for name in differing if name in before},
            after={name: after[name] for name in differing},
        )
        return super().log_change(request, obj, message)

    @override
    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        self._audit(request, obj, "deleted", "", before=self._values(obj), after={})
        super().delete_model(request, obj)

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Django deletes the selected rows outside a transaction."""
        with transaction.atomic():
            for obj in queryset:
                self._audit(request, obj, "deleted", "", before=self._values(obj), after={})
            super().delete_queryset(request, queryset)

    def _values(self, obj: models.Model) -> dict[str, Any]:
        return {name: _plain(getattr(obj, name)) for name in self.audited_fields}

    def _audit(
        self,
        request: HttpRequest,
        obj: models.Model,
        change: str,
        fields: Any,
        *,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        """`fields` is Django's own description: names of fields and inlines, without values."""
        audit_event(
            self.audit_action,
            actor=person(request),
            at=clock.now(),
            subject=str(obj),
            subject_id=obj.pk,
            before=before,
            after=after,
            change=change,
            fields=fields,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, models.Manager):
        return sorted(str(row) for row in value.all())
    return value if isinstance(value, (bool, list)) else str(value)
