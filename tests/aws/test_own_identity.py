"""As whom the portal runs: the principal that an account's onboarding stack trusts."""

from __future__ import annotations

import re

import pytest
from botocore.stub import Stubber

from provisioning.aws import ValidationFailed, onboarding
from provisioning.aws.interface import AccountAccess
from provisioning.aws.onboarding_stacks import account_stacks, team_onboarding_stack
from provisioning.aws.own_identity import OwnIdentity, identity_behind
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.regions import partition_of, region_name
from provisioning.aws.sessions import Clients
from provisioning.policy.template import load_template

ROLE = "arn:aws:iam::999900001111:role/portal/env/ops/portal/portal-1a2b3-WebRole"
SESSION = "arn:aws:sts::999900001111:assumed-role/portal-1a2b3-WebRole/i-0a1b2c"


def identity_of(monkeypatch: pytest.MonkeyPatch, arn: str, *, role: str = "") -> OwnIdentity:
    """Ask with stubbed answers of STS and IAM. Without `role`, IAM refuses."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing-testing-testing")
    clients = Clients(AccountAccess("111122223333", "eu-north-1"), RateLimiter(None))
    with Stubber(clients.client("sts")) as sts, Stubber(clients.client("iam")) as iam:
        sts.add_response("get_caller_identity", {"Arn": arn, "Account": "999900001111", "UserId": "x"})
        if role:
            answer = {"Path": "/", "RoleName": "r", "RoleId": "AROA" + "X" * 16, "Arn": role, "CreateDate": 0}
            iam.add_response("get_role", {"Role": answer}, {"RoleName": "portal-1a2b3-WebRole"})
        else:
            iam.add_client_error("get_role", "AccessDenied")
        return identity_behind(clients)


def test_a_session_is_of_its_role_with_the_path_that_only_iam_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity_of(monkeypatch, SESSION, role=ROLE) == OwnIdentity(ROLE)


def test_without_the_path_the_role_is_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    guess = OwnIdentity("arn:aws:iam::999900001111:role/portal-1a2b3-WebRole", path_is_known=False)
    assert identity_of(monkeypatch, SESSION) == guess


def test_a_user_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:iam::999900001111:user/ci/portal"
    assert identity_of(monkeypatch, arn) == OwnIdentity(arn)


def test_the_root_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationFailed, match="neither a role nor a user"):
        identity_of(monkeypatch, "arn:aws:iam::999900001111:root")


def test_the_stacks_give_and_keep_every_parameter_of_their_templates() -> None:
    (main,) = account_stacks(["eu-north-1"], principal_arn=ROLE, external_id="x" * 32)
    team = team_onboarding_stack(
        "payments", region="eu-north-1", account_id="1" * 12, partition="aws", hosted_zones=[], secrets=[]
    )
    for stack, template in ((main, onboarding.TEMPLATE), (team, onboarding.TEAM_TEMPLATE)):
        declared = set(load_template(template.read_text(encoding="utf-8")).parameters)
        assert {*stack.parameters, *stack.kept} == declared
        assert stack.update_command().count('"UsePreviousValue":true') == len(stack.kept)
    pattern = re.search(r'AllowedPattern: "(\^arn:aws.*?)"\n', onboarding.TEMPLATE.read_text(encoding="utf-8"))
    assert re.fullmatch(pattern[1].replace("\\\\", "\\"), ROLE)  # type: ignore[index]


def test_regions_have_aws_s_names() -> None:
    assert region_name("eu-west-1") == "Europe (Ireland) eu-west-1"
    assert region_name("mars-1") == "mars-1"
    assert (partition_of("cn-north-1"), partition_of("us-gov-west-1"), partition_of("mars-1")) == (
        "aws-cn",
        "aws-us-gov",
        "aws",
    )
    (china,) = account_stacks(["cn-north-1"], principal_arn=ROLE, external_id="x")
    assert china.console_url().startswith("https://cn-north-1.console.amazonaws.cn/cloudformation/")
