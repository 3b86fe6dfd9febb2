"""What others can try with what onboarding creates: administrators' pipelines of the account, the
portal's own account, and AWS's services on behalf of others.
"""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import CODE, PAYMENTS_ROLE, PORTALS, QUEUE, Attack, Deed, Policy, Who, arn, role
from tests.aws.onboarded import ACCOUNT, ACCOUNT_PARAMETERS

_EXTERNAL_ID = {"sts:ExternalId": ACCOUNT_PARAMETERS["ExternalId"]}
_RULE = arn("events", "rule/portal-stack-events")
_ASSUME = Deed("sts:AssumeRole", role("portal"), _EXTERNAL_ID, policy=Policy.PORTAL_TRUST)
_PORTAL_WRITES, _PORTAL_READS = "OnlyThePortalWrites", "OnlyThePortalReads"

ATTACKS: Final = (
    Attack(Who.CI, "overwrites an artefact", Deed("s3:PutObject", CODE, policy=Policy.ARTEFACTS), _PORTAL_WRITES),
    Attack(Who.CI, "deletes an artefact", Deed("s3:DeleteObject", CODE, policy=Policy.ARTEFACTS), _PORTAL_WRITES),
    *(
        Attack(Who.CI, f"calls {action} on an artefact", Deed(action, CODE, policy=Policy.ARTEFACTS), _PORTAL_WRITES)
        for action in ("s3:DeleteObjectVersion", "s3:PutObjectTagging", "s3:RestoreObject")
    ),
    Attack(
        Who.CI,
        "reads an artefact over plain HTTP",
        Deed("s3:GetObject", CODE, {"aws:SecureTransport": "false"}, policy=Policy.ARTEFACTS),
        "TlsOnly",
        Deed("s3:GetObject", CODE, policy=Policy.ARTEFACTS),
    ),
    Attack(
        Who.CI,
        "receives the portal's events, which are then lost",
        Deed("sqs:ReceiveMessage", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
        _PORTAL_READS,
    ),
    *(
        Attack(
            Who.CI,
            f"calls {action} on the portal's events",
            Deed(action, QUEUE, {}, PORTALS, Policy.QUEUE),
            _PORTAL_READS,
        )
        for action in ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage")
    ),
    Attack(
        Who.CI,
        "asks for the queue's state over plain HTTP",
        Deed("sqs:GetQueueAttributes", QUEUE, {"aws:SecureTransport": "false"}, PORTALS, Policy.QUEUE),
        "TlsOnly",
        Deed("sqs:GetQueueAttributes", QUEUE, tags=PORTALS, policy=Policy.QUEUE),
    ),
    Attack(
        Who.CI,
        "assumes payments' stack role",
        Deed("sts:AssumeRole", PAYMENTS_ROLE, policy=Policy.STACK_TRUST),
        "OnlyCloudFormationForThisAccount",
    ),
    Attack(Who.CI, "assumes the portal's role", _ASSUME, "OnlyThePortalWithItsExternalId"),
    Attack(
        Who.WORKER,
        "assumes the portal's role for somebody who registered this account as theirs",
        Deed(
            "sts:AssumeRole",
            role("portal"),
            {"sts:ExternalId": "another-accounts-external-id"},
            policy=Policy.PORTAL_TRUST,
        ),
        "OnlyThePortalWithItsExternalId",
        _ASSUME,
    ),
    Attack(
        Who.WORKER,
        "assumes the portal's role without an external id",
        Deed("sts:AssumeRole", role("portal"), policy=Policy.PORTAL_TRUST),
        "OnlyThePortalWithItsExternalId",
    ),
    Attack(
        Who.STRANGER, "assumes the portal's role with the right external id", _ASSUME, "OnlyThePortalWithItsExternalId"
    ),
    Attack(
        Who.CLOUDFORMATION,
        "assumes payments' stack role for another account",
        Deed("sts:AssumeRole", PAYMENTS_ROLE, {"aws:SourceAccount": "444455556666"}, policy=Policy.STACK_TRUST),
        "OnlyCloudFormationForThisAccount",
        Deed("sts:AssumeRole", PAYMENTS_ROLE, {"aws:SourceAccount": ACCOUNT}, policy=Policy.STACK_TRUST),
    ),
    Attack(
        Who.EVENTBRIDGE,
        "sends false events for another rule of the account",
        Deed("sqs:SendMessage", QUEUE, {"aws:SourceArn": arn("events", "rule/mine")}, policy=Policy.QUEUE),
        "TheRuleSends",
        Deed("sqs:SendMessage", QUEUE, {"aws:SourceArn": _RULE}, policy=Policy.QUEUE),
    ),
    Attack(
        Who.EVENTBRIDGE,
        "sends false events for the same rule in another account",
        Deed("sqs:SendMessage", QUEUE, {"aws:SourceArn": _RULE.replace(ACCOUNT, "444455556666")}, policy=Policy.QUEUE),
        "TheRuleSends",
    ),
)
