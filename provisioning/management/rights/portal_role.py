"""What role/portal needs: the permissions of every call, and those with which CloudFormation reads
resources for it when it detects drift.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.aws.calls import Caller, ExampleEnvironment, calls, example_resource
from provisioning.aws.handlers import carries_tags, drift_reads
from provisioning.aws.needs.record import CHANGES_AND_DRIFT
from provisioning.management.rights.questions import Asker, Question


def portal_questions(names: ExampleEnvironment) -> Iterator[Question]:
    for call in calls().values():
        if call.caller is not Caller.PORTAL_ROLE:
            continue
        for need in call.needs:
            yield Question(
                asker=Asker.PORTAL,
                purpose=f"{call.name}, {call.when}",
                action=need.action,
                resource=need.resource_in(names),
                context=need.context_in(names),
                tags=names.tags if carries_tags(need.tags_of) else None,
                planned=call.planned,
            )
    for action, types in drift_reads().items():
        yield Question(
            asker=Asker.PORTAL,
            purpose="cloudformation:DetectStackDrift, reading resources",
            action=action,
            resource=names.fill(example_resource(action)),
            tags=names.tags if all(carries_tags(name) for name in types) else None,
            planned=CHANGES_AND_DRIFT,
        )
