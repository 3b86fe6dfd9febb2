"""Why a template cannot be offered: the portal could not show, prove or delete what it would
create.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.cloudformation_limits import MAX_OUTPUTS, MAX_PARAMETERS, MAX_RESOURCES
from provisioning.components.kinds.cloudformation.imported_template.identity import claims
from provisioning.components.kinds.cloudformation.imported_template.reading import ImportedTemplate, TemplateProblem
from provisioning.components.kinds.cloudformation.imported_template.rewriting import misplaced_secrets
from provisioning.components.kinds.cloudformation.imported_template.role_arns import role_arns
from provisioning.components.kit.intrinsic_functions import functions, mentioned_names

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_ONCE_PER_ACCOUNT = {
    "AWS::IAM::OIDCProvider": "an identity provider exists once per account",
    "AWS::IAM::ServiceLinkedRole": "a service-linked role exists once per account",
    "AWS::ApiGateway::Account": "API Gateway's settings exist once per account and region",
    "AWS::Config::ConfigurationRecorder": "Config's recorder exists once per account and region",
    "AWS::Config::DeliveryChannel": "Config's delivery channel exists once per account and region",
    "AWS::GuardDuty::Detector": "GuardDuty's detector exists once per account and region",
    "AWS::SecurityHub::Hub": "Security Hub exists once per account and region",
}
_PEOPLE = {"AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserToGroupAddition"}


def refusals(template: ImportedTemplate) -> list[TemplateProblem]:
    """Return every reason not to offer this template, in the order of the file."""
    found = [
        *_sections(template),
        *_resources(template),
        *_functions(template),
        *misplaced_secrets(template),
        *claims(template),
        *role_arns(template),
    ]
    return sorted(found, key=lambda problem: problem.line)


def _sections(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    if transform := template.data.get("Transform"):
        yield TemplateProblem(
            template.line("Transform"),
            f"The template uses the transform {_listed(transform)} which AWS applies later, so the result cannot be "
            "shown, checked and approved; use the processed template (Get template → Processed in the console).",
        )
    if "Hooks" in template.data:
        yield TemplateProblem(template.line("Hooks"), "The portal does not support Hooks for blue/green deployments.")
    for section, most in (("Resources", MAX_RESOURCES), ("Parameters", MAX_PARAMETERS), ("Outputs", MAX_OUTPUTS)):
        if (count := len(template.section(section))) > most:
            yield TemplateProblem(
                template.line(section), f"{section} holds {count} entries; CloudFormation accepts {most}."
            )


def _resources(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    for name, resource in template.section("Resources").items():
        kind, line = resource["Type"], template.line("Resources", name)
        if name.startswith("Fn::"):
            yield TemplateProblem(
                line, f"{name} is expanded by a transform inside AWS, so the result cannot be shown before."
            )
        elif kind in ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"):
            yield TemplateProblem(
                line,
                f"{name} is a {kind.rpartition('::')[2]}: the template behind its TemplateURL would not be part of the approval. "
                "Put its resources into this template, or make it a blueprint of its own.",
            )
        elif kind == "AWS::CloudFormation::Macro":
            yield TemplateProblem(
                line, f"{name} is a macro, which exists once per account; create it when the account is onboarded."
            )
        elif kind in _ONCE_PER_ACCOUNT:
            yield TemplateProblem(
                line,
                f"{name} is a {kind}, and {_ONCE_PER_ACCOUNT[kind]}: a second environment would fail. Create it when the "
                "account is onboarded.",
            )
        elif kind in _PEOPLE:
            yield TemplateProblem(
                line,
                f"{name} is a {kind}: the portal's stack role may create roles with a permissions boundary, but no users, groups or keys. Use a role.",
            )


def _functions(template: ImportedTemplate) -> Iterator[TemplateProblem]:
    for section in ("Resources", "Outputs", "Conditions"):
        for name, value in template.section(section).items():
            line = template.line(section, name)
            for function, argument in functions(value):
                if function == "Fn::Transform":
                    yield TemplateProblem(
                        line, f"{name} calls Fn::Transform ({_listed(argument)}), whose result is computed inside AWS."
                    )
                elif function == "Fn::ImportValue":
                    yield TemplateProblem(
                        line,
                        f"{name} imports a value of another stack, which then cannot be changed or deleted "
                        "separately; use a parameter instead.",
                    )
            if section == "Outputs" and "Export" in value:
                yield from _export(template, name, value, line)


def _export(template: ImportedTemplate, name: str, value: Any, line: int) -> Iterator[TemplateProblem]:
    """Refuse an export whose name does not contain the stack's: names are unique per account and
    region.
    """
    exported = value["Export"].get("Name") if isinstance(value["Export"], dict) else None
    if not {"AWS::StackName", "AWS::StackId", *template.section("Parameters")} & mentioned_names(exported):
        yield TemplateProblem(
            line,
            f"Output {name} exports the same name from every environment, so a second one would fail; add "
            "${AWS::StackName} to the name, or remove the export.",
        )


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("Name", "")
    names = value if isinstance(value, list) else [value]
    return ", ".join(str(name.get("Name", "") if isinstance(name, dict) else name)[:80] for name in names)
