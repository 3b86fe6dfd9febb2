"""Container images: whether those in private ECR repositories exist. Public registries are not
asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, not_checked, passed
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known

PRIVATE: Final = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def _of(resource: Resource) -> list[str]:
    values = [container.get("Image") for container in resource.objects("ContainerDefinitions")]
    values.append(resource.get("Code.ImageUri"))
    return [value for value in values if isinstance(value, str) and value and is_known(value)]


def _images(subject: Subject) -> Iterator[Question]:
    users: dict[str, Resource] = {}
    for resource in subject.of("AWS::ECS::TaskDefinition", "AWS::Lambda::Function"):
        for image in _of(resource):
            users.setdefault(image, resource)
    for image, resource in users.items():
        region = subject.region_of(resource)
        match = PRIVATE.fullmatch(image)
        if match is None:
            yield Question(region, f"Image {image}", _public(subject, image), address=resource.logical_id)
        else:
            yield Question(match["region"], f"Image {image}", _private(image, match), address=resource.logical_id)


def _public(subject: Subject, image: str) -> Callable[[World], Verdict]:
    def ask(_world: World) -> Verdict:
        if image in subject.examples:
            return not_checked(
                f"{image} is the blueprint's example image. The portal does not ask public registries.",
                "Enter the image of your application. An example may not exist, and need not answer the health check.",
            )
        return not_checked(
            f"The portal does not ask public registries whether {image} exists.",
            "Check that it can be pulled, and that it answers the health check on the port of the service.",
        )

    return ask


def _private(image: str, match: re.Match[str]) -> Callable[[World], Verdict]:
    reference = match["digest"] or match["tag"] or "latest"

    def ask(world: World) -> Verdict:
        there = world.aws.once(
            world.aws.account.image_exists, match["repository"], reference, registry_id=match["registry"]
        )
        if there is None:
            return blocking(
                f"The repository {match['repository']} does not exist in {match['region']}.",
                f"Create it with `aws ecr create-repository --region {match['region']} --repository-name "
                f"{match['repository']}` and push the image.",
            )
        if not there:
            return blocking(
                f"The repository {match['repository']} has no image {reference}.",
                f"Push {image}, or enter the tag or digest of an image that exists.",
            )
        return passed(f"The image {match['repository']}, {reference}, exists.")

    return ask


CHECKS: Final = (Check("images", "Container images", _images, ("image_exists",)),)
