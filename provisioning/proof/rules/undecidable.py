"""What a template hands over to others: custom resources, nested stacks, macros. A proof cannot look inside."""

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
    "Nothing is made by code that the template does not show",
    severity="medium",
    why="A custom resource does whatever its function does, with that function's role.",
    remedy="Use the service's own resource type; else read the function's code and role.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html",
    types=("AWS::CloudFormation::CustomResource",),
)
def custom_resource(view: View, report: Reporter) -> None:
    found = [
        r
        for r in view.model.resources.values()
        if r.type.startswith("Custom::") or r.type == "AWS::CloudFormation::CustomResource"
    ]
    for resource in found:
        sentence = f"What {resource.key} ({resource.type}) makes is decided by {shown(resource.get('ServiceToken', 'its provider'))}."
        report.fault(resource, sentence, resource.at("ServiceToken"), certain=False)
    if not found:
        report.fact("no custom resource")


@rule(
    "opaque.nested-stack",
    "Nothing is made by another template",
    severity="high",
    why="A nested template is fetched when the stack is made: what it holds then, nobody has proved.",
    remedy="Put its resources into this template, or prove it by itself.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html",
    types=_NESTED,
)
def nested_stack(view: View, report: Reporter) -> None:
    found = [*view.of(*_NESTED)]
    for resource in found:
        report.undecided(
            resource,
            f"What {resource.key} makes is in another template.",
            f"{resource.at('TemplateURL')}: {shown(resource.get('TemplateURL', 'not set'))}",
        )
    if not found:
        report.fact("no nested stack")


@rule(
    "opaque.macro",
    "No macro rewrites the template",
    severity="high",
    why="A macro changes the template after it was proved. AWS::LanguageExtensions and the serverless transform do as well.",
    remedy="Write out what the macro would make, or prove its result.",
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
            report.undecided(resource, f"A macro decides about {resource.key}.", "Fn::Transform")
        if not names and not holders:
            report.fact(f"the stack {stack.key}: no macro")
