"""Registers the portal's system checks with Django."""

from django.apps import AppConfig
from typing_extensions import override


class PortalConfig(AppConfig):
    name = "portal"

    @override
    def ready(self) -> None:
        from portal import checks  # noqa: F401, PLC0415 - importing registers them, once the apps are loaded
        from portal.identity import checks as identity_checks  # noqa: F401, PLC0415 - as above
