"""Reports parts of a template that others decide: custom resources, nested stacks, macros."""

from __future__ import annotations

from provisioning.proof.model.values import many, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_NESTED = (
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
)


@rule(
    "opaque.custom-resource",
    "No resource is created by code outside the template",
    severity="medium",
    why="A custom resource does whatever its function's code does, with that function's role.",
    remedy="Use the service's own resource type, or review the function's code and role.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html",
    types=("AWS::CloudFormation::CustomResource",),
)
def custom_resource(view: View, report: Reporter) -> None:
    custom = [
        r
        for r in view.model.resources.values()
        if r.type.startswith("Custom::") or r.type == "AWS::CloudFormation::CustomResource"
    ]
    for resource in custom:
        sentence = f"The result of {resource.key} ({resource.type}) is decided by {shown(resource.get('ServiceToken', 'its provider'))}."
        report.fault(resource, sentence, resource.at("ServiceToken"), certain=False)
    if not custom:
        report.fact("no custom resource")


@rule(
    "opaque.nested-stack",
    "No resource is created by another template",
    severity="high",
    why="A nested template is fetched when the stack is created; its content at that time has not been proved.",
    remedy="Put its resources into this template, or prove it by itself.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html",
    types=_NESTED,
)
def nested_stack(view: View, report: Reporter) -> None:
    nested = [*view.of(*_NESTED)]
    for resource in nested:
        report.undecided(
            resource,
            f"The resources of {resource.key} are in another template.",
            f"{resource.at('TemplateURL')}: {shown(resource.get('TemplateURL', 'not set'))}",
        )
    if not nested:
        report.fact("no nested stack")


@rule(
    "opaque.macro",
    "No macro rewrites the template",
    severity="high",
    why="A macro changes the template after it was proved. So do AWS::LanguageExtensions and the serverless transform.",
    remedy="Write out the macro's result, or prove that result.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html",
)
def macro(view: View, report: Reporter) -> None:
    for stack in view.model.stacks:
        names = [shown(name) for name in many(stack.template.get("Transform"))]
        holders = [
            r for r in view.model.resources.values() if r.stack == stack.key and "a macro decides" in repr(r.properties)
        ]
        if names:
            report.fault(
                [], f"{', '.join(names)} rewrites the stack {stack.key}.", "Transform", severity="medium", certain=False
            )
        for resource in holders:
            report.undecided(resource, f"A macro decides {resource.key}.", "Fn::Transform")
        if not names and not holders:
            report.fact(f"the stack {stack.key}: no macro")
