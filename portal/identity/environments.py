"""Which environments are so important that a person signs in again before a dangerous action."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from portal.web.lookups import Need, get_environment_for, person


def is_production(request: HttpRequest, pk: UUID, **_: Any) -> bool:
    """Whether the environment of this URL is a production one. Raises NotFound and NotAllowed."""
    return get_environment_for(person(request), pk, Need.OPERATE).size == "prod"
