"""The stacks and templates with which an account is set up for the portal."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import caller
from portal.api.schemas import Resource, reads
from portal.api.v1.account_setup import account_to_change
from provisioning.aws.onboarding import TEAM_TEMPLATE, TEMPLATE
from provisioning.aws.onboarding_stacks import OnboardingStack, account_stacks
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.connection.principal import portal_principal

router = Router(tags=["Accounts"])

_TEMPLATES: Final = {path.stem: path for path in (TEMPLATE, TEAM_TEMPLATE)}


class OnboardingStackOut(Schema):
    name: str = Field(examples=["portal-onboarding"])
    region: str = Field(examples=["eu-north-1"])
    template: str = Field(description="Read it from `/accounts/templates`.", examples=["onboarding"])
    parameters: dict[str, str]
    create_command: str = Field(description="For the AWS CLI and a POSIX shell.")
    update_command: str
    console_url: str
    launch_url: str = Field(
        description="Opens the console with everything filled in. Empty unless templates are in S3."
    )


def describe_stack(stack: OnboardingStack) -> OnboardingStackOut:
    folder = settings.ONBOARDING_TEMPLATES_URL
    return OnboardingStackOut(
        name=stack.name,
        region=stack.region,
        template=stack.template.stem,
        parameters=dict(stack.parameters),
        create_command=stack.create_command(),
        update_command=stack.update_command(),
        console_url=stack.console_url(),
        launch_url=stack.quick_create_url(f"{folder.rstrip('/')}/{stack.template.name}") if folder else "",
    )


class OnboardingOut(Schema):
    external_id: str = Field(description="Of this account alone. It never changes.")
    principal_arn: str = Field(description="What the portal runs as. Empty if it could not be found out.")
    problem: str = Field(description="Why it could not be found out, and what to do.")
    note: str
    stacks: list[OnboardingStackOut] = Field(description="The main region's stack first.")


@router.get(
    "/{uuid:account_id}/onboarding",
    response=reads(OnboardingOut),
    operation_id="accounts_onboarding",
    summary="Read which stacks an administrator of the AWS account creates",
)
def onboarding(request: HttpRequest, account_id: UUID) -> Any:
    """For portal admins. It may ask AWS, which takes some seconds."""
    found = account_to_change(caller(request), account_id)
    principal = portal_principal(found)
    stacks = account_stacks(
        found.regions, principal_arn=principal.arn or "PORTAL-PRINCIPAL-ARN", external_id=found.external_id
    )
    return OnboardingOut(
        external_id=found.external_id,
        principal_arn=principal.arn,
        problem=principal.problem,
        note=principal.note,
        stacks=[describe_stack(stack) for stack in stacks],
    )


class TemplateOut(Resource):
    id: str = Field(examples=["onboarding"])
    body: str = Field(description="YAML.", examples=["AWSTemplateFormatVersion: '2010-09-09'"])


@router.get(
    "/templates/{slug:template}",
    response=reads(TemplateOut),
    operation_id="accounts_template",
    summary="Read an onboarding template",
)
def template(request: HttpRequest, template: str) -> Any:
    check_admin(caller(request))
    if (path := _TEMPLATES.get(template)) is None:
        raise NotFound(f"There is no such template. There are {', '.join(_TEMPLATES)}.")
    return TemplateOut(id=template, body=path.read_text(encoding="utf-8"))
