"""What role/portal needs, as questions."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.aws.calls import ExampleEnvironment
from provisioning.aws.portal_permissions import portal_permissions
from provisioning.management.rights.questions import Asker, Question


def portal_questions(names: ExampleEnvironment) -> Iterator[Question]:
    for permission in portal_permissions(names):
        yield Question(
            asker=Asker.PORTAL,
            purpose=f"{permission.call}, {permission.when}",
            action=permission.action,
            resource=permission.resource,
            context=permission.context,
            tags=permission.tags,
            planned=permission.planned,
        )
