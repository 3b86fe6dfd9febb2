"""House rules for logs: every log group is in the template, is named for its stack, and has a
retention.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known, mapping, mark, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_GROUP = "AWS::Logs::LogGroup"


def _needed(view: View) -> Iterator[tuple[Resource, str, object]]:
    """Yields (the resource that logs, the property that says so, the log group's name or
    reference).
    """
    yield from _logs_of_tasks(view)
    for cluster in view.of("AWS::ECS::Cluster"):
        settings = {s.get("Name"): s.get("Value") for s in cluster.objects("ClusterSettings")}
        if str(settings.get("containerInsights", "disabled")) != "disabled":
            name = cluster.get("ClusterName", mark(cluster.key))
            yield cluster, "ClusterSettings", f"/aws/ecs/containerinsights/{name}/performance"
    for kind, path, start in (
        ("AWS::RDS::DBInstance", "DBInstanceIdentifier", "/aws/rds/instance"),
        ("AWS::RDS::DBCluster", "DBClusterIdentifier", "/aws/rds/cluster"),
    ):
        for database in view.of(kind):
            for log in database.items("EnableCloudwatchLogsExports"):
                name = database.get(path, mark(database.key))
                yield database, "EnableCloudwatchLogsExports", f"{start}/{name}/{shown(log)}"
    for kind, path, identity, start in (
        ("AWS::Lambda::Function", "LoggingConfig.LogGroup", "FunctionName", "/aws/lambda"),
        ("AWS::CodeBuild::Project", "LogsConfig.CloudWatchLogs.GroupName", "Name", "/aws/codebuild"),
    ):
        for program in view.of(kind):
            yield program, path, program.get(path, f"{start}/{program.get(identity, mark(program.key))}")


def _logs_of_tasks(view: View) -> Iterator[tuple[Resource, str, object]]:
    for task in view.of("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.objects("ContainerDefinitions")):
            configuration = mapping(container.get("LogConfiguration"))
            if configuration.get("LogDriver") == "awslogs":
                group = mapping(configuration.get("Options")).get("awslogs-group", "")
                yield task, f"ContainerDefinitions[{index}].LogConfiguration", group


@rule(
    "house.log-groups",
    "Every log group is in the template",
    severity="medium",
    why="A log group that AWS creates by itself keeps its logs forever and is left behind after the stack.",
    remedy="Add an AWS::Logs::LogGroup of that name, and let the resource depend on it.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    types=(_GROUP,),
)
def log_groups(view: View, report: Reporter) -> None:
    names = {str(group.get("LogGroupName")): group for group in view.of(_GROUP)}
    for resource, path, wanted in _needed(view):
        group = view.model.find(wanted, _GROUP) or names.get(str(wanted))
        if group is not None:
            report.passes(resource, f"{resource.at(path)}: {group.key}")
        elif is_known(wanted) or "⟦?" not in str(wanted):
            report.fault(
                resource, f"{resource.key} logs to {shown(wanted)}, which is not in the template.", resource.at(path)
            )
        else:
            report.undecided(
                resource, f"Where {resource.key} logs cannot be determined.", f"{resource.at(path)}: {shown(wanted)}"
            )
    for task in view.of("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.objects("ContainerDefinitions")):
            options = mapping(mapping(container.get("LogConfiguration")).get("Options"))
            if str(options.get("awslogs-create-group", "false")).lower() == "true":
                report.fault(
                    task,
                    f"{task.key} creates its log group itself.",
                    task.at(f"ContainerDefinitions[{index}].LogConfiguration"),
                )


@rule(
    "house.log-retention",
    "Every log group has a retention",
    severity="medium",
    why="Without a retention, logs are stored and billed forever.",
    remedy="Set RetentionInDays.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    types=(_GROUP,),
)
def log_retention(view: View, report: Reporter) -> None:
    for group in view.of(_GROUP):
        days = group.get("RetentionInDays")
        if days is None:
            report.fault(group, f"{group.key} keeps its logs forever.", f"{group.at('RetentionInDays')} is not set")
        else:
            report.passes(group, f"{group.at('RetentionInDays')} is {shown(days)}")


@rule(
    "house.log-name",
    "Every log group is named for its stack",
    severity="low",
    why="A generated name does not show whose logs they are.",
    remedy="Set LogGroupName, with the environment's name in it.",
    types=(_GROUP,),
)
def log_name(view: View, report: Reporter) -> None:
    for group in view.of(_GROUP):
        name = group.get("LogGroupName")
        tags = view.model.stack(group.stack).tags or {}
        environment = "-".join(filter(None, (tags.get("portal:environment"), tags.get("portal:generation"))))
        if name is None:
            report.fault(group, f"{group.key} has a generated name.", f"{group.at('LogGroupName')} is not set")
        elif environment and environment not in str(name) and "⟦" not in str(name):
            report.fault(
                group, f"{group.key} is not named for {environment}.", f"{group.at('LogGroupName')} is {shown(name)}"
            )
        else:
            report.passes(group, f"{group.at('LogGroupName')} is {shown(name)}")
