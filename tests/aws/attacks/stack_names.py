"""What a template can try with buckets and records, where names decide."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    ARTEFACTS,
    CODE,
    Deed,
    Policy,
    by_stack,
    records,
)
from tests.aws.onboarded import (
    ORDERS,
    ROUTES,
    ZONE,
)

_FOREIGN_ZONE = "arn:aws:route53:::hostedzone/Z0LOGISTICS"
_PRIVATE_ZONE = "arn:aws:route53:::hostedzone/Z0ORDERSDEV"

ATTACKS: Final = (
    by_stack(
        "changes another team's zone with a request that names no record",
        Deed("route53:ChangeResourceRecordSets", _FOREIGN_ZONE),
        "RecordsOfPrivateZones",
    ),
    by_stack(
        "changes its own zone with a request that names no record",
        Deed("route53:ChangeResourceRecordSets", ZONE),
        "RecordsOfPrivateZones",
    ),
    by_stack(
        "sets the policy of a foreign bucket",
        Deed("s3:PutBucketPolicy", "arn:aws:s3:::logistics-documents"),
        "OwnBuckets",
        Deed("s3:PutBucketPolicy", ORDERS.bucket("media")),
    ),
    by_stack(
        "sets the policy of another team's bucket", Deed("s3:PutBucketPolicy", ROUTES.bucket("media")), "OwnBuckets"
    ),
    by_stack(
        "sets the policy of the bucket of a team whose key begins like its own",
        Deed("s3:PutBucketPolicy", "arn:aws:s3:::pt-payments-eu--7k2mx-media-111122223333-eu-central-1-an"),
        "OwnBuckets",
    ),
    by_stack(
        "replicates another team's bucket to its own",
        Deed("s3:PutReplicationConfiguration", ROUTES.bucket("media")),
        "OwnBuckets",
        Deed("s3:PutReplicationConfiguration", ORDERS.bucket("media")),
    ),
    by_stack(
        "sets the policy of the artefact bucket",
        Deed("s3:PutBucketPolicy", ARTEFACTS, policy=Policy.ARTEFACTS),
        "OwnBuckets",
    ),
    by_stack("overwrites an artefact", Deed("s3:PutObject", CODE, policy=Policy.ARTEFACTS), "OnlyThePortalWrites"),
    by_stack(
        "reads another team's template",
        Deed("s3:GetObject", f"{ARTEFACTS}/templates/0a1b2c3d.json", policy=Policy.ARTEFACTS),
        "CodeOfFunctions",
        Deed("s3:GetObject", CODE, policy=Policy.ARTEFACTS),
    ),
    by_stack(
        "reads code from a foreign bucket",
        Deed("s3:GetObject", "arn:aws:s3:::logistics-documents/k"),
        "CodeOfFunctions",
    ),
    by_stack(
        "reads its own environment's data", Deed("s3:GetObject", f"{ORDERS.bucket('media')}/k"), "CodeOfFunctions"
    ),
    by_stack(
        "adds a record to another team's zone",
        Deed("route53:ChangeResourceRecordSets", _FOREIGN_ZONE, records("www.logistics.example.com")),
        "RecordsOfPrivateZones",
        Deed("route53:ChangeResourceRecordSets", ZONE, records("api.pay.example.com")),
    ),
    by_stack(
        "adds a record to another team's zone, with a name that its own zone could have",
        Deed("route53:ChangeResourceRecordSets", _FOREIGN_ZONE, records("api.pay.example.com")),
        "RecordsOfPrivateZones",
    ),
    by_stack(
        "adds a record to its zone, for a name that is not the team's",
        Deed("route53:ChangeResourceRecordSets", ZONE, records("www.example.com")),
        "RecordsOfPrivateZones",
    ),
    by_stack(
        "hides a foreign name among its own",
        Deed("route53:ChangeResourceRecordSets", ZONE, records("api.pay.example.com", "www.example.com")),
        "RecordsOfPrivateZones",
    ),
    by_stack(
        "adds a record to the private zone of another team's environment",
        Deed("route53:ChangeResourceRecordSets", _FOREIGN_ZONE, records(f"rabbit.{ROUTES.prefix}.internal")),
        "RecordsOfPrivateZones",
        Deed("route53:ChangeResourceRecordSets", _PRIVATE_ZONE, records(f"rabbit.{ORDERS.prefix}.internal")),
    ),
)
