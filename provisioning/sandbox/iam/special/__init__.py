"""Operations whose permissions depend on more than one parameter."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.requests import Call
from provisioning.sandbox.iam.special import cloudformation, ecs, others
from provisioning.sandbox.iam.special.s3 import needs_of_s3

FUNCTIONS: dict[str, Callable[[Call], list[Access]]] = {
    **cloudformation.FUNCTIONS,
    **ecs.FUNCTIONS,
    **others.FUNCTIONS,
}

__all__ = ["FUNCTIONS", "needs_of_s3"]
