"""Cloud Map."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::ServiceDiscovery::HttpNamespace",
        exists="servicediscovery.has_namespace",
        taggable=True,
        durations=(
            lasts(
                create=40,
                delete=15,
                low=5,
                high=60,
                source=Source.ASSUMED,
                reference="like a DNS namespace, which CloudFormation polls as an operation",
            ),
        ),
    ),
    AwsType(
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        exists="servicediscovery.has_namespace",
        taggable=True,
        durations=(
            lasts(
                create=45,
                delete=45,
                low=30,
                high=90,
                source=Source.ASSUMED,
                reference="creates a hosted zone and waits for it",
            ),
        ),
    ),
    AwsType(
        "AWS::ServiceDiscovery::Service",
        exists="servicediscovery.has_service",
        taggable=True,
        durations=one_call(create=5, delete=5),
    ),
)
