"""CloudWatch Logs, against moto as a second opinion."""

from __future__ import annotations

import uuid

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_log_group_is_not_mistaken_for_a_longer_name(on_moto: LiveAws, by_hand: Clients) -> None:
    name = f"/portal/{uuid.uuid4()}"
    by_hand.logs.create_log_group(logGroupName=f"{name}-longer")
    assert on_moto.exists("AWS::Logs::LogGroup", f"{name}-longer")
    assert on_moto.exists("AWS::Logs::LogGroup", name) is False
