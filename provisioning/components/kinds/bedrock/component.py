"""Bedrock models, only those that are listed, reached from inside the network.

The same list limits both the roles of the components that use it and the endpoint that their
requests go through. A name that begins with a geography (`eu.anthropic.…`) is an inference profile:
it may be invoked, and so may its model in any region to which the profile sends the request, but
only through the profile.
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field
from troposphere import Ref, Sub, ec2
from typing_extensions import override

from provisioning.components.kit import iam, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import Box, Family, Gives, Grant, Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

PORT = 443
ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
_PROFILE = re.compile(r"^(?:us-gov|us|eu|apac|au|jp|ca|global)\.(?P<model>[a-z0-9]+\..+)$")

ModelId = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:[a-z0-9]+)*$", max_length=140)]


class BedrockSettings(Settings):
    models: tuple[ModelId, ...] = Field(
        min_length=1,
        max_length=20,
        description="Ids of the only models, or inference profiles, that users may invoke",
    )


class Bedrock(Component):
    kind = "bedrock"
    title = "Bedrock"
    summary = "Selected foundation models, reached through an endpoint in the network"
    family = Family.MODELS
    schema = BedrockSettings
    gives = Gives(variables=("BEDROCK_MODELS",), ports=f"port {PORT} of the endpoint", rights=tuple(ACTIONS))
    needs = ("network",)
    has_security_group = True
    attributes = {"endpoint_id": "Id of the interface endpoint"}

    def build(self, node: Node, build: Build) -> None:
        network = build.only("network", needed_by=node)
        security.group(node, build, ingress=security.from_users(node, build))
        resource = ec2.VPCEndpoint(
            logical_id(node.address, "Endpoint"),
            VpcId=Ref(logical_id(network.address, "Vpc")),
            VpcEndpointType="Interface",
            ServiceName=Sub("com.amazonaws.${AWS::Region}.bedrock-runtime"),
            PrivateDnsEnabled=True,
            SubnetIds=subnet_refs(build, "private", needed_by=node),
            SecurityGroupIds=[security.group_id(node.address)],
            PolicyDocument=iam.policy([_own_account(statement) for statement in _statements(node)]),
        )
        build.add(node, resource, "Bedrock endpoint")

    def boxes(self, node: Node) -> list[Box]:
        models = settings_of(node, BedrockSettings).models
        fact = models[0] if len(models) == 1 else f"{len(models)} models"
        return [Box("supporting", node.name, "Bedrock", fact)]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "endpoint_id":
            return Ref(logical_id(node.address, "Endpoint"))
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return Grant(
            label="443 TLS",
            ports=(PORT,),
            variables={"BEDROCK_MODELS": ",".join(settings_of(node, BedrockSettings).models)},
            statements=tuple(_statements(node)),
        )


def _statements(node: Node) -> list[dict[str, Any]]:
    """Allow the models in this region; then each profile, and its model when invoked through the
    profile.
    """
    names = settings_of(node, BedrockSettings).models
    statements = []
    if models := [name for name in names if not _PROFILE.match(name)]:
        statements.append(iam.allow(ACTIONS, [_model(name, "${AWS::Region}") for name in models]))
    for name in names:
        if found := _PROFILE.match(name):
            profile = iam.account_arn("bedrock", f"inference-profile/{name}")
            statements.append(iam.allow(ACTIONS, [profile]))
            through_it = {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
            statements.append(iam.allow(ACTIONS, [_model(found["model"], "*")], through_it))
    return statements


def _own_account(statement: dict[str, Any]) -> dict[str, Any]:
    """Return the statement for the endpoint's policy, which admits principals of this account only."""
    condition = statement.get("Condition", {}).get("StringEquals", {})
    own = {"StringEquals": {"aws:PrincipalAccount": Ref("AWS::AccountId"), **condition}}
    return {**statement, "Principal": "*", "Condition": own}


def _model(name: str, region: str) -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:bedrock:{region}::foundation-model/{name}")
