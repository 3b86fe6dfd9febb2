"""House rules for whole stacks: exports, tags, protection, limits, and resources that exist once
per account.
"""

from __future__ import annotations

import json

from provisioning.proof.model.template import Stack
from provisioning.proof.model.values import mapping, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

TAGS = ("portal:team", "portal:environment", "portal:environment-id", "portal:generation", "portal:blueprint")
# Each of these exists once per account (or once per name). A second environment would fail on it,
# or take over the first one's.
ONCE_PER_ACCOUNT = {
    "AWS::IAM::OIDCProvider": "one per issuer",
    "AWS::IAM::SAMLProvider": "one per provider",
    "AWS::IAM::ServiceLinkedRole": "one per service",
    "AWS::ApiGateway::Account": "one per region",
    "AWS::Config::ConfigurationRecorder": "one per region",
    "AWS::Config::DeliveryChannel": "one per region",
    "AWS::GuardDuty::Detector": "one per region",
    "AWS::SecurityHub::Hub": "one per region",
    "AWS::Macie::Session": "one per region",
    "AWS::AccessAnalyzer::Analyzer": "one per region",
    "AWS::EC2::SnapshotBlockPublicAccess": "one per region",
    "AWS::SSM::ResourceDataSync": "one per name",
    "AWS::XRay::ResourcePolicy": "five per region",
}
BOUNDARY_NAMES = ("portal-environment-boundary", "portal-boundary")


