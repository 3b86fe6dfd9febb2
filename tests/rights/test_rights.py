"""`manage.py rights`: each weakness of an onboarding template is reported, and ends the command with
code 1.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from provisioning.aws.handlers import carries_tags
from provisioning.management.rights.arns import FORMS
from provisioning.management.rights.check import Report, check_rights
from provisioning.management.rights.onboarding import (
    ACCOUNT_TEMPLATE,
    FOLDER,
    TEAM_TEMPLATE,
    OnboardedTeam,
    PolicySize,
    policy_sizes,
    read_onboarding,
)
from provisioning.management.rights.optional_inputs import optional_inputs
from provisioning.management.rights.questions import Asker
from provisioning.management.rights.showing import report_json, report_lines
from provisioning.policy.documents import Effect, Statement
from provisioning.policy.reference import REFERENCE
from provisioning.policy.unknown_keys import actions_named
from tests.rights.conftest import former_roles, only
from tests.support.example_environment import ACCOUNT_ID, REGION
from tests.support.shipped import catalogue, slugs

PAYMENTS = OnboardedTeam(account_id=ACCOUNT_ID, region=REGION, team="payments")
# One small blueprint, so that a report takes little time.
SMALL = "event-inbox"
LAUNCH_TEMPLATES = '"ec2:DescribeLaunchTemplates", '


@pytest.fixture
def templates(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the onboarding templates with one text replaced."""

    def change(file: str, old: str, new: str) -> Path:
        for name in (ACCOUNT_TEMPLATE, TEAM_TEMPLATE):
            text = (FOLDER / name).read_text()
            if name == file:
                assert text.count(old) == 1, f"{old!r} is in {name} {text.count(old)} times"
                text = text.replace(old, new)
            (tmp_path / name).write_text(text)
        return tmp_path

    return change


def _missing(report: Report, asker: Asker) -> set[str]:
    return {gap.question.action for gap in report.gaps if gap.question.asker is asker}


def test_a_read_that_is_not_granted_is_reported(templates: Callable[[str, str, str], Path]) -> None:
    folder = templates(ACCOUNT_TEMPLATE, LAUNCH_TEMPLATES, "")
    report = check_rights(only(SMALL), folder=folder)
    assert _missing(report, Asker.PORTAL) == {"ec2:DescribeLaunchTemplates"}
    assert not report.is_complete
    removed, drift = [line for line in report_lines(report) if "role/portal lacks" in line]
    assert "for cloudformation:DetectStackDrift" in drift
    assert removed == (
        "role/portal lacks ec2:DescribeLaunchTemplates for ec2:DescribeLaunchTemplates, verifying that a resource is gone: "
        "ec2:DescribeLaunchTemplates on * is not allowed: no identity-based policy allows it."
    )


def test_a_service_that_the_stack_role_lacks_is_reported(templates: Callable[[str, str, str], Path]) -> None:
    folder = templates(TEAM_TEMPLATE, '              "sqs:*",\n', "")
    before = _missing(check_rights(only("amply")), Asker.STACK_ROLE)
    missing = _missing(check_rights(only("amply"), folder=folder), Asker.STACK_ROLE) - before
    assert {"sqs:CreateQueue", "sqs:DeleteQueue"} <= missing
    assert {action.partition(":")[0] for action in missing} == {"sqs"}


def test_a_boundary_that_takes_a_permission_away_is_reported(templates: Callable[[str, str, str], Path]) -> None:
    folder = templates(ACCOUNT_TEMPLATE, '              "sqs:SendMessage",\n', "")
    assert "sqs:SendMessage" in _missing(check_rights(only("amply"), folder=folder), Asker.ENVIRONMENT_ROLE)


def test_a_condition_key_that_an_action_never_has_is_reported(templates: Callable[[str, str, str], Path]) -> None:
    folder = templates(
        ACCOUNT_TEMPLATE,
        '"application-autoscaling:service-namespace": ecs',
        '"ecs:cluster": "x"',
    )
    report = check_rights(only(SMALL), folder=folder)
    assert [(one.action, one.key) for one in report.unknown_keys] == [
        ("application-autoscaling:RegisterScalableTarget", "ecs:cluster")
    ]
    assert _missing(report, Asker.PORTAL) == {"application-autoscaling:RegisterScalableTarget"}


def test_a_policy_that_is_too_long_is_reported(templates: Callable[[str, str, str], Path]) -> None:
    folder = templates(
        ACCOUNT_TEMPLATE,
        LAUNCH_TEMPLATES,
        LAUNCH_TEMPLATES * 200,
    )
    long = [size.name for size in policy_sizes(PAYMENTS, folder=folder) if not size.fits]
    assert long == [f"{ACCOUNT_TEMPLATE} PortalReads"]
    assert PolicySize("x", 6_144, 6_144).fits


def test_the_templates_grant_everything_that_the_portal_needs() -> None:
    report = check_rights(only(SMALL))
    counted = report.count(Asker.PORTAL)
    assert counted.missing == 0
    assert counted.needed > 300
    assert report.unknown_keys == ()
    assert report.too_long == ()


# Tags


def _conditioned_on_tags(statements: tuple[Statement, ...]) -> list[tuple[str, str]]:
    """Statements and actions that require a tag of the resource although CloudFormation tags no
    resource that the action is called on.
    """
    wrong = []
    for statement in statements:
        keys = [one.key.lower() for one in statement.conditions]
        if statement.effect is not Effect.ALLOW or not any("resourcetag/" in key for key in keys):
            continue
        for name in actions_named(statement):
            acted_on = [
                resource_type
                for resource_type, form in FORMS.items()
                if any(
                    kind.covers(form.arn("x", {}, region=REGION, account_id=ACCOUNT_ID, partition="aws"))
                    for kind in REFERENCE.action(name).types
                )
            ]
            if acted_on and not any(map(carries_tags, acted_on)):
                wrong.append((str(statement), name))
    return wrong


