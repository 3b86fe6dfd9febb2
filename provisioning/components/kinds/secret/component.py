"""A secret in Secrets Manager: generated inside AWS, or a placeholder until somebody provides the
value.

CloudFormation generates one value per secret. If `generate` names several variables, they all
receive that value, and an application that needs several keys derives them from it. A component
that uses the secret gets the value as environment variables of its tasks, and may also read the
secret at run time, so that a rotated value arrives without a deployment.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from troposphere import Ref, secretsmanager
from typing_extensions import override

from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.values import Box, Family, Gives, Grant, ManualTask, Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

LENGTH = 64


class SecretSettings(Settings):
    """`generate` names the variables that receive the one generated value; `provided` waits for a
    person.
    """

    generate: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = Field(
        default=(), description="Variables, in lowercase, that all receive one value generated inside AWS"
    )
    provided: bool = Field(default=False, description="Hold a placeholder until somebody provides the value")
    variable: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Variable that receives a provided value; by default the secret's name in capitals",
    )
    enabled: bool = Field(default=True, description="false leaves the secret out; its users then get no variable")
    description: str = Field(default="", max_length=400, description="What the secret is for, as AWS shows it")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.generate) == self.provided:
            raise ValueError("set either generate = [names] or provided = true")
        if self.generate and self.variable:
            raise ValueError("variable needs provided = true; generate already names the variables")
        return self

    def variables(self, name: str) -> list[str]:
        """Return the variables that a user of the secret gets: `JWT_SECRET`."""
        return [key.upper() for key in self.generate] or [self.variable or name.upper()]


class Secret(Component):
    kind = "secret"
    title = "Secret"
    summary = "A value in Secrets Manager, generated or provided"
    family = Family.ACCESS
    schema = SecretSettings
    gives = Gives(
        secrets=("<EACH NAME IN generate, OR variable>",),
        rights=("secretsmanager:GetSecretValue",),
    )
    attributes = {"arn": "ARN of the secret", "name": "Name of the secret"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, SecretSettings)
        if not settings.enabled:
            return
        purpose = settings.description or ", ".join(settings.variables(node.name))
        how = "placeholder until its value is provided" if settings.provided else "generated"
        resource = secretsmanager.Secret(
            logical_id(node.address),
            Name=self._name(node, build),
            Description=f"{purpose} ({how})",
            GenerateSecretString=secretsmanager.GenerateSecretString(PasswordLength=LENGTH, ExcludePunctuation=True),
        )
        # Deleted with its stack in every size: a generated value is worthless without its environment, a
        # provided value is still known to the person, and a retained secret would block the name.
        build.retain(resource, policy=None, why="")
        build.add(node, resource, "Secret")
        if settings.provided:
            build.manual_tasks.append(_provide(node, settings))

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, SecretSettings)
        if not settings.enabled:
            return []
        fact = "provided by you" if settings.provided else "generated in AWS"
        return [Box("supporting", node.name.replace("_", " "), "Secrets", fact)]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name in self.attributes and not settings_of(node, SecretSettings).enabled:
            return None
        if name == "arn":
            return Ref(logical_id(node.address))
        if name == "name":
            return self._name(node, build)
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        arn = Ref(logical_id(node.address))
        settings = settings_of(node, SecretSettings)
        if not settings.enabled:
            return Grant()
        return Grant(
            label="read",
            secrets=dict.fromkeys(settings.variables(node.name), arn),
            secret_arns=(arn,),
            statements=(read_secret(arn),),
        )

    @staticmethod
    def _name(node: Node, build: Build) -> str:
        return build.names.secret(node.name)


def _provide(node: Node, settings: SecretSettings) -> ManualTask:
    (variable,) = settings.variables(node.name)
    return ManualTask(
        key=f"provide-{node.name}",
        title=f"Provide the {settings.description or node.name.replace('_', ' ')}",
        sentence="Until you do, the secret holds a random placeholder. A running task keeps the value that it started "
        "with, so restart its services afterwards.",
        logical_id=logical_id(node.address),
        command="aws secretsmanager put-secret-value --region {region} --secret-id {physical_id} "
        f'--secret-string "${variable}"',
    )
