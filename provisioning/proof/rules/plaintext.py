"""Checks that nothing is configured to connect without TLS: subscriptions, and the URLs that
workloads are given.
"""

from __future__ import annotations

import re

from provisioning.proof.model.values import shown, texts
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule


@rule(
    "transit.subscription",
    "Topics deliver over TLS only",
    severity="medium",
    why="Unencrypted messages can be read and changed on their way.",
    remedy="Use the https protocol for the subscription.",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    types=("AWS::SNS::Subscription", "AWS::SNS::Topic"),
)
def subscription(view: View, report: Reporter) -> None:
    given = [
        (topic_subscription, topic_subscription.get("Protocol"), "Protocol")
        for topic_subscription in view.of("AWS::SNS::Subscription")
    ]
    for topic in view.of("AWS::SNS::Topic"):
        for index, topic_subscription in enumerate(topic.objects("Subscription")):
            given.append((topic, topic_subscription.get("Protocol"), f"Subscription[{index}].Protocol"))
    for resource, protocol, path in given:
        if protocol == "http":
            report.fault(resource, f"{resource.key} is delivered without TLS.", f"{resource.at(path)} is http")
        else:
            report.passes(resource, f"{resource.at(path)} is {shown(protocol)}")


_PLAIN = re.compile(
    r"^(http|redis|amqp|mongodb|mqtt|stomp|ftp|ldap|ws|smtp)://|sslmode=(disable|allow|prefer)\b", re.IGNORECASE
)
_LOCAL = re.compile(r"[a-z]+://(localhost|127\.0\.0\.1|169\.254\.)")
_WITHOUT_LOGIN = re.compile(r"://[^/@\s]*@")
_OF_STORES = ("redis", "amqp", "mongodb", "mqtt", "stomp", "ldap", "ftp")


@rule(
    "transit.address-in-clear",
    "No workload is given a URL without TLS",
    severity="medium",
    why="The URL decides how a client connects, whatever the server would allow.",
    remedy="Pass the TLS URL: https, rediss, amqps, sslmode=require.",
    types=("AWS::ECS::TaskDefinition", "AWS::Lambda::Function"),
)
def address_in_clear(view: View, report: Reporter) -> None:
    for task in view.of("AWS::ECS::TaskDefinition", "AWS::Lambda::Function"):
        faults = 0
        for path, text in texts(task.properties):
            address = _PLAIN.search(text)
            if address is None or ("ontainerDefinitions" in path and path.endswith("Image")):
                continue
            if _LOCAL.match(text):
                continue
            faults += 1
            store = (address[1] or "sslmode").lower() in (*_OF_STORES, "sslmode")
            detail = f"{task.at(path)}: {_WITHOUT_LOGIN.sub('://…@', text)}"
            sentence = f"{task.key} connects without TLS."
            report.fault(task, sentence, detail, severity="medium" if store else "low")
        if not faults:
            report.passes(task, f"{task.key}: no URL without TLS")