def test_no_statement_requires_a_tag_that_cloudformation_cannot_set() -> None:
    onboarding = read_onboarding(PAYMENTS)
    assert _conditioned_on_tags(onboarding.portal.identity) == []
    assert _conditioned_on_tags(onboarding.boundary) == []
    assert _conditioned_on_tags(onboarding.stack_role.identity) == []


def test_such_a_statement_is_found() -> None:
    assert _conditioned_on_tags(former_roles()["PortalRole"].identity) == [
        ("PortalRole.portal/TeardownOfWhatThePortalMade", "application-autoscaling:RegisterScalableTarget")
    ]


# The command


@pytest.mark.long
def test_the_command_reports_all_blueprints_and_ends_with_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rights", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["complete"]
    assert report["missing"] == []
    assert {role: counts["missing"] for role, counts in report["roles"].items()} == dict.fromkeys(map(str, Asker), 0)
    assert report["calls"] > report["planned_calls"] > 0


def test_a_wrong_option_ends_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    from provisioning.management.commands.rights import Command  # noqa: PLC0415 - only here

    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "rights", "--teams"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --teams" in capsys.readouterr().err


@pytest.fixture
def one_blueprint(tmp_path: Path, settings: Any) -> None:
    """Only the small blueprint is in the catalogue."""
    shutil.copytree(Path(settings.BLUEPRINTS_DIR) / SMALL, tmp_path / "blueprints" / SMALL)
    settings.BLUEPRINTS_DIR = tmp_path / "blueprints"


def test_a_gap_ends_with_code_1(
    templates: Callable[[str, str, str], Path], one_blueprint: None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = templates(ACCOUNT_TEMPLATE, LAUNCH_TEMPLATES, "")
    with pytest.raises(SystemExit) as ended:
        call_command("rights", "--templates", str(folder))
    assert ended.value.code == 1
    assert "lacks ec2:DescribeLaunchTemplates" in capsys.readouterr().out


def test_a_template_that_cannot_be_read_ends_with_code_1(
    templates: Callable[[str, str, str], Path], one_blueprint: None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = templates(TEAM_TEMPLATE, 'Action: "s3:ListAllMyBuckets"', 'Actions: "s3:ListAllMyBuckets"')
    with pytest.raises(SystemExit) as ended:
        call_command("rights", "--templates", str(folder))
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Statement BucketList of StackServices has the unknown element Actions\n"


def test_a_folder_without_templates_ends_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("rights", "--templates", str(tmp_path))
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{tmp_path} has no onboarding.yaml.\n"


def test_the_report_for_programs_says_the_same() -> None:
    report = check_rights(only(SMALL))
    written = report_json(report)
    assert written["roles"]["role/portal"]["needed"] == report.count(Asker.PORTAL).needed
    assert written["complete"] is report.is_complete
    assert json.loads(json.dumps(written)) == written


# Optional inputs that add no resource: another name, a size, a tag, or a certificate instead of a new one.
WITHOUT_RESOURCES = {
    "amply": {"certificate_arn", "edge_certificate_arn"},
    "api-service": {"certificate_arn"},
    "infracast": {
        "db_instance_class",
        "db_multi_az",
        "db_storage_gb",
        "ecs_cpu",
        "ecs_desired_count",
        "ecs_memory",
        "ui_certificate_arn",
    },
    "portal": {"certificate_arn"},
}


@pytest.mark.parametrize("slug", slugs())
def test_every_option_of_a_shipped_blueprint_is_checked(slug: str) -> None:
    """An option that nobody turns on would reach AWS with permissions that nobody asked for."""
    blueprint = catalogue().get(slug)
    options = {
        name for name, each in blueprint.variables.items() if not each.required and each.default in (None, False)
    }
    assert options - WITHOUT_RESOURCES.get(slug, set()) == set(optional_inputs(blueprint))


def test_the_role_for_grafana_may_read_metrics_and_its_own_logs() -> None:
    report = check_rights(only("webhook-pipeline"))
    asked = {
        answer.question.action: answer.decision.allowed
        for answer in report.answers
        if answer.question.purpose.endswith("MonitoringRoleGrafana")
    }
    assert {"cloudwatch:GetMetricData", "logs:FilterLogEvents", "logs:StartQuery"} <= set(asked)
    assert all(asked.values())


def test_the_stack_role_may_write_tag_and_delete_the_parameters_of_outputs(
    templates: Callable[[str, str, str], Path],
) -> None:
    def asked(report: Report) -> dict[str, bool]:
        answers = [one for one in report.answers if "/outputs/" in one.question.resource]
        return {one.question.action: one.decision.allowed for one in answers}

    assert asked(check_rights(only(SMALL))) == dict.fromkeys(
        (
            "ssm:AddTagsToResource",
            "ssm:DeleteParameter",
            "ssm:GetParameters",
            "ssm:ListTagsForResource",
            "ssm:PutParameter",
            "ssm:RemoveTagsFromResource",
        ),
        True,
    )
    folder = templates(
        TEAM_TEMPLATE,
        "parameter/portal/${!aws:PrincipalTag/portal:team}/*",
        "parameter/portal/${!aws:PrincipalTag/portal:team}/rabbitmq/*",
    )
    assert not any(asked(check_rights(only(SMALL), folder=folder)).values())
