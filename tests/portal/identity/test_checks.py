"""Settings about sign-in that contradict each other are reported before the portal starts."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from portal.identity import checks
from portal.identity.group_mapping import parse_groups
from provisioning.models import Role
from provisioning.models.role_change import OutsideRole

SSO = {"SSO_ISSUER": "https://id.example.org", "SSO_CLIENT_ID": "portal", "SSO_CLIENT_SECRET": "x"}


def found(settings: Settings, **changes: object) -> set[str | None]:
    for name, value in changes.items():
        setattr(settings, name, value)
    return {
        message.id
        for check in (checks.check_single_sign_on, checks.check_groups, checks.check_limits)
        for message in check()
    }


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({}, set()),
        (SSO, set()),
        ({**SSO, "LOCAL_PASSWORDS": False, "SSO_GROUPS": '{"a": ["b:owner", "auditor"]}'}, set()),
        ({"SSO_CLIENT_ID": "portal"}, {"portal.E020"}),
        ({"LOCAL_PASSWORDS": False}, {"portal.E021"}),
        ({**SSO, "SSO_CLIENT_SECRET": ""}, {"portal.E022"}),
        ({**SSO, "SSO_ISSUER": "http://id.example.org"}, {"portal.E023"}),
        ({**SSO, "SSO_ISSUER": "http://127.0.0.1:9"}, set()),
        ({**SSO, "SSO_SCOPES": "profile"}, {"portal.E024"}),
        ({**SSO, "SSO_GROUPS": "a=b"}, {"portal.E025"}),
        ({**SSO, "SSO_GROUPS": "[]"}, {"portal.E025"}),
        ({**SSO, "SSO_GROUPS": '{"a": "superuser"}'}, {"portal.E025"}),
        ({**SSO, "SSO_GROUPS": '{"a": ["b:member"]}'}, {"portal.E025"}),
        ({**SSO, "SSO_GROUPS": '{"a": 3}'}, {"portal.E025"}),
        ({"HASHES_AT_ONCE": 0}, {"portal.E026"}),
        ({"BREACHED_PASSWORDS_URL": "http://example.org/"}, {"portal.E027"}),
        ({"SESSION_IDLE_MINUTES": 10_000}, {"portal.W020"}),
    ],
)
def test_each_mistake_has_its_id(changes: dict[str, object], ids: set[str], settings: Settings) -> None:
    assert found(settings, **changes) == ids


def test_the_highest_role_of_several_groups_counts() -> None:
    mapping = parse_groups('{"a": ["t:viewer", "approver"], "b": "t:owner", "c": "t:operator"}')
    grants = mapping.grants_of(["c", "a", "b", "unknown"])
    assert (grants.teams, grants.outside) == ({"t": Role.OWNER}, {OutsideRole.APPROVER})
