"""Certificates that the account holds by condition, such as those of the blueprints' examples, whose
ARNs no call can choose.
"""

from __future__ import annotations

import json

from provisioning.sandbox.private import app
from provisioning.sandbox.services.account_conditions import condition
from provisioning.sandbox.services.calls import Answer, respond

_TARGET = "CertificateManager.DescribeCertificate"


def install() -> None:
    ministacks = app.SERVICE_HANDLERS["acm"]

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        if headers.get("x-amz-target") == _TARGET:
            arn = str(json.loads(body or b"{}").get("CertificateArn"))
            names = condition("certificates").get(arn)
            if names:
                status = condition("certificate_status").get(arn, "ISSUED")
                held = {"CertificateArn": arn, "Status": status, "Type": "AMAZON_ISSUED"}
                return respond(200, {"Certificate": {**held, "DomainName": names[0], "SubjectAlternativeNames": names}})
        answer: Answer = await ministacks(method, path, headers, body, query)
        return answer

    app.SERVICE_HANDLERS["acm"] = handle
