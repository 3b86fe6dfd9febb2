"""What the stories of faults have in common: environments that are created, changed and torn down,
behind a proxy.
"""

from __future__ import annotations

from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import Environment, Request, StackResource
from tests.integration.conftest import Place

CHANGED = {"api_image": "public.ecr.aws/docker/library/python:3.12-slim"}


def ask_for_change(place: Place, environment: Environment) -> Request:
    """Bob asks for another image. `approve` follows when the change is planned."""
    blueprint = catalogue().get("carbon-connect")
    inputs = environment.plans.latest("created_at").content["inputs"]
    return request_change(
        actor=place.bob, environment=environment, blueprint=blueprint, size="dev", inputs={**inputs, **CHANGED}
    )


def ask_for_teardown(place: Place, environment: Environment) -> Request:
    """Of an environment whose buckets are in use."""
    for bucket in StackResource.objects.filter(stack__environment=environment, type="AWS::S3::Bucket"):
        place.client("s3").put_object(Bucket=bucket.physical_id, Key="kept/by/users.txt", Body=b"data")
    preview = preview_teardown(actor=place.bob, environment=environment)
    request = request_teardown(
        actor=place.bob, environment=environment, typed_name=environment.name, expected_digest=preview.digest
    )
    place.approve(request)
    return request


def is_done(place: Place, request: Request) -> bool:
    """Whether the request has ended. Olivia approves it when it waits for her."""
    request.refresh_from_db()
    place.approve(request)
    return request.state not in ("planning", "waiting", "approved")


def updates_of(place: Place, environment: Environment) -> int:
    """How often the environment's stack began an update."""
    stack_id = place.sandbox.stack(place.stack_name(environment), account=place.account.account_id)["StackId"]
    events = place.sandbox.events(stack_id, account=place.account.account_id)
    return sum(
        event["PhysicalResourceId"] == stack_id and event["ResourceStatus"] == "UPDATE_IN_PROGRESS" for event in events
    )
