"""The permissions that role/portal needs: those of every call that it makes, and those with which
CloudFormation reads resources for it when it detects drift.

`manage.py rights` asks the onboarding templates for them, *Test connection* the account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioning.aws.calls import Caller, ExampleEnvironment, When, calls, example_resource
from provisioning.aws.handlers import carries_tags, drift_reads


@dataclass(frozen=True, slots=True)
class PortalPermission:
    """One permission for one example environment: what the policy evaluator takes, and what it is for.

    `tags` are those of the resource, None if it carries none. `planned` is the issue that will need
    the permission, None if the portal needs it today.
    """

    call: str
    when: When
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    tags: Mapping[str, str] | None
    planned: int | None


def portal_permissions(names: ExampleEnvironment) -> Iterator[PortalPermission]:
    for call in calls().values():
        if call.caller is not Caller.PORTAL_ROLE:
            continue
        for need in call.needs:
            yield PortalPermission(
                call=call.name,
                when=call.when,
                action=need.action,
                resource=need.resource_in(names),
                context=need.context_in(names),
                tags=names.tags if carries_tags(need.tags_of) else None,
                planned=call.planned,
            )
    for action, types in drift_reads().items():
        yield PortalPermission(
            call="cloudformation:DetectStackDrift",
            when=When.DRIFT,
            action=action,
            resource=names.fill(example_resource(action)),
            context={},
            tags=names.tags if all(map(carries_tags, types)) else None,
            planned=None,
        )
