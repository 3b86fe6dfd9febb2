"""How a mutation is written down: a name, the healthy template that it breaks, the rule that must
find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    name: str
    rule: str
    severity: str
    on: str
    change: Callable[[Template], None]


MUTATIONS: list[Mutation] = []


def breaks(
    rule: str, severity: str, *, on: str = "carbon-connect"
) -> Callable[[Callable[[Template], None]], Callable[[Template], None]]:
    """Register a function that breaks one thing of a template in place; `severity` is what the rule
    must say.
    """

    def register(change: Callable[[Template], None]) -> Callable[[Template], None]:
        MUTATIONS.append(Mutation(change.__name__, rule, severity, on, change))
        return change

    return register


def resources(template: Template, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource


def named(template: Template, kind: str, part: str = "") -> str:
    """The first resource of a type whose logical id holds `part`."""
    return next(name for name, _ in resources(template, kind) if part in name)


def properties(template: Template, kind: str, part: str = "") -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][named(template, kind, part)].setdefault("Properties", {})
    return found


def add(template: Template, name: str, kind: str, **given: Any) -> None:
    template["Resources"][name] = {"Type": kind, "Properties": given}


def att(name: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """The statements of a role's first inline policy."""
    found: list[dict[str, Any]] = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"][
        "Statement"
    ]
    return found


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def store_group(template: Template) -> dict[str, Any]:
    """The database's security group."""
    group = properties(template, "AWS::RDS::DBInstance")["VPCSecurityGroups"][0]["Fn::GetAtt"][0]
    found: dict[str, Any] = template["Resources"][group]["Properties"]
    return found


def data_table(template: Template) -> str:
    """The route table of the database's first subnet."""
    group = properties(template, "AWS::RDS::DBInstance")["DBSubnetGroupName"]["Ref"]
    subnet = template["Resources"][group]["Properties"]["SubnetIds"][0]["Ref"]
    for _, association in resources(template, "AWS::EC2::SubnetRouteTableAssociation"):
        if association["Properties"]["SubnetId"]["Ref"] == subnet:
            return str(association["Properties"]["RouteTableId"]["Ref"])
    raise AssertionError("the database's subnet has no route table")


def task(template: Template, part: str = "Api") -> dict[str, Any]:
    found: dict[str, Any] = properties(template, "AWS::ECS::TaskDefinition", part)
    return found


def container(template: Template, part: str = "Api") -> dict[str, Any]:
    found: dict[str, Any] = task(template, part)["ContainerDefinitions"][0]
    return found
