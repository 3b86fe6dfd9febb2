"""Names in use: stacks, named resources, records of a hosted zone, and CloudFront's aliases.

A name that contains the environment's generation belongs to this environment alone, so nobody can
have it, and AWS is not asked. What is left are names that a person chose: in raw templates, in
domains, and in plans of earlier versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.aws import AccessDenied, NotFound
from provisioning.lifecycle.preflight.check import (
    Check,
    Question,
    Verdict,
    World,
    blocking,
    not_checked,
    passed,
)
from provisioning.lifecycle.preflight.subject import GLOBAL_REGION, Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known

# The property with a name that AWS refuses a second time, and the physical id that `exists` takes for it.
_NAME = "{name}"
NAMED: Final = {
    "AWS::Backup::BackupVault": ("BackupVaultName", _NAME),
    "AWS::DynamoDB::Table": ("TableName", _NAME),
    "AWS::ECR::Repository": ("RepositoryName", _NAME),
    "AWS::ElastiCache::ReplicationGroup": ("ReplicationGroupId", _NAME),
    "AWS::ElastiCache::ServerlessCache": ("ServerlessCacheName", _NAME),
    "AWS::ElastiCache::SubnetGroup": ("CacheSubnetGroupName", _NAME),
    "AWS::IAM::InstanceProfile": ("InstanceProfileName", _NAME),
    "AWS::IAM::Role": ("RoleName", _NAME),
    "AWS::KMS::Alias": ("AliasName", _NAME),
    "AWS::Lambda::Function": ("FunctionName", _NAME),
    "AWS::Logs::LogGroup": ("LogGroupName", _NAME),
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier", _NAME),
    "AWS::RDS::DBParameterGroup": ("DBParameterGroupName", _NAME),
    "AWS::RDS::DBSubnetGroup": ("DBSubnetGroupName", _NAME),
    "AWS::S3::Bucket": ("BucketName", _NAME),
    "AWS::SES::ConfigurationSet": ("Name", _NAME),
    "AWS::SES::EmailIdentity": ("EmailIdentity", _NAME),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{region}:{account}:{name}"),
    "AWS::SSM::Parameter": ("Name", _NAME),
}


def chosen_name(subject: Subject, resource: Resource, prop: str) -> str:
    """A name that the template sets and that somebody else may have; empty if there is none."""
    name = resource.get(prop)
    if not isinstance(name, str) or not name or not is_known(name):
        return ""
    return "" if subject.generation and subject.generation in name else name


def _stacks(subject: Subject) -> Iterator[Question]:
    for stack in subject.document.stacks:

        def ask(world: World, name: str = stack.name, region: str = stack.region) -> Verdict:
            state = world.aws.stack(name)
            if state is None:
                return passed(f"No stack in {region} is called {name}.")
            if state.tags.get("portal:environment-id") == subject.tags.get("portal:environment-id"):
                return passed(f"The stack {name} in {region} is this environment's own.")
            return blocking(
                f"A stack called {name} exists in {region} already.",
                "Choose another name for the environment, or delete that stack.",
            )

        yield Question(stack.region, f"Name of the stack {stack.name}", ask, address=stack.key)


def _resources(subject: Subject) -> Iterator[Question]:
    for resource_type, (prop, physical_id) in NAMED.items():
        for resource in subject.of(resource_type):
            name = chosen_name(subject, resource, prop)
            if not name:
                continue
            region = subject.region_of(resource)
            title = subject.title_of(resource)
            asked_for = physical_id.format(name=name, region=region, account=subject.document.account_id)

            def ask(
                world: World,
                resource_type: str = resource_type,
                asked_for: str = asked_for,
                name: str = name,
                title: str = title,
            ) -> Verdict:
                try:
                    taken = world.aws.exists(resource_type, asked_for)
                except AccessDenied:
                    if resource_type != "AWS::S3::Bucket":
                        raise
                    return not_checked(
                        f"S3 does not say whether the name {name} is free ({title}): another account may own the "
                        "bucket, or the portal may not look.",
                        "Choose a name with the account's ID in it, which nobody else uses.",
                    )
                if taken is None:
                    return not_checked(f"AWS does not say whether the name {name} is in use ({title}).")
                if taken:
                    return blocking(
                        f"The name {name} is in use in the account ({title}).",
                        "Choose another name, or delete what has this name if nobody needs it. It may have been "
                        "retained when an earlier environment was torn down.",
                    )
                return passed(f"The name {name} is free ({title}).")

            yield Question(region, f"Name {name}", ask, address=resource.logical_id)


def _records(subject: Subject) -> Iterator[Question]:
    """CloudFormation refuses to create a record that exists, no matter who created it."""
    for resource in subject.of("AWS::Route53::RecordSet"):
        zone, name, kind = (resource.get(prop, "") for prop in ("HostedZoneId", "Name", "Type"))
        if not all(isinstance(part, str) and part and is_known(part) for part in (zone, name, kind)):
            continue
        shown = f"record {name.rstrip('.')} ({kind})"

        def ask(world: World, zone: str = zone, name: str = name, kind: str = kind, shown: str = shown) -> Verdict:
            try:
                taken = world.aws.once(world.aws.account.has_record, zone, name, kind)
            except NotFound:
                return not_checked(f"The {shown}: the account has no hosted zone {zone}.")
            if taken:
                return blocking(
                    f"The hosted zone {zone} already has the {shown}.",
                    "Delete the record if nobody needs it, or choose another domain.",
                )
            return passed(f"The hosted zone {zone} does not have the {shown} yet.")

        yield Question(subject.region_of(resource), f"The {shown}", ask, address=resource.logical_id)


def _aliases(subject: Subject) -> Iterator[Question]:
    """CloudFront answers CNAMEAlreadyExists for an alias of another distribution. Only those of this
    account can be listed.
    """
    for resource in subject.of("AWS::CloudFront::Distribution"):
        aliases = [
            alias
            for alias in resource.items("DistributionConfig.Aliases")
            if isinstance(alias, str) and is_known(alias)
        ]
        if not aliases:
            continue

        def ask(world: World, aliases: list[str] = aliases) -> Verdict:
            users = {
                alias.lower(): distribution.distribution_id
                for distribution in world.aws.once(world.aws.account.distributions)
                for alias in distribution.aliases
            }
            taken = [alias for alias in aliases if alias.lower() in users]
            if taken:
                return blocking(
                    f"The distribution {users[taken[0].lower()]} of this account serves {taken[0]} already.",
                    "Remove the domain from that distribution, or choose another domain.",
                )
            return passed(f"No distribution of this account serves {', '.join(aliases)}.")

        yield Question(GLOBAL_REGION, f"Domains of {subject.title_of(resource)}", ask, address=resource.logical_id)


CHECKS: Final = (
    Check("names.stacks", "Stack names", _stacks, ("describe_stack",)),
    Check("names.resources", "Resource names", _resources, ("exists",)),
    Check("names.records", "DNS records", _records, ("has_record",)),
    Check("names.aliases", "CloudFront domains", _aliases, ("distributions",)),
)
