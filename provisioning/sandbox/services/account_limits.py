"""Counts and limits that services report about an account, where ministack lacks them: RDS, IAM's
instance profiles, Lambda's concurrency, transit gateways, and mail's sandbox.
"""

from __future__ import annotations

import json
import re

from provisioning.sandbox.private import app, ec2, iam, rds, ses
from provisioning.sandbox.services.account_conditions import condition
from provisioning.sandbox.services.calls import Answer, Handler
from provisioning.sandbox.services.forms import Form
from provisioning.sandbox.services.query_calls import add_query_calls

INSTANCE_PROFILES = 1000
DATABASES = 40
CONCURRENCY = 1000
_OK = 200


def _quota(name: str, used: int, most: float) -> str:
    return (
        f"<AccountQuota><AccountQuotaName>{name}</AccountQuotaName><Used>{used}</Used><Max>{int(most)}</Max>"
        "</AccountQuota>"
    )


def _database_quotas(_form: dict[str, str]) -> str:
    quotas = condition("quotas")
    members = _quota("DBInstances", len(rds.instances), quotas.get("rds/DBInstances", DATABASES)) + _quota(
        "DBSubnetGroups", len(rds.subnet_groups), 50
    )
    return f"<AccountQuotas>{members}</AccountQuotas>"


def _summary(ministacks: Handler) -> Handler:
    """Adds the instance profiles, and lowers what the conditions lower."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        status, sent, answer = await ministacks(method, path, headers, body, query)
        if status != _OK or b"GetAccountSummary" not in (body or b""):
            return status, sent, answer
        added = {"InstanceProfiles": len(iam.instance_profiles), "InstanceProfilesQuota": INSTANCE_PROFILES}
        entries = "".join(f"<entry><key>{name}</key><value>{count}</value></entry>" for name, count in added.items())
        text = answer.decode().replace("</SummaryMap>", f"{entries}</SummaryMap>")
        for key, most in condition("quotas").items():
            if key.startswith("iam/"):
                name = f"{key.removeprefix('iam/')}Quota"
                text = re.sub(rf"(<key>{name}</key>\s*<value>)\d+", rf"\g<1>{int(most)}", text)
        return status, sent, text.encode()

    return handle


def _no_attachments(_form: Form) -> Answer:
    """The sandbox has no transit gateways."""
    answer: Answer = ec2.xml(200, "DescribeTransitGatewayVpcAttachmentsResponse", "<transitGatewayVpcAttachments/>")
    return answer


def _lambda_settings(ministacks: Handler) -> Handler:
    """Ministack's limit is what this machine can run; AWS's default is 1,000."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        status, sent, answer = await ministacks(method, path, headers, body, query)
        if status != _OK or not path.rstrip("/").endswith("/account-settings"):
            return status, sent, answer
        settings = json.loads(answer)
        limits = settings["AccountLimit"]
        reserved = limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"]
        most = int(condition("quotas").get("lambda/ConcurrentExecutions", CONCURRENCY))
        limits.update(ConcurrentExecutions=most, UnreservedConcurrentExecutions=max(0, most - reserved))
        return status, sent, json.dumps(settings).encode()

    return handle


def _mail_account(ministacks: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        status, sent, answer = await ministacks(method, path, headers, body, query)
        if method != "GET" or path.rstrip("/") != "/v2/email/account" or status != _OK:
            return status, sent, answer
        account = json.loads(answer)
        if condition("mail_sandbox"):
            account["ProductionAccessEnabled"] = False
            account["SendQuota"] = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
        return status, sent, json.dumps(account).encode()

    return handle


def install() -> None:
    add_query_calls("rds", {"DescribeAccountAttributes": _database_quotas})
    app.SERVICE_HANDLERS["iam"] = _summary(app.SERVICE_HANDLERS["iam"])
    ec2.ACTION_MAP["DescribeTransitGatewayVpcAttachments"] = _no_attachments
    app.SERVICE_HANDLERS["lambda"] = _lambda_settings(app.SERVICE_HANDLERS["lambda"])
    ses.put("handle_request", _mail_account(ses.handle_request))  # ministack routes version 2 past its handlers
