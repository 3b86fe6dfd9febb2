"""The form of the question "is it still there?", which each service module answers for its own types of resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from provisioning.aws.sessions import Clients

Probe: TypeAlias = Callable[[Clients, str], bool | None]
"""Takes the physical id as CloudFormation gives it. True: there; False, or NotFound raised: gone; None: cannot be told."""
