"""A Lambda function with code from the blueprint's folder, in the private subnets, with rights from
what it uses.

Lambda injects no secrets. If a container would get a secret as NAME, a function gets NAME_FROM: the
reference (`arn`, or `arn:key::` for one key) with which it reads the secret itself, under its own
role, whenever it needs the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from troposphere import GetAtt, Ref, Select, Split, awslambda, sqs
from typing_extensions import override

from provisioning.components.kinds.function.settings import FunctionSettings
from provisioning.components.kit import iam, security
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.logs import log_group
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import (
    Box,
    DashboardWidget,
    Family,
    Gives,
    Grant,
    Section,
    Tier,
    settings_of,
)
from provisioning.components.kit.widgets import metric_widgets, queue_widgets
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_NAME_LIMIT = 64
_QUEUE_LIMIT = 80
_KEPT_SECONDS = 14 * 24 * 3600
# What Lambda itself does with the function's role to connect to a VPC. The code must not do it.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]


class Logging(awslambda.LoggingConfig):  # type: ignore[misc]
    """Restores LogFormat, which troposphere's class lost to another resource's property of the same
    name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-loggingconfig.html
    """

    props: ClassVar[Any] = {**awslambda.LoggingConfig.props, "LogFormat": (str, True)}


@dataclass(frozen=True, slots=True)
class Made:
    """The parts of a function that exist before it is created."""

    name: str
    logs: Ref
    role: GetAtt
    letters: Ref | None
    variables: dict[str, Any]


class Function(Component):
    kind = "function"
    title = "Function"
    summary = "Lambda function with code from the blueprint's folder"
    family = Family.COMPUTE
    schema = FunctionSettings
    gives = Gives(variables=("<NAME>_FUNCTION",), rights=("lambda:InvokeFunction",))
    accepts_grants = True
    has_security_group = True
    attributes = {
        "name": "Name of the function",
        "arn": "ARN of the function",
        "url": "https:// address (functions with url = true)",
        "host": "Host name of that address",
        "log_group": "Name of the function's log group",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, FunctionSettings)
        if settings.in_network:
            security.group(node, build, ingress=(), egress=[security.HTTPS_OUT])
            security.out_to_targets(node, build)
        name = build.physical(node.name, limit=_NAME_LIMIT)
        logs = log_group(node, build, name=build.names.log_group(node.name), days=settings.log_days)
        letters = _dead_letters(node, build) if settings.dead_letter else None
        role = _role(node, build, settings, name=name, letters=letters, needs=self.statements(node, build))
        variables = self.variables(node, build)
        made = Made(name=name, logs=logs, role=role, letters=letters, variables=variables)
        function = _function(node, build, settings, made)
        if settings.url:
            _url(node, build, function)
        _alarms(node, build, settings, function)

    def variables(self, node: Node, build: Build) -> dict[str, Any]:
        """Return the environment variables of the code."""
        settings = settings_of(node, FunctionSettings)
        found: dict[str, Any] = {}
        for grant in build.grants(node):
            found |= grant.variables
            found |= {f"{name}_FROM": reference for name, reference in grant.secrets.items()}
        return found | {name: build.value(value) for name, value in settings.environment.items()}

    def statements(self, node: Node, build: Build) -> list[Any]:
        """Return what the code may do at run time."""
        return [statement for grant in build.grants(node) for statement in grant.statements]

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, FunctionSettings)
        place: Tier = "private" if settings.in_network else "supporting"
        boxes = [Box(place, node.name, "Function", f"{settings.runtime}, {settings.memory} MB")]
        if settings.url:
            boxes.append(Box("internet", "Callers", "", "HTTPS", label="443"))
        return boxes

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        metrics = {"Invocations": "Sum", "Errors": "Sum", "Throttles": "Sum", "Duration": "p95"}
        own = metric_widgets(
            Section.FUNCTIONS, "AWS/Lambda", metrics, [{"FunctionName": Ref(logical_id(node.address))}]
        )
        if not settings_of(node, FunctionSettings).dead_letter:
            return own
        return [*own, *queue_widgets(logical_id(node.address, "Letters"))]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        function = logical_id(node.address)
        match name:
            case "name":
                return Ref(function)
            case "arn":
                return GetAtt(function, "Arn")
            case "log_group":
                return Ref(logical_id(node.address, "Logs"))
            case "url" | "host":
                if not settings_of(node, FunctionSettings).url:
                    raise DesignError(f"{node.source}: {node.address} has no {name}; set url = true")
                url = GetAtt(logical_id(node.address, "Url"), "FunctionUrl")
                return url if name == "url" else Select(2, Split("/", url))
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        function = logical_id(node.address)
        return Grant(
            label="invoke",
            variables={f"{node.name.upper()}_FUNCTION": Ref(function)},
            statements=(iam.allow(["lambda:InvokeFunction"], GetAtt(function, "Arn")),),
        )


def _role(
    node: Node, build: Build, settings: FunctionSettings, *, name: str, letters: Ref | None, needs: list[Any]
) -> GetAtt:
    """Add the function's role: what it uses decides its rights. Every function may write its log
    and connect to the network.
    """
    statements = [
        iam.allow(["logs:CreateLogStream", "logs:PutLogEvents"], GetAtt(logical_id(node.address, "Logs"), "Arn")),
        *needs,
    ]
    if letters is not None:
        statements.append(iam.allow(["sqs:SendMessage"], GetAtt(logical_id(node.address, "Letters"), "Arn")))
    if settings.in_network:
        statements.append(iam.allow(_INTERFACES, "*"))
        own = {"ArnEquals": {"lambda:SourceFunctionArn": iam.account_arn("lambda", f"function:{name}")}}
        statements.append(iam.allow(_INTERFACES, "*", own) | {"Effect": "Deny"})
    role = iam.role(
        logical_id(node.address, "Role"), build, trust=iam.trusts("lambda.amazonaws.com"), statements=statements
    )
    build.add(node, role, "Function role")
    return GetAtt(role.title, "Arn")


def _function(node: Node, build: Build, settings: FunctionSettings, made: Made) -> Ref:
    bucket, key = build.ship(settings.code)
    resource = awslambda.Function(
        logical_id(node.address),
        FunctionName=made.name,
        Description=f"{node.name} of {build.name}",
        Runtime=settings.runtime,
        Architectures=[settings.architecture],
        Handler=settings.handler,
        Code=awslambda.Code(S3Bucket=bucket, S3Key=key),
        Role=made.role,
        MemorySize=settings.memory,
        Timeout=settings.timeout_seconds,
        LoggingConfig=Logging(LogFormat="JSON", LogGroup=made.logs, SystemLogLevel="WARN"),
    )
    if made.variables:
        ordered = {variable: made.variables[variable] for variable in sorted(made.variables)}
        resource.Environment = awslambda.Environment(Variables=ordered)
    if settings.in_network:
        resource.VpcConfig = awslambda.VPCConfig(
            SecurityGroupIds=[security.group_id(node.address)],
            SubnetIds=subnet_refs(build, "private", needed_by=node),
        )
    if settings.concurrency:
        resource.ReservedConcurrentExecutions = settings.concurrency
    if made.letters is not None:
        resource.DeadLetterConfig = awslambda.DeadLetterConfig(
            TargetArn=GetAtt(logical_id(node.address, "Letters"), "Arn")
        )
    return build.add(node, resource, "Function")


def _dead_letters(node: Node, build: Build) -> Ref:
    queue = sqs.Queue(
        logical_id(node.address, "Letters"),
        QueueName=build.physical(f"{node.name}-failed", limit=_QUEUE_LIMIT),
        MessageRetentionPeriod=_KEPT_SECONDS,
        SqsManagedSseEnabled=True,
    )
    build.retain(queue, policy=None, why="")
    letters = build.add(node, queue, "Failed events")
    policy = sqs.QueuePolicy(
        logical_id(node.address, "LettersPolicy"),
        Queues=[letters],
        PolicyDocument=iam.policy([iam.tls_only("sqs:*", GetAtt(queue.title, "Arn"))]),
    )
    build.add(node, policy, "Failed events policy")
    alarm(
        node,
        build,
        key="Failed",
        description=f"Events of {node.address} have failed and wait in its queue",
        metric=("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": GetAtt(queue.title, "QueueName")}),
        statistic="Maximum",
        above=0,
    )
    return letters


def _url(node: Node, build: Build, function: Ref) -> None:
    """Add a public URL. Since October 2025 a caller needs both actions, the second one only through
    the URL.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    url = awslambda.Url(
        logical_id(node.address, "Url"), TargetFunctionArn=GetAtt(function.data["Ref"], "Arn"), AuthType="NONE"
    )
    build.add(node, url, "Function URL")
    call = awslambda.Permission(
        logical_id(node.address, "UrlPermission"),
        FunctionName=function,
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    build.add(node, call, "Permission to call the URL")
    through = awslambda.Permission(
        logical_id(node.address, "InvokePermission"),
        FunctionName=function,
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    build.add(node, through, "Permission to invoke through the URL")


def _alarms(node: Node, build: Build, settings: FunctionSettings, function: Ref) -> None:
    """Add alarms on errors, throttles and duration.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    dimensions = {"FunctionName": function}
    alarm(
        node,
        build,
        key="Errors",
        description=f"{node.address} keeps failing",
        metric=("AWS/Lambda", "Errors", dimensions),
        statistic="Sum",
        above=0,
    )
    alarm(
        node,
        build,
        key="Throttles",
        description=f"{node.address} is called more often at a time than the account allows",
        metric=("AWS/Lambda", "Throttles", dimensions),
        statistic="Sum",
        above=0,
    )
    alarm(
        node,
        build,
        key="Duration",
        description=f"{node.address} comes near its time limit",
        metric=("AWS/Lambda", "Duration", dimensions),
        statistic="p99",
        above=settings.timeout_seconds * 1000 * settings.duration_alarm_percent // 100,
    )
    if settings.url:
        # A 5xx answer is not an error of the function: only the URL's metric counts it.
        # https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
        alarm(
            node,
            build,
            key="UrlErrors",
            description=f"{node.address} keeps answering its callers with 5xx",
            metric=("AWS/Lambda", "Url5xxCount", dimensions),
            statistic="Sum",
            above=0,
        )
