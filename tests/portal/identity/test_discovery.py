"""A provider that does not answer holds one thread at a time, and only once in ten seconds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import requests
from authlib.integrations.django_client import OAuth
from authlib.integrations.django_client.apps import DjangoOAuth2App
from django.test import Client
from pytest_django import Settings

from portal.identity.discovery import Discovery, ProviderError, Registration
from tests.portal.conftest import People

PORTAL = Registration("https://id.example.org", "portal", "secret", scopes="openid")


@dataclass
class Metadata:
    """Metadata that are there or not, a clock, and how often the metadata were read."""

    is_away: bool = False
    now: float = 5_000.0
    reads: int = 0
    before: Callable[[], object] = lambda: None
    client: DjangoOAuth2App = field(default_factory=lambda: OAuth().register("portal"))

    def read(self, _registration: Registration) -> DjangoOAuth2App:
        self.reads += 1
        self.before()
        if self.is_away:
            raise requests.ConnectTimeout
        return self.client


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


@pytest.fixture
def discovery(metadata: Metadata) -> Discovery:
    return Discovery(metadata.read, lambda: metadata.now)


def test_the_metadata_are_read_once_an_hour(metadata: Metadata, discovery: Discovery) -> None:
    for later, reads in ((0, 1), (3_599, 1), (1, 2), (60, 2)):
        metadata.now += later
        assert discovery.client(PORTAL) is metadata.client
        assert metadata.reads == reads


def test_a_failure_is_remembered_for_ten_seconds(metadata: Metadata, discovery: Discovery) -> None:
    metadata.is_away = True
    for later, reads in ((0, 1), (9, 1), (1, 2), (9, 2)):
        metadata.now += later
        with pytest.raises(ProviderError, match=r"does not answer \(ConnectTimeout\)"):
            discovery.client(PORTAL)
        assert metadata.reads == reads
    metadata.is_away = False
    metadata.now += 1
    assert discovery.client(PORTAL) is discovery.client(PORTAL) is metadata.client
    assert metadata.reads == 3


def test_a_failure_after_the_metadata_counts_too(metadata: Metadata, discovery: Discovery) -> None:
    discovery.client(PORTAL)
    discovery.note_failure(PORTAL, ProviderError("The provider does not answer."))
    with pytest.raises(ProviderError):
        discovery.client(PORTAL)
    metadata.now += 10
    discovery.client(PORTAL)
    assert metadata.reads == 2, "the metadata are read again"


@pytest.mark.parametrize("has_failed", [False, True])
def test_one_thread_reads_and_the_others_do_not_wait_for_it(
    has_failed: bool, metadata: Metadata, discovery: Discovery
) -> None:
    if has_failed:
        discovery.note_failure(PORTAL, ProviderError("The provider does not answer."))
        metadata.now += 10
    inside, leave = threading.Event(), threading.Event()
    metadata.before = lambda: (inside.set(), leave.wait(20))
    reader = threading.Thread(target=discovery.client, args=[PORTAL])
    reader.start()
    inside.wait(20)
    with pytest.raises(ProviderError, match="does not answer" if has_failed else "has not answered yet"):
        discovery.client(PORTAL)
    leave.set()
    reader.join()
    assert discovery.client(PORTAL) is metadata.client
    assert metadata.reads == 1


@pytest.fixture
def hanging_up() -> Iterator[tuple[str, list[object]]]:
    """The URL of a server that closes each connection, and its connections."""
    connections: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                connections.append(peer)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connections
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_strangers_do_not_make_the_portal_ask_again_and_again(
    hanging_up: tuple[str, list[object]], people: People, settings: Settings
) -> None:
    settings.SSO_ISSUER, connections = hanging_up
    for _ in range(3):
        answer = Client().get("/sign-in/sso/")
        assert (answer.status_code, "The provider does not answer" in answer.content.decode()) == (422, True)
    assert len(connections) == 1
