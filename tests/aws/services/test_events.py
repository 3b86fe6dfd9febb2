"""EventBridge, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_rule_is_switched_off(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    events = by_hand.client("events")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)")["RuleArn"]
    assert on_moto.quiesce("AWS::Events::Rule", arn) is True
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    assert on_moto.quiesce("AWS::Events::Rule", f"{name}-none") is True
