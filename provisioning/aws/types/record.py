"""The record of one AWS resource type: what the portal knows about it, as data. No calls, no boto3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from provisioning.aws.data_types import HOLDS_DATA, SNAPSHOT_POLICY


class Source(StrEnum):
    """Where a duration comes from. The letter is part of stored timelines."""

    TIMED = "T"
    """Timed by somebody in public, such as a test of the Terraform provider. Such a test times
    creation and deletion together with what they need, so a figure taken from it lies below its
    whole.
    """
    ANNOUNCED = "E"
    """AWS's own announcement."""
    GUIDE = "U"
    """AWS's user guides and API references."""
    ASSUMED = "A"
    """Nobody publishes it."""


# In EXPRESS mode a resource is done when its configuration is applied; a queue, and its dead letters after it, took 10 s.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html
EXPRESS_SECONDS: Final = 5.0
GLOBAL_TAGS_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Duration:
    """How long AWS takes to create and delete one resource, in seconds.

    `low_seconds` and `high_seconds` bound the creation. `express_seconds` is its duration in
    CloudFormation's EXPRESS mode. `endpoint_last`: what `Fn::GetAtt` reads is known only when the
    resource is ready. `when` limits the figure to resources with a property (`VpcConfig`) or with a
    property of a certain value (`MultiAZ=true`).
    """

    create_seconds: float
    delete_seconds: float
    low_seconds: float
    high_seconds: float
    express_seconds: float
    source: Source
    reference: str
    endpoint_last: bool = False
    when: str = ""

    @property
    def assumed(self) -> bool:
        return self.source is Source.ASSUMED


def lasts(
    *,
    create: float,
    delete: float,
    source: Source,
    reference: str,
    low: float | None = None,
    high: float | None = None,
    express: float | None = None,
    endpoint_last: bool = False,
    when: str = "",
) -> Duration:
    """A duration with the usual defaults: between half and twice the figure, and at most 5 s in
    EXPRESS mode.
    """
    return Duration(
        create_seconds=float(create),
        delete_seconds=float(delete),
        low_seconds=create * 0.5 if low is None else float(low),
        high_seconds=create * 2.0 if high is None else float(high),
        express_seconds=min(float(create), EXPRESS_SECONDS) if express is None else float(express),
        source=source,
        reference=reference,
        endpoint_last=endpoint_last,
        when=when,
    )


def one_call(
    *, create: float, delete: float, low: float | None = None, high: float | None = None
) -> tuple[Duration, ...]:
    """The assumption for a type that AWS creates with a single API call."""
    reference = "one call and its confirmation, which CloudFormation polls for after a few seconds"
    return (lasts(create=create, delete=delete, source=Source.ASSUMED, reference=reference, low=low, high=high),)


@dataclass(frozen=True, slots=True)
class ArnForm:
    """A form of ARNs: arn:<partition>:<service>:<region>:<account>:<resource>.

    `resource` is a regular expression. Its group is the physical id as CloudFormation reports it;
    without a group the whole ARN is the physical id. The forms are those of AWS's service
    authorization reference
    (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
    """

    service: str
    resource: str

    def physical_id(self, arn: str) -> str | None:
        """Returns None if the ARN has another form."""
        match = _pattern(self).fullmatch(arn)
        if match is None:
            return None
        return match.group(1) if match.re.groups else arn

    def matches(self, arn: str) -> bool:
        return _pattern(self).fullmatch(arn) is not None


@cache
def _pattern(form: ArnForm) -> re.Pattern[str]:
    return re.compile(rf"arn:[^:]+:{form.service}:[^:]*:[^:]*:{form.resource}")


@dataclass(frozen=True, slots=True)
class Protection:
    """Deletion protection. `lift` refers to the function that switches it off.

    `property` is the template property that switches it on with `true`. If it names a list of keys
    and values, such as LoadBalancerAttributes, `attribute` is the key.
    """

    property: str
    lift: str
    attribute: str = ""

    def is_on(self, properties: Mapping[str, Any]) -> bool:
        """Whether a resource with these template properties is protected."""
        value = properties.get(self.property)
        if self.attribute:
            return any(entry.get("Key") == self.attribute and entry.get("Value") == "true" for entry in value or ())
        return value in (True, "true")


