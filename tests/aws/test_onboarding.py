"""The onboarding templates are valid, have the names that the portal expects, and separate nothing by a
key that AWS never sends. `tests/rights` checks what they grant and how long their policies are.
"""

from __future__ import annotations

import re

import pytest

from provisioning.aws import onboarding
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.policy.documents import Effect
from provisioning.policy.globs import compiled_glob
from provisioning.policy.reference import REFERENCE, is_among
from provisioning.policy.template import Template, managed_policies_of, roles_of
from provisioning.policy.unknown_keys import actions_named, unknown_keys
from tests.aws.onboarded import (
    ACCOUNT,
    ACCOUNT_PARAMETERS,
    KEEPING_PARAMETERS,
    REGION,
    TEAM_PARAMETERS,
    account_template,
    shared_account,
    team_template,
)
from tests.aws.test_every_type import templates
from tests.support.linting import lint

BOTH = pytest.mark.parametrize("template", [account_template(), team_template()], ids=["account", "team"])


def test_cfn_lint_has_no_remark() -> None:
    for path in (onboarding.TEMPLATE, onboarding.TEAM_TEMPLATE):
        assert lint(path.read_text(encoding="utf-8")) == []


@BOTH
def test_the_template_fits_into_a_request(template: Template) -> None:
    """A longer one needs a bucket, and an account has none before it is onboarded."""
    body = onboarding.TEMPLATE if template is account_template() else onboarding.TEAM_TEMPLATE
    assert len(body.read_bytes()) <= MAX_INLINE_BYTES


def test_a_stack_may_make_the_service_linked_roles_that_onboarding_makes() -> None:
    linked = {
        resource["Properties"]["AWSServiceName"]
        for resource in account_template().resources.values()
        if resource["Type"] == "AWS::IAM::ServiceLinkedRole"
    }
    (statement,) = [
        one
        for policy in team_template().resources["StackRole"]["Properties"]["Policies"]
        for one in policy.get("PolicyDocument", {}).get("Statement", [])
        if one["Sid"] == "ServiceLinkedRolesOfTheseServices"
    ]
    assert set(statement["Condition"]["StringEquals"]["iam:AWSServiceName"]) == linked


@BOTH
def test_the_template_states_its_version(template: Template) -> None:
    body = onboarding.TEMPLATE if template is account_template() else onboarding.TEAM_TEMPLATE
    assert f'{onboarding.VERSION_OUTPUT}: {{Value: "{onboarding.ONBOARDING_VERSION}"' in body.read_text("utf-8")


@pytest.mark.parametrize(
    ("outputs", "version"),
    [({}, 1), ({onboarding.VERSION_OUTPUT: "3"}, 3), ({onboarding.VERSION_OUTPUT: "latest"}, 0)],
)
def test_the_version_of_a_deployed_stack_is_read_from_its_outputs(outputs: dict[str, str], version: int) -> None:
    assert onboarding.deployed_version(outputs) == version


def test_the_names_are_those_that_the_portal_expects() -> None:
    account = (account_template(), KEEPING_PARAMETERS, ACCOUNT, REGION)
    roles = roles_of(*account)
    assert roles["PortalRole"].arn == onboarding.portal_role_arn(ACCOUNT)
    assert roles["StackRole"].arn.endswith(f":role/{onboarding.FORMER_STACK_ROLE}")
    names = {arn.rpartition("/")[2] for arn in managed_policies_of(*account)}
    assert names == {onboarding.ENVIRONMENT_BOUNDARY, onboarding.FORMER_BOUNDARY, *onboarding.READ_POLICIES}
    team_role = roles_of(team_template(), TEAM_PARAMETERS, ACCOUNT, REGION)["StackRole"]
    assert team_role.arn == onboarding.stack_role_arn(ACCOUNT, "payments")
    assert team_role.tags == {"portal:team": "payments"}
    queue = account_template().resources["StackEventQueue"]["Properties"]
    assert queue["QueueName"] == onboarding.EVENT_QUEUE
    assert {"Key": "portal:team", "Value": onboarding.PORTALS_OWN} in queue["Tags"]


