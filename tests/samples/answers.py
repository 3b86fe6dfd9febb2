"""What a team would answer to a template's parameters: ids of things that exist in the account, and
words that fit.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from provisioning.components.kinds.cloudformation.imported_template import ImportedTemplate, Question

ACCOUNT = "123456789012"
UUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


@dataclass
class Surroundings:
    """Things that are in the account before: a VPC with two subnets, a key pair, a hosted zone, a
    secret.
    """

    values: dict[str, Any]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    """Bucket names are the world's: no two templates are given the same."""

    @classmethod
    def make(cls, client: Any) -> Surroundings:
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{number}.0/24", AvailabilityZone=zones[number])["Subnet"][
                "SubnetId"
            ]
            for number in range(2)
        ]
        group = ec2.create_security_group(GroupName="around", Description="around", VpcId=vpc)["GroupId"]
        ec2.create_key_pair(KeyName="key")
        zone = client("route53").create_hosted_zone(Name="example.com", CallerReference="around")["HostedZone"]["Id"]
        secret = client("secretsmanager").create_secret(Name="around", SecretString="Abcdefgh12345678")["ARN"]
        return cls(
            {
                "AWS::EC2::AvailabilityZone::Name": zones,
                "AWS::EC2::Image::Id": "ami-0123456789abcdef0",
                "AWS::EC2::Instance::Id": "i-0123456789abcdef0",
                "AWS::EC2::KeyPair::KeyName": "key",
                "AWS::EC2::SecurityGroup::GroupName": "around",
                "AWS::EC2::SecurityGroup::Id": group,
                "AWS::EC2::Subnet::Id": subnets,
                "AWS::EC2::VPC::Id": vpc,
                "AWS::EC2::Volume::Id": "vol-0123456789abcdef0",
                "AWS::Route53::HostedZone::Id": zone.rpartition("/")[2],
                "secret": secret,
            }
        )

    def answer(self, template: ImportedTemplate, question: Question) -> Any:
        """A value for a question without a default."""
        if question.secret:
            return self.values["secret"]
        if question.allowed:
            return question.allowed[0]
        kind = template.section("Parameters")[question.name]["Type"]
        inner = kind.removeprefix("List<").removesuffix(">")
        if inner in self.values:
            found = self.values[inner]
            items = found if isinstance(found, list) else [found]
            return items if question.type.startswith("list") else items[0]
        if question.type == "number":
            return question.minimum or 1
        text = self._text(question)
        return [text] if question.type.startswith("list") else text

    def _text(self, question: Question) -> str:
        name = question.name.lower()
        hints = (
            (r"cidr", "10.77.8.0/24"),
            (r"(cert|acm|ssl).*arn", f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/{UUID}"),
            (r"kms", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{UUID}"),
            (r"arn$", f"arn:aws:iam::{ACCOUNT}:role/around"),
            (r"account|ownerid", ACCOUNT),
            (r"routetable", "rtb-0123456789abcdef0"),
            (r"directoryid", "d-0123456789"),
            (r"ipaddress|dnsservers", "10.77.0.10"),
            (r"vpc", self.values["AWS::EC2::VPC::Id"]),
            (r"subnet", self.values["AWS::EC2::Subnet::Id"][0]),
            (r"mail", "team@example.com"),
            (r"domain|dns|host", "shop.example.com"),
            (r"region", "us-east-1"),
            (r"bucket", f"around-{question.name.lower()}-{next(self.numbers)}"),
        )
        for candidate in (
            *(value for hint, value in hints if re.search(hint, name)),
            "shop",
            "shop-one",
            "Shop1234",
            "1",
        ):
            if (not question.pattern or re.fullmatch(question.pattern, candidate)) and len(candidate) >= (
                question.minimum or 0
            ):
                return candidate
        return "shop"