@rule(
    "house.exports",
    "Stacks share no exports",
    severity="medium",
    why="An imported export can be neither changed nor removed, so one team's stack would block another's.",
    remedy="Pass values as parameters.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html",
)
def exports(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        exported = [n for n, body in mapping(stack.template.get("Outputs")).items() if "Export" in mapping(body)]
        importing = [
            resource
            for resource in view.model.resources.values()
            if resource.stack == stack.key and "imported from another stack" in repr(resource.properties)
        ]
        for name in exported:
            report.fault([], f"The output {name} is exported.", f"Outputs.{name}.Export")
        for resource in importing:
            report.fault(resource, f"{resource.key} imports a value from another stack.", "Fn::ImportValue")
        if not exported and not importing:
            report.fact(f"the stack {stack.key} imports and exports nothing")


@rule(
    "house.tags",
    "Everything is tagged with its team, environment, generation and blueprint",
    severity="medium",
    why="A resource without tags has no owner: its cost is not assigned, no scan finds it, and IAM cannot tell whose it is.",
    remedy="Create the stack with the portal's tags.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html",
    types=("AWS::ECS::Service",),
)
def tags(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        if stack.tags is None:
            report.fact(f"the stack {stack.key}: its tags are unknown")
        elif missing := [name for name in TAGS if not stack.tags.get(name)]:
            report.fault(
                [],
                f"The stack {stack.key} lacks the tags {', '.join(missing)}.",
                f"tags: {', '.join(sorted(stack.tags)) or 'none'}",
            )
        else:
            report.fact(f"the stack {stack.key} is tagged: {', '.join(f'{n}={stack.tags[n]}' for n in TAGS)}")
    for service in view.of("AWS::ECS::Service"):
        if service.get("PropagateTags") in ("SERVICE", "TASK_DEFINITION"):
            report.passes(service, f"{service.at('PropagateTags')} is {service.get('PropagateTags')}")
        else:
            report.fault(
                service,
                f"The tasks of {service.key} carry no tags.",
                f"{service.at('PropagateTags')} is not set",
                severity="low",
            )


@rule(
    "house.protection",
    "From staging up, stacks are protected from accidental deletion and replacement",
    severity="medium",
    why="One wrong click can delete a stack. Termination protection prevents that, and the stack policy protects its data from an update.",
    remedy="Create the stack with termination protection and a stack policy.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html",
)
def protection(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        if stack.termination_protection is None:
            report.fact(f"the stack {stack.key}: how it is created is unknown")
            continue
        if view.policy is None and not stack.termination_protection:
            report.fact(f"the stack {stack.key} is not protected, which is right for dev; its size is unknown")
        elif view.policy is not None and not view.policy.protects_stacks:
            report.fact(f"the stack {stack.key} belongs to {view.policy.name} and needs no protection")
        else:
            _protected(report, stack)


def _protected(report: Reporter, stack: Stack) -> None:
    if not stack.termination_protection:
        report.fault(
            [], f"The stack {stack.key} has no termination protection.", "EnableTerminationProtection is false"
        )
    statements = json.loads(stack.stack_policy)["Statement"] if stack.stack_policy else []
    denied = {
        name for statement in statements if statement.get("Effect") == "Deny" for name in statement.get("Resource", ())
    }
    data = [
        name
        for name, body in mapping(stack.template.get("Resources")).items()
        if str(mapping(body).get("UpdateReplacePolicy", "Delete")) != "Delete"
    ]
    bare = [name for name in data if f"LogicalResourceId/{name}" not in denied and "*" not in denied]
    if bare:
        report.fault(
            [], f"The stack policy of {stack.key} lets an update replace {', '.join(bare)}.", "StackPolicyBody"
        )
    elif stack.termination_protection:
        report.fact(
            f"the stack {stack.key}: termination protection, and a stack policy that protects {len(data)} resources"
        )


@rule(
    "house.once-per-account",
    "Nothing in the template exists once per account",
    severity="high",
    why="A second environment would roll back on it, or the teardown of the first would delete it for all.",
    remedy="Create it when the account is onboarded, and refer to it here.",
    types=ONCE_PER_ACCOUNT,
)
def once_per_account(view: View, report: Reporter) -> None:
    shared = [*view.of(*ONCE_PER_ACCOUNT)]
    shared += [p for p in view.of("AWS::IAM::ManagedPolicy") if p.get("ManagedPolicyName") in BOUNDARY_NAMES]
    for resource in shared:
        often = ONCE_PER_ACCOUNT.get(resource.type, "one per account")
        report.fault(
            resource, f"{resource.key} ({resource.type}) belongs to the account: {often}.", resource.at("Type")
        )
    if not shared:
        report.fact(f"{len(view.model.resources)} resources, none that exists once per account")


@rule(
    "house.limits",
    "Stacks are within CloudFormation's limits",
    severity="high",
    why="CloudFormation rejects a larger template, after it has been approved.",
    remedy="Split the blueprint.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
)
def limits(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        for section, most in (("Resources", 500), ("Parameters", 200), ("Outputs", 200), ("Mappings", 200)):
            count = len(mapping(stack.template.get(section)))
            if count > most:
                report.fault([], f"The stack {stack.key} has {count} {section.lower()}; the limit is {most}.", section)
        report.fact(f"the stack {stack.key}: {len(mapping(stack.template.get('Resources')))} of 500 resources")


@rule(
    "house.circuit-breaker",
    "Failed deployments roll back automatically",
    severity="medium",
    why="Without the circuit breaker ECS keeps starting broken tasks for three hours before the stack fails.",
    remedy="Set DeploymentCircuitBreaker with Enable and Rollback.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html",
    types=("AWS::ECS::Service",),
)
def circuit_breaker(view: View, report: Reporter) -> None:
    for service in view.of("AWS::ECS::Service"):
        if service.get("DeploymentController.Type", "ECS") != "ECS":
            report.fact(f"{service.key} is deployed with {service.get('DeploymentController.Type')}")
            continue
        path = "DeploymentConfiguration.DeploymentCircuitBreaker"
        breaker = mapping(service.get(path))
        if truth(breaker.get("Enable")) and truth(breaker.get("Rollback")):
            report.passes(service, f"{service.at(path)}: enabled, with rollback")
        else:
            report.fault(service, f"{service.key} has no circuit breaker with rollback.", service.at(path))


@rule(
    "house.desired-count",
    "An update does not change scaled task counts",
    severity="medium",
    why="DesiredCount in an update overrides autoscaling: at peak load it would remove tasks.",
    remedy="Omit DesiredCount when updating services with autoscaling.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html",
    types=("AWS::ECS::Service", "AWS::ApplicationAutoScaling::ScalableTarget"),
)
def desired_count(view: View, report: Reporter) -> None:
    for service in view.of("AWS::ECS::Service"):
        scaled = [
            t for t in view.model.users.get(service.key, ()) if t.type == "AWS::ApplicationAutoScaling::ScalableTarget"
        ]
        given = service.get("DesiredCount")
        if view.changing and scaled and given is not None:
            report.fault(
                [service, scaled[0]],
                f"This update sets the task count of {service.key}, which {scaled[0].key} scales.",
                f"{service.at('DesiredCount')} is {given}",
            )
        else:
            when = "an update" if view.changing else "a creation"
            detail = f"DesiredCount is {given}" if given is not None else "no DesiredCount"
            report.passes(
                service, f"{service.key}: {detail}, in {when}{', scaled by ' + scaled[0].key if scaled else ''}"
            )