@dataclass(frozen=True, slots=True)
class Emptying:
    """A type that AWS deletes only when it is empty. `call` refers to the function that runs one
    round.

    After `give_up_after` rounds in a row in which nothing could be deleted, the teardown stops.
    `noun` is what people call such a resource.
    """

    call: str
    noun: str
    give_up_after: int


@dataclass(frozen=True, slots=True)
class FinalSnapshot:
    """The snapshot that DeletionPolicy Snapshot leaves. If it is not `named`, it cannot be given a
    name: AWS numbers it, and only its region says whose it is.

    `default`: it is also taken if the template sets no DeletionPolicy, unless the resource has the
    property `default_unless`. With the property `requested_by`, a resource leaves one although its
    policy is Delete.
    """

    forms: tuple[ArnForm, ...]
    named: bool = True
    default: bool = False
    default_unless: str = ""
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class AwsType:
    """One resource type. Everything that is not set does not apply to it.

    References to calls have the form `<service>.<function>`, a function of
    `aws/services/<service>.py`.
    """

    name: str
    """As CloudFormation spells it, such as AWS::S3::Bucket."""

    exists: str = ""
    """Reference to the existence check."""
    why_unchecked: str = ""
    """Why its existence cannot be checked, as a sentence. CloudFormation's own report decides then."""
    arn: ArnForm | None = None

    taggable: bool = False
    """From the resource schemas of CloudFormation as cfn-lint ships them; a test compares."""
    max_tags: int = 50
    """How many tags AWS allows, those that begin with aws: not counted:
    https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    tags_only_in: str = ""
    """The one region in which the tagging API finds it, wherever it is used:
    https://docs.aws.amazon.com/tag-editor/latest/userguide/find-resources-to-tag.html
    """
    listed_after_deletion: bool = False
    """The tagging API lists it with its tags long after its deletion, sometimes forever."""

    protection: Protection | None = None
    quiesce: str = ""
    """Reference to the function that stops it, for a type that starts work by itself."""
    runs_in: str = ""
    """The type of its parent, whose physical id `quiesce` needs as well."""
    runs_containers: bool = False
    """Whether it is ready only when its containers are healthy."""
    emptying: Emptying | None = None
    network_interface_filter: str = ""
    """For a type whose deletion forgotten network interfaces block: the filter of
    DescribeNetworkInterfaces that finds them.
    """
    may_return: bool = False
    """Services may create it again after its deletion, when something arrives late."""
    recovery_window: str = ""
    """Reference to the function that says until when it can be restored after its deletion."""
    teardown_note: str = ""
    """What people should know about its deletion, as a sentence."""

    final_snapshot: FinalSnapshot | None = None
    recovery_points: tuple[ArnForm, ...] = ()
    """Forms of the recovery points that it holds, which stay if it is retained."""
    transient: tuple[ArnForm, ...] = ()
    """Forms of its short-lived parts: they end by themselves and keep their tags until AWS forgets
    them.
    """

    durations: tuple[Duration, ...] = ()
    """The one without `when` comes last."""

    def default_policy(self, properties: Mapping[str, Any]) -> str:
        """The DeletionPolicy of a resource with these properties whose template sets none.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
        """
        snapshot = self.final_snapshot
        is_snapshot = snapshot is not None and snapshot.default and snapshot.default_unless not in properties
        return "Snapshot" if is_snapshot else "Delete"

    def leaves_snapshot(self, properties: Mapping[str, Any]) -> bool:
        """Whether a property makes the type take a final snapshot, whatever the DeletionPolicy."""
        snapshot = self.final_snapshot
        return snapshot is not None and bool(properties.get(snapshot.requested_by))

    @property
    def holds_data(self) -> bool:
        """Whether its loss is a loss of data."""
        return self.name in HOLDS_DATA

    @property
    def has_snapshot_policy(self) -> bool:
        """Whether CloudFormation can take a snapshot when it deletes or replaces such a resource."""
        return self.name in SNAPSHOT_POLICY
