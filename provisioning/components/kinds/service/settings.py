"""Settings of a service block, and the sizes that Fargate offers."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, InstanceOf, model_validator

from provisioning.components.kinds.service.scaling import Tasks
from provisioning.components.kit.external_names import ImageReference, RoleArn
from provisioning.components.kit.values import Block, Settings
from provisioning.design.graph import Joined, Reference

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
VariableValue: TypeAlias = InstanceOf[Reference] | InstanceOf[Joined] | str

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_MEMORY: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}


class Volume(Block):
    """A folder on EFS that survives the task."""

    path: str = Field(pattern=r"^/[A-Za-z0-9_./-]+$", description="Path of the folder in the container")


class Before(Block):
    """A container of the same image that must succeed, in every task, before the service's
    container starts.
    """

    command: tuple[str, ...] = Field(
        min_length=1,
        description="Its command; several tasks may run it at the same time, so it must be safe to run twice",
    )


class ServiceSettings(Settings):
    image: ImageReference = Field(description="Container image, built for the cluster's processor architecture")
    command: tuple[str, ...] = Field(default=(), description="Command to run instead of the image's own")
    port: int | None = Field(default=None, ge=1, le=65535, description="Port on which the container listens, if any")
    cpu: int = Field(description="CPU units, 1024 per vCPU; Fargate offers 256 to 16384")
    memory: int = Field(description="MiB of memory; the possible values depend on cpu")
    capacity: Literal["on_demand", "spot"] = Field(
        default="on_demand", description="spot is cheaper, but AWS may stop a task with two minutes' notice"
    )
    tasks: Tasks = Field(default=Tasks(), description="Number of tasks, and what it follows")
    first_alone: bool = Field(
        default=False,
        description="Start one task, which may prepare the database; scaling adds the others once it is healthy",
    )
    before: Before | None = Field(
        default=None, description="A command that must succeed before the container starts, such as a migration"
    )
    singleton: bool = Field(default=False, description="Exactly one task, stopped before its successor starts")
    storage: Volume | None = Field(
        default=None, description="A folder that survives the task; makes the service a singleton"
    )
    keep_data: bool = Field(default=False, description="Keep the stored files when the stack is deleted")
    metrics: bool = Field(
        default=False, description="Allow it to publish metrics in the environment's own namespace, METRICS_NAMESPACE"
    )
    assume_roles: tuple[RoleArn, ...] = Field(default=(), description="ARNs of roles in any account that it may assume")
    environment: dict[VariableName, VariableValue] = Field(
        default={}, description="Environment variables, in addition to those that come from what it uses"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.cpu not in FARGATE_MEMORY:
            raise ValueError(f"cpu is {self.cpu}; Fargate offers {', '.join(map(str, FARGATE_MEMORY))}")
        if self.memory not in FARGATE_MEMORY[self.cpu]:
            choices = FARGATE_MEMORY[self.cpu]
            raise ValueError(
                f"memory is {self.memory}; with cpu {self.cpu} Fargate offers {choices[0]} to {choices[-1]}"
            )
        if (self.singleton or self.storage) and self.tasks != Tasks():
            raise ValueError("a singleton or a service with storage has exactly one task: remove tasks")
        return self

    @model_validator(mode="after")
    def _the_others_follow(self) -> Self:
        """Require scaling if one task starts alone: scaling then adds the others, up to its
        minimum.
        """
        if not self.first_alone or self.tasks.desired == 1:
            return self
        if self.tasks.desired != self.tasks.min or not self.tasks.scales:
            raise ValueError(
                "with first_alone, scaling adds the other tasks: set desired equal to min, and min below max"
            )
        return self

    @property
    def alone(self) -> bool:
        """Whether two tasks at the same time would do harm, because both would schedule jobs or
        write the same files.
        """
        return self.singleton or self.storage is not None