@pytest.mark.parametrize(
    ("principal", "is_accepted"),
    [
        ("arn:aws:iam::999988887777:role/portal-worker", True),
        ("arn:aws:iam::999988887777:user/tools/portal", True),
        # The portal's own blueprint: the end of a role's name is known only once it exists.
        ("arn:aws:iam::999988887777:role/portal/env/platform/portal-prod-7k2mx/*", True),
        (
            "arn:aws:iam::999988887777:role/portal/env/platform/portal-prod-7k2mx/platform-portal-prod-7k2mx-Service*",
            True,
        ),
        ("arn:aws:iam::999988887777:role/*", False),
        ("arn:aws:iam::999988887777:role/portal-*", False),
        ("arn:aws:iam::999988887777:role/portal/env/platform/*", False),
        ("arn:aws:iam::*:role/portal-worker", False),
        ("arn:aws:iam::999988887777:root", False),
    ],
)
def test_the_portals_principal_is_one_role_or_the_roles_of_one_environment(principal: str, is_accepted: bool) -> None:
    pattern = account_template().parameters["PortalPrincipalArn"]["AllowedPattern"]
    assert (re.search(pattern, principal) is not None) is is_accepted


def test_no_role_has_a_policy_of_aws() -> None:
    """AWS changes its policies without asking. Only the former stack role has one."""
    for template, parameters in ((account_template(), ACCOUNT_PARAMETERS), (team_template(), TEAM_PARAMETERS)):
        for role in roles_of(template, parameters, ACCOUNT, REGION).values():
            assert role.foreign_policy_arns == ()
    former = roles_of(account_template(), KEEPING_PARAMETERS, ACCOUNT, REGION)
    assert [arn.rpartition("/")[2] for arn in former["StackRole"].foreign_policy_arns] == ["PowerUserAccess"]


def test_former_environments_need_their_parameter() -> None:
    assert set(roles_of(account_template(), ACCOUNT_PARAMETERS, ACCOUNT, REGION)) == {"PortalRole"}
    further = {**KEEPING_PARAMETERS, "FirstRegion": "false", "AdoptedStacks": "arn:aws:cloudformation:x"}
    assert set(roles_of(account_template(), further, ACCOUNT, REGION)) == set()


@BOTH
def test_no_condition_is_about_a_key_that_aws_never_sends(template: Template) -> None:
    parameters = KEEPING_PARAMETERS if template is account_template() else TEAM_PARAMETERS
    statements = [one for role in roles_of(template, parameters, ACCOUNT, REGION).values() for one in role.identity]
    statements += [
        one for policy in managed_policies_of(template, parameters, ACCOUNT, REGION).values() for one in policy
    ]
    assert [str(key) for key in unknown_keys(tuple(statements))] == []


def test_the_stack_role_takes_no_tag_of_the_portal_away() -> None:
    """The Deny lists every action of the allowed services that removes tags."""
    statements = shared_account().stack_role.identity
    allowed = {action for one in statements if one.effect is Effect.ALLOW for action in actions_named(one)}
    removing = {action for action in allowed if re.search(r":(Untag|Remove\w*Tags|Delete\w*Tags)", action)}
    assert len(removing) > 20
    (fence,) = (one for one in statements if one.sid == "NeverTakeTheTagsAway")
    assert set(actions_named(fence)) == removing
    assert [action for action in removing if not is_among("aws:tagkeys", REFERENCE.action(action).all_keys)] == []


# What environments' roles do

# Actions in the boundary that no component uses; a blueprint's own CloudFormation template may.
FOR_RAW_TEMPLATES = {
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "s3:DeleteObjectVersion",
    "secretsmanager:DescribeSecret",
    "sns:Publish",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def _actions_of_blueprints() -> set[str]:
    actions = set()
    for _, resources in templates():
        for resource in resources.values():
            if resource["Type"] == "AWS::IAM::Role":
                for policy in resource["Properties"].get("Policies", []):
                    for statement in policy["PolicyDocument"]["Statement"]:
                        named = statement["Action"]
                        actions.update(named if isinstance(named, list) else [named])
    return actions


def test_the_boundary_has_what_blueprints_use_and_little_more() -> None:
    used = _actions_of_blueprints()
    assert len(used) > 50
    named = {pattern for one in shared_account().boundary for pattern in one.actions}
    lost = {action for action in used if not any(_covers(pattern, action) for pattern in named)}
    assert lost == set()
    more = {pattern for pattern in named if not any(_covers(pattern, action) for action in used)}
    assert more == FOR_RAW_TEMPLATES


def _covers(pattern: str, action: str) -> bool:
    return compiled_glob(pattern, ignore_case=True).fullmatch(action) is not None


def test_no_role_of_a_blueprint_takes_a_policy_of_aws() -> None:
    """Those allow more than the boundary, which would silently take the rest away."""
    taken = [
        f"{where}: {name}"
        for where, resources in templates()
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role" and resource["Properties"].get("ManagedPolicyArns")
    ]
    assert taken == []
