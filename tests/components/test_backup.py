"""Backups that outlive a database's own: monthly, for a year, by a role that can do nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kinds.backup.component import BackupSettings
from provisioning.design.graph import Reference
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import Stack, prove
from provisioning.template.compile import compile_design
from tests.components.small import TIERS
from tests.support.designs import design, node, ref
from tests.support.reading import Template

DATABASE = {"version": "17.9", "instance_class": "db.t4g.micro", "storage_gb": {"from": 20}}


def _template(**given: Any) -> Template:
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single", tiers=TIERS),
        node("postgres", "main", **DATABASE),
        node("mysql", "old", **DATABASE | {"engine": "mysql", "version": "8.4.8"}),
        node("backup", "monthly", databases=[ref("postgres.main"), ref("mysql.old")], **given),
        outputs={name: ref(f"backup.monthly.{name}") for name in ("vault", "vault_arn", "plan_id")},
    )
    return Template(json.loads(compile_design(made).main.body))


@pytest.fixture(scope="module")
def template() -> Template:
    return _template()


def test_each_first_of_the_month_is_kept_for_a_year(template: Template) -> None:
    plan = template.one("AWS::Backup::BackupPlan")["BackupPlan"]
    (rule,) = plan["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 3 1 * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 365}
    assert template.target(rule["TargetBackupVault"]) in template.of_type("AWS::Backup::BackupVault")
    assert (plan["BackupPlanName"], template.one("AWS::Backup::BackupVault")["BackupVaultName"]) == (
        "payments-shop-dev-nd524-monthly",
        "payments-shop-dev-nd524-monthly",
    )


@pytest.mark.parametrize(("every", "when"), [("daily", "cron(0 3 * * ? *)"), ("weekly", "cron(0 3 ? * SUN *)")])
def test_other_rhythms(every: str, when: str) -> None:
    (rule,) = _template(every=every, keep_days=30).one("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert (rule["RuleName"], rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) == (every, when, 30)


def test_it_looks_after_these_databases_by_name(template: Template) -> None:
    selection = template.one("AWS::Backup::BackupSelection")
    assert template.target(selection["BackupPlanId"]) in template.of_type("AWS::Backup::BackupPlan")
    chosen = selection["BackupSelection"]
    assert [arn["Fn::Sub"].rsplit(":", 1)[1] for arn in chosen["Resources"]] == ["${Postgres}", "${MysqlOld}"]
    assert template.target(chosen["IamRoleArn"]) == "BackupMonthlyRole"


def test_its_role_takes_snapshots_of_these_and_removes_its_own_only(template: Template) -> None:
    statements = template.statements("BackupMonthlyRole")
    of = {action: s for s in statements for action in s["Action"]}
    own = ["${Postgres}", "${MysqlOld}"]
    assert [arn["Fn::Sub"].split(":db:")[1] for arn in of["rds:DescribeDBInstances"]["Resource"]] == own
    assert [arn["Fn::Sub"].split("${AWS::AccountId}:")[1] for arn in of["rds:DeleteDBSnapshot"]["Resource"]] == [
        "snapshot:awsbackup:*"
    ]
    assert of["kms:CreateGrant"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    keys = [{"Fn::GetAtt": ["PostgresKey", "Arn"]}, {"Fn::GetAtt": ["MysqlOldKey", "Arn"]}]
    assert of["kms:CreateGrant"]["Resource"] == of["kms:DescribeKey"]["Resource"] == keys
    # Restoring, and taking a backup anywhere else, are a person's work.
    assert not {"rds:RestoreDBInstanceFromDBSnapshot", "rds:ModifyDBInstance"} & set(of)
    assert [s["Action"] for s in statements if "*" in s["Resource"]] == [["tag:GetResources"]]
    (trust,) = template.resources["BackupMonthlyRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "backup.amazonaws.com"}


def test_the_vault_stays_where_data_is_kept() -> None:
    vault = "AWS::Backup::BackupVault"
    (gone,) = [r for r in _template().resources.values() if r["Type"] == vault]
    (kept,) = [r for r in _template(keep_data=True).resources.values() if r["Type"] == vault]
    assert (gone["DeletionPolicy"], kept["DeletionPolicy"]) == ("Delete", "RetainExceptOnCreate")
    assert (gone["UpdateReplacePolicy"], kept["UpdateReplacePolicy"]) == ("Delete", "Retain")


def test_the_proof_minds_a_grant_that_anybody_could_use(template: Template) -> None:
    assert _escalates(template.body) == ["low"]
    open_to_all = copy.deepcopy(template.body)
    policy = open_to_all["Resources"]["BackupMonthlyRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    (grant,) = [s for s in policy["Statement"] if s["Action"] == "kms:CreateGrant"]
    grant["Condition"]["Bool"]["kms:GrantIsForAWSResource"] = "false"
    assert _escalates(open_to_all) == ["medium"]
    del grant["Condition"]
    grant["Resource"] = "*"
    assert _escalates(open_to_all) == ["high"]


def _escalates(body: dict[str, Any]) -> list[str]:
    proof = prove(Stack(body, "eu-north-1"), policy=SIZE_POLICIES["prod"])
    return [finding.severity for finding in proof.findings if finding.rule == "iam.escalation"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"databases": []}, "at least 1 item"),
        ({"databases": [Reference("redis", "main")]}, "is a redis; only databases"),
        ({"databases": [Reference("postgres", "main")], "every": "hourly"}, "'daily', 'weekly' or 'monthly'"),
        ({"databases": [Reference("postgres", "main")], "keep_days": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_backed_up_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        BackupSettings.model_validate(given)
