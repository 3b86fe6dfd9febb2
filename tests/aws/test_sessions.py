from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.aws import AccessDenied, AccountAccess, CredentialsExpired
from provisioning.aws.client import LiveAws, aws_for, close_all
from provisioning.aws.sessions import Clients
from provisioning.outgoing import OWN_MACHINE
from tests.aws.support import MakeLive, OpenLimiter
from tests.aws.wire import ACCOUNT, Answer, Wire, error, identity, ok

ROLE = f"arn:aws:iam::{ACCOUNT}:role/portal"
STACKS = ok("ListStacks", "<StackSummaries/>")


def assumed(key: str, *, minutes: float = 60) -> Answer:
    expires = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ok(
        "AssumeRole",
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>",
    )


def test_an_emulator_is_told_the_account_by_the_access_key(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", STACKS)
    aws.list_stacks()
    assert [request.access_key for request in wire.requests] == [ACCOUNT]


def test_a_role_is_assumed_with_external_id_and_name_for_an_hour_at_most(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", assumed("ASSUMED"))
    wire.on("ListStacks", STACKS)
    live(wire.url, role_arn=ROLE, external_id="a-long-external-id").list_stacks()
    request = wire.asked("AssumeRole")[0].params
    assert request["RoleArn"] == ROLE
    assert request["ExternalId"] == "a-long-external-id"
    assert request["RoleSessionName"] == "portal"
    assert int(request["DurationSeconds"]) == 3600
    assert wire.asked("ListStacks")[0].access_key == "ASSUMED"


def test_all_services_share_the_assumed_credentials(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", assumed("ASSUMED"))
    wire.on("ListStacks", STACKS)
    aws = live(wire.url, role_arn=ROLE)
    aws.list_stacks()
    aws.verify()
    aws.list_stacks()
    assert len(wire.asked("AssumeRole")) == 1
    assert wire.asked("GetCallerIdentity")[0].access_key == "ASSUMED"


def test_credentials_near_their_end_are_renewed(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", assumed("FIRST", minutes=1), assumed("SECOND"))
    wire.on("ListStacks", STACKS)
    aws = live(wire.url, role_arn=ROLE)
    aws.list_stacks()
    aws.list_stacks()
    assert [request.access_key for request in wire.asked("ListStacks")] == ["FIRST", "SECOND"]


def test_a_role_that_cannot_be_assumed_is_never_replaced_by_own_credentials(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", error("AccessDenied", "not authorized to perform: sts:AssumeRole", 403))
    wire.on("ListStacks", STACKS)
    aws = live(wire.url, role_arn=ROLE)
    for _ in range(3):
        with pytest.raises(AccessDenied) as caught:
            aws.list_stacks()
        assert caught.value.operation == "sts:AssumeRole"
    assert wire.asked("ListStacks") == []
    assert len(wire.asked("AssumeRole")) == 3


def test_after_a_failure_the_role_works_as_soon_as_aws_allows_it(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", error("AccessDenied", "no", 403), assumed("ASSUMED"))
    wire.on("ListStacks", STACKS)
    aws = live(wire.url, role_arn=ROLE)
    with pytest.raises(AccessDenied):
        aws.list_stacks()
    assert aws.list_stacks() == []


def test_the_account_of_the_role_is_proved_not_that_of_the_portal(wire: Wire, live: MakeLive) -> None:
    wire.on("AssumeRole", assumed("ASSUMED"))
    wire.on("GetCallerIdentity", identity())
    live(wire.url, role_arn=ROLE).verify()
    assert [request.access_key for request in wire.asked("GetCallerIdentity")] == ["ASSUMED"]


def test_missing_credentials_are_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limiter: OpenLimiter
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    clients = Clients(AccountAccess(account_id=ACCOUNT, region="eu-north-1"), limiter)
    with pytest.raises(CredentialsExpired):
        clients.verify()
    clients.close()


def test_an_endpoint_in_the_environment_does_not_send_a_real_account_elsewhere(
    monkeypatch: pytest.MonkeyPatch, limiter: OpenLimiter
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients = Clients(AccountAccess(account_id=ACCOUNT, region="eu-north-1"), limiter)
    assert clients.cloudformation.meta.endpoint_url == "https://cloudformation.eu-north-1.amazonaws.com"
    clients.close()


def test_the_teams_of_an_account_share_its_clients_and_another_role_has_others(limiter: OpenLimiter) -> None:
    access = AccountAccess(
        account_id=ACCOUNT, region="eu-north-1", endpoint_url="http://127.0.0.1:9", endpoint_rules=OWN_MACHINE
    )
    other = AccountAccess(
        account_id=ACCOUNT,
        region="eu-north-1",
        endpoint_url="http://127.0.0.1:9",
        endpoint_rules=OWN_MACHINE,
        role_arn=ROLE,
    )
    teams = [replace(access, stack_role_arn=f"{ROLE}-{team}") for team in ("payments", "logistics")]
    lives = [aws_for(each, limiter=limiter) for each in (access, *teams)]
    assert len({id(live._clients) for live in lives}) == 1
    assert [live.access for live in lives] == [access, *teams]
    assert aws_for(other, limiter=limiter)._clients is not lives[0]._clients
    close_all()


def test_threads_that_come_at_once_get_one_client(limiter: OpenLimiter) -> None:
    clients = Clients(
        AccountAccess(
            account_id=ACCOUNT, region="eu-north-1", endpoint_url="http://127.0.0.1:9", endpoint_rules=OWN_MACHINE
        ),
        limiter,
    )
    found = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.append(clients.ec2)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(client) for client in found}) == 1
    clients.close()
