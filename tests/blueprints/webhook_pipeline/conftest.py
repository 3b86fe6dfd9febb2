"""A webhook as Lambda hands it over, and the gate that it meets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blueprints.webhook_pipeline.shipped_code import receiver

SECRET = "correct horse battery staple"
WEBHOOK_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hooks/webhook-AbCdEf"
LOGIN_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hooks/rabbitmq-AbCdEf"
AUTHORITY_ARN = "arn:aws:ssm:eu-central-1:123456789012:parameter/hooks/rabbitmq/authority"
ENVIRONMENT = {
    "SECRET_HEADER": "x-webhook-secret",
    "WEBHOOK_SECRET_FROM": WEBHOOK_ARN,
    "DOMAINS": "hooks.example.com,pay.example.com",
    "METHODS": "POST",
    "MOST_BYTES": "1000",
    "RABBITMQ_HOST": "localhost",
    "RABBITMQ_PORT": "5671",
    "RABBITMQ_QUEUE": "webhooks",
    "RABBITMQ_USERNAME_FROM": f"{LOGIN_ARN}:username::",
    "RABBITMQ_PASSWORD_FROM": f"{LOGIN_ARN}:password::",
    "RABBITMQ_CA_FROM": AUTHORITY_ARN,
}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Secrets:
    """What Secrets Manager and Systems Manager answer; `asked` counts."""

    def __init__(self) -> None:
        self.values = {WEBHOOK_ARN: SECRET, LOGIN_ARN: '{"username": "app", "password": "pass-word"}'}
        self.authority = ""
        self.asked = 0

    def __call__(self, service: str) -> Secrets:
        assert service in {"secretsmanager", "ssm"}
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - as boto3 spells it
        self.asked += 1
        return {"SecretString": self.values[SecretId]}

    def get_parameter(self, *, Name: str) -> dict[str, dict[str, str]]:  # noqa: N803 - as boto3 spells it
        assert Name == "/hooks/rabbitmq/authority"
        return {"Parameter": {"Value": self.authority}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def vault(secrets: Secrets, clock: Clock) -> Any:
    return receiver("vault").Vault(secrets, clock)


@pytest.fixture
def gate(vault: Any) -> Any:
    return receiver("gate").Gate.from_environment(ENVIRONMENT, vault)


def an_event(body: Any = '{"paid": true}', **headers: Any) -> dict[str, Any]:
    """What a function URL gives for a webhook that came through Cloudflare; a header of None is
    left out.
    """
    given = {
        "x-webhook-secret": SECRET,
        "x-forwarded-host": "hooks.example.com",
        "content-type": "application/json",
        "host": "abc123.lambda-url.eu-central-1.on.aws",
        "x-signature": "sha256=0f",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return {
        "version": "2.0",
        "rawPath": "/stripe",
        "rawQueryString": "v=2",
        "headers": {name: value for name, value in given.items() if value is not None},
        "requestContext": {"http": {"method": "POST", "path": "/stripe", "sourceIp": "198.51.100.7"}},
        "body": body,
        "isBase64Encoded": False,
    }
