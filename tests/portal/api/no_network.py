"""Takes the network away from the API: AWS is scripted, and names resolve to one public address."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pytest_django import Settings

from provisioning.aws.interface import AccountAccess
from provisioning.lifecycle.connection.principal import PortalPrincipal
from tests.fixtures.world import World
from tests.scripted_aws.aws import ScriptedAws


def no_network(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call leaves this process: neither to AWS, nor to name servers. Only workers send messages."""

    class Scripted(ScriptedAws):
        """As LiveAws is opened and closed."""

        def __init__(self, access: AccountAccess, **_limiter: Any) -> None:
            super().__init__(world.cloud, access)

        def close(self) -> None:
            """Nothing is open."""

    settings.PORTAL_PRINCIPAL_ARN = "arn:aws:iam::999900001111:role/portal"
    settings.EMAIL_HOST = "smtp.example.org"
    access = "provisioning.lifecycle.aws_access"
    monkeypatch.setattr(f"{access}.aws_for", Scripted)
    monkeypatch.setattr(f"{access}.LiveAws", Scripted)
    unknown = PortalPrincipal("", problem="The emulator does not answer.")
    monkeypatch.setattr("provisioning.lifecycle.connection.principal._ask", lambda _account: unknown)
    resolve = socket.getaddrinfo

    def public(host: str, *arguments: Any, **more: Any) -> Any:
        if host in ("localhost", "127.0.0.1"):
            return resolve(host, *arguments, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", public)
