"""PostgreSQL, MySQL and MariaDB on RDS: one family of settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from tests.components.small import rendered
from tests.support.designs import node
from tests.support.reading import Template

STORAGE = {"from": 20}
POSTGRES: dict[str, Any] = {"version": "16.13", "instance_class": "db.t4g.medium", "storage_gb": STORAGE}
MARIADB: dict[str, Any] = {
    "engine": "mariadb",
    "version": "11.4.10",
    "instance_class": "db.t4g.medium",
    "storage_gb": STORAGE,
}
MYSQL: dict[str, Any] = {**MARIADB, "engine": "mysql", "version": "8.4.8"}
PASSWORD = "{{resolve:secretsmanager:${%s}:SecretString:password}}"


def test_storage_grows_only_where_the_blueprint_says_how_far() -> None:
    fixed = rendered(node("postgres", "main", **POSTGRES)).one("AWS::RDS::DBInstance")
    grows = rendered(node("postgres", "main", **{**POSTGRES, "storage_gb": {"from": 20, "to": 100}}))
    assert fixed["AllocatedStorage"] == "20"
    assert "MaxAllocatedStorage" not in fixed
    assert grows.one("AWS::RDS::DBInstance")["MaxAllocatedStorage"] == 100


def test_performance_insights_are_on_where_asked_for_and_under_the_databases_key() -> None:
    off = rendered(node("postgres", "main", **POSTGRES)).one("AWS::RDS::DBInstance")
    template = rendered(node("postgres", "main", performance_insights=True, **POSTGRES))
    database = template.one("AWS::RDS::DBInstance")
    assert not any(name.startswith(("EnablePerformance", "PerformanceInsights")) for name in off)
    assert database["EnablePerformanceInsights"] is True
    assert database["PerformanceInsightsRetentionPeriod"] == 7
    assert database["PerformanceInsightsKMSKeyId"] == database["KmsKeyId"]


def _is_handed_one_address(template: Template, expected: str, part: str) -> None:
    secrets = template.of_type("AWS::SecretsManager::Secret")
    ((url, composed),) = [(name, s) for name, s in secrets.items() if "SecretString" in s]
    assert composed["SecretString"] == {"Fn::Sub": expected}
    assert template.secrets("api") == {"DATABASE_URL": {"Ref": url}}
    assert template.variables("api") == {}
    execution = template.target(template.task("api")["ExecutionRoleArn"])
    for role in (execution, template.role_of("api")):
        (reads,) = [s for s in template.statements(role) if "secretsmanager:GetSecretValue" in s["Action"]]
        assert reads["Resource"] == [{"Ref": url}]


def test_an_address_secret_is_composed_inside_aws_and_is_all_that_a_user_gets() -> None:
    template = rendered(
        node("postgres", "main", url_secret=True, **POSTGRES), outputs={"u": "postgres.main.url_secret_arn"}
    )
    password = PASSWORD % "PostgresSecret"
    where = "${Postgres.Endpoint.Address}:${Postgres.Endpoint.Port}"
    _is_handed_one_address(template, f"postgresql://app_admin:{password}@{where}/app?sslmode=require", "postgres")
    assert template.body["Outputs"]["U"]["Value"] == {"Ref": "PostgresUrlSecret"}


def test_without_it_a_user_gets_the_parts_and_there_is_no_such_output() -> None:
    template = rendered(node("postgres", "main", **POSTGRES), outputs={"u": "postgres.main.url_secret_arn"})
    assert "Outputs" not in template.body
    assert set(template.variables("api")) == {"DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME"}
    assert set(template.secrets("api")) == {"DATABASE_USERNAME", "DATABASE_PASSWORD"}


def test_extensions_are_created_with_the_address_secret_too() -> None:
    template = rendered(node("postgres", "main", url_secret=True, extensions=["vector"], **POSTGRES))
    task = template.resources["PostgresExtensionsTask"]["Properties"]["ContainerDefinitions"][0]
    assert task["Secrets"] == [{"Name": "DATABASE_URL", "ValueFrom": {"Ref": "PostgresUrlSecret"}}]
    assert task["Command"] == [
        "sh", "-c", 'exec psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -c "$0"', 'CREATE EXTENSION IF NOT EXISTS "vector";',
    ]  # fmt: skip
    assert task["Environment"] == [{"Name": "PGSSLMODE", "Value": "require"}]


@pytest.mark.parametrize(
    ("settings", "family", "called"),
    [(MARIADB, "mariadb11.4", "payments-shop-dev-nd524-mariadb"), (MYSQL, "mysql8.4", "payments-shop-dev-nd524-mysql")],
    ids=["mariadb", "mysql"],
)
def test_mysql_and_mariadb_require_tls_and_log_to_explicit_groups(
    settings: dict[str, Any], family: str, called: str
) -> None:
    template = rendered(node("mysql", "main", **settings))
    database = template.one("AWS::RDS::DBInstance")
    assert (database["Engine"], database["EngineVersion"]) == (settings["engine"], settings["version"])
    assert database["DBInstanceIdentifier"] == called
    parameters = template.properties(database["DBParameterGroupName"])
    assert parameters["Family"] == family
    assert parameters["Parameters"]["require_secure_transport"] == "1"
    assert database["EnableCloudwatchLogsExports"] == ["error", "slowquery"]
    groups = {g["LogGroupName"]: name for name, g in template.of_type("AWS::Logs::LogGroup").items()}
    exported = [f"/aws/rds/instance/{called}/{log}" for log in database["EnableCloudwatchLogsExports"]]
    assert template.resources["Mysql"]["DependsOn"] == [groups[name] for name in exported]
    assert template.admitted("MysqlSg") == {(template.group_of("api"), 3306)}
    assert (template.target({"Ref": "MysqlSg"}), 3306) in template.way_out(template.group_of("api"))
    assert set(template.variables("api")) == {"DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME"}


def test_mysqls_address_has_its_own_scheme() -> None:
    template = rendered(node("mysql", "main", url_secret=True, **MYSQL))
    where = "${Mysql.Endpoint.Address}:${Mysql.Endpoint.Port}"
    _is_handed_one_address(template, f"mysql://app_admin:{PASSWORD % 'MysqlSecret'}@{where}/app", "mysql")


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_kept_data_and_protection(kind: str) -> None:
    settings = POSTGRES if kind == "postgres" else MARIADB
    template = rendered(node(kind, "main", keep_data=True, protect=True, multi_az=True, **settings))
    (database,) = [r for r in template.resources.values() if r["Type"] == "AWS::RDS::DBInstance"]
    assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert database["Properties"]["DeletionProtection"] is True
    assert database["Properties"]["MultiAZ"] is True
    (key,) = [r for r in template.resources.values() if r["Type"] == "AWS::KMS::Key"]
    assert key["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        (
            "postgres",
            {**POSTGRES, "storage_gb": {"from": 20, "to": 21}},
            "to (21) must be at least 10 % above from (20)",
        ),
        ("postgres", {**POSTGRES, "version": "sixteen"}, "String should match pattern"),
        ("postgres", {**POSTGRES, "backup_days": 36}, "less than or equal to 35"),
        ("mysql", {**MYSQL, "engine": "oracle"}, "'mariadb' or 'mysql'"),
        ("mysql", {k: v for k, v in MYSQL.items() if k != "engine"}, "Field required"),
        ("mysql", {**MYSQL, "version": "8"}, "String should match pattern"),
        ("mysql", {**MYSQL, "username": "a_name_of_17_char"}, "String should match pattern"),
        ("mysql", {**MYSQL, "extensions": ["vector"]}, "Extra inputs are not permitted"),
    ],
)
def test_it_refuses(kind: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component(kind).schema.model_validate(settings)
    assert sentence in str(caught.value)
