"""What onboarding makes in each region."""

from __future__ import annotations

from provisioning.aws import AccessDenied, Aws
from provisioning.aws.onboarding import ONBOARDING_VERSION, STACK, TEMPLATE, artefact_bucket, deployed_version
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account


def check_region(findings: Findings, account: Account, aws: Aws) -> None:
    region = aws.access.region
    with findings.reading(f"The stack {STACK} in {region}"):
        _check_version(findings, account, aws)
    bucket = account.artefact_bucket_in(region) or artefact_bucket(account.account_id, region)
    with findings.reading(f"The artefact bucket {bucket}"):
        _check_bucket(findings, account, aws, bucket)


def _check_version(findings: Findings, account: Account, aws: Aws) -> None:
    region = aws.access.region
    stack = aws.describe_stack(STACK)
    if stack is None:
        findings.missing(
            f"There is no stack {STACK} in {region}.",
            f"An administrator of account {account.account_id} has to deploy {TEMPLATE.name} there; "
            "FirstRegion is true in one region of the account and false in every other one.",
        )
        return
    version = deployed_version(stack.outputs)
    if version < ONBOARDING_VERSION:
        findings.missing(
            f"The stack {STACK} in {region} has version {version}, and this portal needs version {ONBOARDING_VERSION}.",
            f"An administrator of account {account.account_id} has to update it with this portal's {TEMPLATE.name}.",
        )
    elif version > ONBOARDING_VERSION:
        findings.note(
            f"The stack {STACK} in {region} has version {version}, which is newer than this portal's {ONBOARDING_VERSION}."
        )
    else:
        findings.passed(f"The stack {STACK} in {region} has version {version}.")


def _check_bucket(findings: Findings, account: Account, aws: Aws, bucket: str) -> None:
    """S3 refuses a bucket of another account, because each call names the account that has to own it."""
    region = aws.access.region
    try:
        exists = aws.exists("AWS::S3::Bucket", bucket)
    except AccessDenied:
        findings.missing(
            f"The artefact bucket {bucket} in {region} belongs to another account, or role/portal may not use it.",
            f"Compare Artefact bucket with the output ArtefactBucketName of the stack {STACK} in {region}, and have an "
            f"administrator of account {account.account_id} update this stack.",
        )
        return
    if exists:
        findings.passed(f"The artefact bucket {bucket} in {region} belongs to account {account.account_id}.")
    else:
        findings.missing(
            f"There is no artefact bucket {bucket} in {region}.",
            f"An administrator of account {account.account_id} has to deploy the stack {STACK} in {region}.",
        )
