"""A template's parameters as questions to the team, each with its constraints.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioning.components.kinds.cloudformation.imported_template.generation import generation, matcher
from provisioning.components.kinds.cloudformation.imported_template.reading import ImportedTemplate, TemplateProblem
from provisioning.components.kinds.cloudformation.imported_template.rewriting import is_secret
from provisioning.design.environment_name import EXAMPLE_ACCOUNT_ID
from provisioning.design.external_names import ExternalKind

_ZONE: Final = "AWS::Route53::HostedZone::Id"
_LISTS: Final = ("CommaDelimitedList", "List<")
_SSM: Final = "AWS::SSM::Parameter::"
# Formats of https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_IDS: Final = {
    "AWS::EC2::Image::Id": "ami",
    "AWS::EC2::Instance::Id": "i",
    "AWS::EC2::SecurityGroup::Id": "sg",
    "AWS::EC2::Subnet::Id": "subnet",
    "AWS::EC2::Volume::Id": "vol",
    "AWS::EC2::VPC::Id": "vpc",
}
_WORDS: Final = {
    "AWS::EC2::AvailabilityZone::Name": "an availability zone",
    "AWS::EC2::Image::Id": "the id of a machine image",
    "AWS::EC2::Instance::Id": "the id of an instance",
    "AWS::EC2::KeyPair::KeyName": "the name of a key pair",
    "AWS::EC2::SecurityGroup::GroupName": "the name of a security group",
    "AWS::EC2::SecurityGroup::Id": "the id of a security group",
    "AWS::EC2::Subnet::Id": "the id of a subnet",
    "AWS::EC2::VPC::Id": "the id of a VPC",
    "AWS::EC2::Volume::Id": "the id of a volume",
    "AWS::Route53::HostedZone::Id": "the id of a hosted zone",
}
_NAMES: Final = {
    "AWS::EC2::AvailabilityZone::Name": "us-east-1a",
    "AWS::EC2::KeyPair::KeyName": "key",
    "AWS::Route53::HostedZone::Id": "Z0123456789ABCDEFGHIJ",
}
_CANDIDATES: Final = (
    "example", "Example1", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.1", "team@example.com", "www.example.com", "https://www.example.com/",
    f"arn:aws:iam::{EXAMPLE_ACCOUNT_ID}:role/example", EXAMPLE_ACCOUNT_ID, "vpc-0123456789abcdef0", "subnet-0123456789abcdef0", "t4g.micro", "1",
)  # fmt: skip
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html: bytes of a parameter's value
_LONGEST_VALUE: Final = 4_096
SECRET_ARN = r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+$"  # noqa: S105 - the shape of an ARN


@dataclass(frozen=True, slots=True)
class Question:
    """One parameter as an input of the form. `type` is a Terraform type; `secret` means NoEcho.

    `minimum` and `maximum` limit a number, or the length of a text. The value of a secret is never
    asked for: the answer is the ARN of a secret in the account, or nothing, in which case AWS
    generates one. `example` is a value that the constraints accept, if one is known. `names` is set
    if the answer names something outside the environment.
    """

    name: str
    type: str
    description: str
    line: int
    default: Any = None
    required: bool = True
    pattern: str = ""
    message: str = ""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[Any, ...] = ()
    secret: bool = False
    example: Any = None
    names: ExternalKind | None = None


def questions(template: ImportedTemplate) -> tuple[Question, ...]:
    """Return all parameters, in the order of their groups (AWS::CloudFormation::Interface) and then
    of the file.
    """
    parameters = template.section("Parameters")
    interface = template.section("Metadata").get("AWS::CloudFormation::Interface")
    interface = interface if isinstance(interface, dict) else {}
    ordered = [name for name in _grouped(interface) if name in parameters]
    ordered += [name for name in parameters if name not in ordered]
    labels = interface.get("ParameterLabels")
    return tuple(
        _question(name, parameters[name], template.line("Parameters", name), _label(labels, name)) for name in ordered
    )


def _grouped(interface: Mapping[str, Any]) -> list[str]:
    grouped = []
    groups = interface.get("ParameterGroups")
    for group in groups if isinstance(groups, list) else ():
        names = group.get("Parameters") if isinstance(group, dict) else None
        grouped += [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return list(dict.fromkeys(grouped))


def _label(labels: Any, name: str) -> str:
    label = labels.get(name) if isinstance(labels, dict) else None
    default = label.get("default") if isinstance(label, dict) else None
    return default if isinstance(default, str) else ""


def _question(name: str, parameter: Mapping[str, Any], line: int, label: str) -> Question:
    if not name.isalnum() or not name.isascii():
        raise TemplateProblem(line, f"The parameter “{name[:60]}” must have a name of letters and digits.")
    kind = parameter["Type"]
    description = " ".join(part for part in (label, _text(parameter.get("Description"))) if part)
    if is_secret(parameter):
        return _secret(name, description, line, possible=generation(parameter) is not None)
    inner = kind.removeprefix("List<").removesuffix(">")
    return Question(
        name=name,
        type=_type(kind, name, line),
        description=_sentence(description, kind, inner) or name,
        line=line,
        default=_default(parameter.get("Default"), kind),
        required="Default" not in parameter,
        pattern=_pattern(parameter, inner),
        message=_message(parameter, inner),
        minimum=_bound(parameter, ("MinValue", "MinLength")),
        maximum=_bound(parameter, ("MaxValue", "MaxLength")),
        allowed=tuple(_one(item, kind) for item in parameter.get("AllowedValues") or ()),
        example=_example(parameter, kind, inner),
        names=ExternalKind.HOSTED_ZONE if inner == _ZONE else None,
    )


def _secret(name: str, description: str, line: int, *, possible: bool) -> Question:
    how = "leave it empty and AWS generates it into Secrets Manager, or give" if possible else "give"
    return Question(
        name=name,
        type="string",
        description=f"{description.rstrip('.') or name}. Never entered here: {how} the ARN of a secret in the account",
        line=line,
        required=not possible,
        pattern=SECRET_ARN,
        message="is not the ARN of a secret in Secrets Manager",
        secret=True,
        names=ExternalKind.SECRET,
        example=f"arn:aws:secretsmanager:us-east-1:{EXAMPLE_ACCOUNT_ID}:secret:example-AbCdEf",
    )


def _example(parameter: Mapping[str, Any], kind: str, inner: str) -> Any:
    """Return a value for plans before anybody has answered."""
    listed = kind != inner or kind == "CommaDelimitedList"
    allowed = parameter.get("AllowedValues")
    if kind in ("Number", "List<Number>"):
        one = _number(allowed[0]) if allowed else parameter.get("MinValue", 1)
    elif allowed:
        one = _one(allowed[0], kind)
    elif inner in _IDS:
        one = f"{_IDS[inner]}-0123456789abcdef0"
    else:
        one = _text_example(parameter, inner)
    return [one] if listed and one is not None else one


def _text_example(parameter: Mapping[str, Any], inner: str) -> str | None:
    accepts = matcher(parameter.get("AllowedPattern"))
    least = int(_bound(parameter, ("MinLength",)) or 0)
    if least > _LONGEST_VALUE:
        return None
    for candidate in (_NAMES.get(inner, ""), *_CANDIDATES):
        text = candidate if len(candidate) >= least else candidate + "x" * (least - len(candidate))
        if candidate and (accepts is None or accepts(text)):
            return text
    return None


def _type(kind: str, name: str, line: int) -> str:
    if kind == "Number":
        return "number"
    if kind == "List<Number>":
        return "list(number)"
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return "list(string)"
    if kind == "String" or kind.startswith(_SSM) or kind in _WORDS:
        return "string"
    raise TemplateProblem(line, f"The parameter {name} has the type {kind[:80]}, which CloudFormation does not have.")


def _sentence(description: str, kind: str, inner: str) -> str:
    description = description.strip().rstrip(".")
    if kind.startswith(_SSM):
        hint = "the name of an SSM parameter that holds it"
    elif inner in _WORDS:
        hint = _WORDS[inner] if inner == kind else f"{_WORDS[inner]}, one or more"
    else:
        return description
    return f"{description} ({hint})" if description else hint.capitalize()


def _pattern(parameter: Mapping[str, Any], inner: str) -> str:
    if isinstance(pattern := parameter.get("AllowedPattern"), str) and pattern:
        # CloudFormation requires that the whole value matches.
        return f"^(?:{pattern})$"
    return rf"^{_IDS[inner]}-[0-9a-f]{{8,17}}$" if inner in _IDS else ""


def _message(parameter: Mapping[str, Any], inner: str) -> str:
    constraint = _text(parameter.get("ConstraintDescription")).rstrip(".")
    if constraint:
        return f"is not accepted by the template: {constraint}"
    if isinstance(parameter.get("AllowedPattern"), str):
        return f"does not match {parameter['AllowedPattern'][:120]}"
    return f"is not {_WORDS[inner]}" if inner in _IDS else ""


def _default(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = value if isinstance(value, list) else str(value).split(",")
        words = [str(item).strip() for item in items]
        return [_number(word) for word in words] if kind == "List<Number>" else [word for word in words if word]
    return _one(value, kind)


def _one(value: Any, kind: str) -> Any:
    if kind in ("Number", "List<Number>"):
        return _number(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def _bound(parameter: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        if (value := parameter.get(name)) is not None:
            try:
                return float(_number(value))
            except (TypeError, ValueError):
                return None
    return None


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
