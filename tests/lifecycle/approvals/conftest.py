"""A rule that asks for two approvers, and more people who decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RequiredApprovals
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import Request, RequestKind, User
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

Vote = Callable[..., Request]


@pytest.fixture
def oscar(world: World) -> User:
    """A second approver."""
    return User.objects.create_user("oscar", first_name="Oscar", is_approver=True)


@pytest.fixture
def otto(world: World) -> User:
    """Decides for Olivia when she is away, and has no role."""
    return User.objects.create_user("otto", first_name="Otto")


@pytest.fixture
def two_approvers(world: World) -> None:
    ask_for(approvers=2)


def ask_for(kind: RequestKind = RequestKind.CREATE, **groups: int) -> None:
    write_rule(Scope(), approvals=(RequiredApprovals(kind.value, **groups),))


def vote(request: Request, actor: User, **more: Any) -> Request:
    """A vote of somebody who has just opened the page."""
    stored = Request.objects.get(pk=request.pk)
    return approve_request(actor=actor, request=stored, digest=more.pop("digest", stored.plan.digest), **more)
