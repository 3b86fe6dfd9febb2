"""Reads facts off a rendered template: nothing here knows components or designs."""

from __future__ import annotations

from typing import Any


class Template:
    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.resources: dict[str, dict[str, Any]] = body["Resources"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == kind}

    def one(self, kind: str) -> dict[str, Any]:
        (found,) = self.of_type(kind).values()
        return found

    def balancer_group(self) -> str:
        """The logical id of the load balancer's one security group."""
        (group,) = self.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["SecurityGroups"]
        return self.target(group)

    def service(self, name: str) -> dict[str, Any]:
        (found,) = [s for s in self.of_type("AWS::ECS::Service").values() if s["ServiceName"].endswith(f"-{name}")]
        return found

    def task(self, name: str) -> dict[str, Any]:
        return self.properties(self.service(name)["TaskDefinition"])

    def container(self, name: str) -> dict[str, Any]:
        """The service's own container, and not one that ends before it."""
        (found,) = [c for c in self.task(name)["ContainerDefinitions"] if c["Essential"]]
        return dict(found)

    def variables(self, name: str) -> dict[str, Any]:
        return {entry["Name"]: entry["Value"] for entry in self.container(name).get("Environment", [])}

    def secrets(self, name: str) -> dict[str, Any]:
        return {entry["Name"]: entry["ValueFrom"] for entry in self.container(name).get("Secrets", [])}

    def role_of(self, service: str) -> str:
        """The logical id of the role that a service's containers act as."""
        return self.target(self.task(service)["TaskRoleArn"])

    def actions(self, role: str) -> set[str]:
        return {action for statement in self.statements(role) for action in statement["Action"]}

    def properties(self, reference: dict[str, Any]) -> dict[str, Any]:
        return self.resources[self.target(reference)].get("Properties", {})

    def target(self, reference: dict[str, Any]) -> str:
        """The logical id behind a Ref or a GetAtt."""
        name = reference.get("Ref") or reference["Fn::GetAtt"][0]
        return str(name)

    def group_of(self, service: str) -> str:
        (group,) = self.service(service)["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
        return self.target(group)

    def subnets(self, references: list[dict[str, Any]]) -> list[str]:
        return sorted(self.properties(reference)["CidrBlock"] for reference in references)

    def admitted(self, group: str) -> set[tuple[str, int]]:
        """(source group or CIDR, port) of every ingress rule."""
        rules = self.resources[group]["Properties"].get("SecurityGroupIngress", [])
        found = set()
        for rule in rules:
            assert rule["FromPort"] == rule["ToPort"]
            source = rule.get("CidrIp") or self.target(rule["SourceSecurityGroupId"])
            found.add((source, rule["FromPort"]))
        return found

    def way_out(self, group: str) -> set[tuple[str, int]]:
        """(destination, port) of every egress rule, inline or apart; without the placeholder rule
        that reaches nothing.
        """
        rules = [r for r in self.resources[group]["Properties"]["SecurityGroupEgress"] if r["CidrIp"] != "127.0.0.1/32"]
        found = {(rule["CidrIp"], rule["ToPort"]) for rule in rules}
        for rule in self.of_type("AWS::EC2::SecurityGroupEgress").values():
            if self.target(rule["GroupId"]) == group:
                found.add((self.target(rule["DestinationSecurityGroupId"]), rule["ToPort"]))
        return found

    def statements(self, role: str) -> list[dict[str, Any]]:
        policies = self.resources[role]["Properties"].get("Policies", [])
        found = [dict(statement) for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
        for statement in found:
            for key in ("Action", "Resource"):
                if not isinstance(statement[key], list):
                    statement[key] = [statement[key]]
        return found

    def routes(self, table: str) -> list[dict[str, Any]]:
        return [r for r in self.of_type("AWS::EC2::Route").values() if self.target(r["RouteTableId"]) == table]

    def table_of(self, cidr: str) -> str:
        """The route table of the subnet with this range."""
        for association in self.of_type("AWS::EC2::SubnetRouteTableAssociation").values():
            if self.properties(association["SubnetId"])["CidrBlock"] == cidr:
                return self.target(association["RouteTableId"])
        raise LookupError(f"no route table is associated with the subnet {cidr}")
