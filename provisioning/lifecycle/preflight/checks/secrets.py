"""Secrets: names that a recovery window still holds, and secrets that the plan reads.

A deleted secret keeps its name until its recovery window ends, and CreateSecret answers that "a
secret with this name is already scheduled for deletion".
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed
from provisioning.lifecycle.preflight.checks.names import chosen_name
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.values import is_known, texts

# A name, or the ARN of the secret; both end before the key that is read from it.
_DYNAMIC: Final = re.compile(
    r"\{\{resolve:secretsmanager:(arn:aws[a-z-]*:secretsmanager:[^:{}]+:\d{12}:secret:[^:{}]+|[^:{}]+)"
)
_VALUE_FROM: Final = re.compile(r"(arn:aws[a-z-]*:secretsmanager:[^:]+:\d{12}:secret:[^:]+)")


def _new(subject: Subject) -> Iterator[Question]:
    for resource in subject.of("AWS::SecretsManager::Secret"):
        name = chosen_name(subject, resource, "Name")
        if not name:
            continue
        region = subject.region_of(resource)

        def ask(world: World, name: str = name, region: str = region) -> Verdict:
            state = world.aws.once(world.aws.account.secret, name)
            if state is None:
                return passed(f"The name {name} is free.")
            if state.deleted_at is None:
                return blocking(
                    f"A secret called {name} exists already.", "Choose another name, or delete that secret."
                )
            return blocking(
                f"A deleted secret called {name} holds the name until its recovery window ends on "
                f"{state.deleted_at:%d %B %Y}.",
                f"Choose another name. If nobody needs the secret any more, free the name with `aws secretsmanager "
                f"restore-secret --region {region} --secret-id {name}` and then `aws secretsmanager delete-secret "
                f"--region {region} --secret-id {name} --force-delete-without-recovery`.",
            )

        yield Question(region, f"Name of the secret {name}", ask, address=resource.logical_id)


def _read(subject: Subject) -> Iterator[Question]:
    """Secrets that somebody else made: named in a dynamic reference or in a task definition."""
    asked: set[tuple[str, str]] = set()
    for resource in subject.model.resources.values():
        region = subject.region_of(resource)
        for path, text in texts(resource.properties):
            names = [*_DYNAMIC.findall(text), *(_VALUE_FROM.findall(text) if path.endswith("ValueFrom") else ())]
            for name in names:
                if not is_known(name) or (region, name) in asked:
                    continue
                if subject.generation and subject.generation in name:
                    continue  # the plan creates it
                asked.add((region, name))
                yield Question(region, f"Secret {name}", _existing(name, region), address=resource.logical_id)


def _existing(name: str, region: str) -> Callable[[World], Verdict]:
    def ask(world: World) -> Verdict:
        state = world.aws.once(world.aws.account.secret, name)
        if state is None:
            return blocking(
                f"The plan reads the secret {name}, which does not exist in {region}.",
                "Create the secret before you request the environment, or correct its name.",
            )
        if state.deleted_at is not None:
            return blocking(
                f"The plan reads the secret {name}, which was deleted and can be restored until "
                f"{state.deleted_at:%d %B %Y}.",
                f"Restore it with `aws secretsmanager restore-secret --region {region} --secret-id {name}`, or name "
                "another secret.",
            )
        return passed(f"The secret {name} exists.")

    return ask


CHECKS: Final = (
    Check("secrets.names", "Secret names", _new, ("secret",)),
    Check("secrets.existing", "Secrets that the plan reads", _read, ("secret",)),
)
