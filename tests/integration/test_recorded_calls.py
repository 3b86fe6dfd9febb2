"""The calls that a whole life of an environment really makes are in the table of calls. The engine
runs in this process, so that every call can be recorded where botocore sends it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from provisioning.aws import Aws
from provisioning.aws.calls import When, calls
from provisioning.aws.client import LiveAws, close_all
from provisioning.lifecycle import clock
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.reconciler import run_due
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import Account, Environment, Operation, StackResource
from tests.integration.conftest import Place
from tests.scripted_aws.cloud import ManualClock

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


class Recorder:
    """Gives the engine the real client, and notes each call of it as the table names calls."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self._recorded: set[int] = set()

    def aws_for(self, account: Account, region: str, **more: str) -> Aws:
        aws = aws_for_account(account, region, **more)
        assert isinstance(aws, LiveAws)
        for session in {aws._clients._session, aws._clients._own_session}:
            if id(session) not in self._recorded:
                self._recorded.add(id(session))
                session.register("before-call", self._note)
        return aws

    def _note(self, model: Any, **_: Any) -> None:
        self.made[f"{model.service_model.service_name}:{model.name}"] += 1


def _until_rest(environment: Environment, engine: Engine, time: ManualClock) -> str:
    for _ in range(2000):
        time.advance(5)
        run_due(engine)
        if not Operation.objects.filter(environment=environment, ended_at=None).exists():
            break
    environment.refresh_from_db()
    return environment.state


def _ask_to_tear_down(place: Place, environment: Environment) -> None:
    preview = preview_teardown(actor=place.bob, environment=environment)
    request = request_teardown(
        actor=place.bob, environment=environment, typed_name=environment.name, expected_digest=preview.digest
    )
    place.approve(request)


def test_every_call_of_a_whole_life_has_a_line(place: Place) -> None:
    close_all()  # a client that another test made is not recorded
    recorder, time = Recorder(), ManualClock()
    engine = Engine(aws_for=recorder.aws_for)
    with clock.using(time):
        environment = place.ask("recorded")
        assert _until_rest(environment, engine, time) == "running"
        for bucket in StackResource.objects.filter(stack__environment=environment, type="AWS::S3::Bucket"):
            place.client("s3").put_object(Bucket=bucket.physical_id, Key="kept/by/users.txt", Body=b"data")
        _ask_to_tear_down(place, environment)
        assert _until_rest(environment, engine, time) == "gone"

    assert set(recorder.made) - set(calls()) == set()
    moments = {calls()[name].when for name in recorder.made}
    assert {When.CREATION, When.WATCHING, When.TEARDOWN, When.SWEEP} <= moments
    assert {"cloudformation:CreateStack", "ecs:UpdateService", "s3:DeleteObjects", "ec2:DescribeVpcs"} <= set(
        recorder.made
    )
    assert not [name for name in recorder.made if calls()[name].planned is not None]
