"""A secret that nobody wants leaves no trace."""

from __future__ import annotations

import pytest

from tests.components.small import rendered
from tests.support.designs import node


@pytest.mark.parametrize("enabled", [True, False])
def test_a_secret_can_be_left_out(enabled: bool) -> None:
    secret = node("secret", "sentry", provided=True, variable="SENTRY_DSN", enabled=enabled)
    template = rendered(secret, outputs={"arn": "secret.sentry.arn"})
    assert ("SecretSentry" in template.resources) is enabled
    assert ("SENTRY_DSN" in template.secrets("api")) is enabled
    assert ("Arn" in template.body.get("Outputs", {})) is enabled
    execution = template.actions("ClusterExecutionRole")
    assert ("secretsmanager:GetSecretValue" in execution) is enabled
