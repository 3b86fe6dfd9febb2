"""What the portal's own blueprint must be: the product as its image and settings need it. Read off
the template only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.blueprint import InputErrors
from provisioning.template.compile import compile_design
from tests.support.designs import PROD_OR_LONG, SIZES
from tests.support.names import scope
from tests.support.reading import Template
from tests.support.shipped import main_template, shipped

SLUG = "portal"
ROOT = Path(__file__).resolve().parents[3]
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
ROLES_OF_THE_PORTAL = ("arn:aws:iam::123456789012:role/portal", "arn:aws:iam::210987654321:role/portal")


def test_web_runs_the_images_own_command_on_port_8000_behind_the_load_balancer(template: Template) -> None:
    web = template.container("web")
    assert "Command" not in web
    assert [p["ContainerPort"] for p in web["PortMappings"]] == [8000]
    (front,) = template.service("web")["LoadBalancers"]
    assert (front["ContainerName"], front["ContainerPort"]) == ("web", 8000)
    targets = template.properties(front["TargetGroupArn"])
    assert (targets["Port"], targets["HealthCheckPath"], targets["Matcher"]) == (8000, "/healthz", {"HttpCode": "200"})
    assert "8000" in (ROOT / "Dockerfile").read_text().splitlines()[-1]


def test_the_worker_runs_the_product_and_listens_to_nobody(template: Template) -> None:
    assert template.container("worker")["Command"] == ["python", "manage.py", "worker"]
    assert template.admitted(template.group_of("worker")) == set()
    assert "LoadBalancers" not in template.service("worker")


def test_the_database_is_prepared_before_either_starts(template: Template) -> None:
    for name in ("web", "worker"):
        before, own = template.task(name)["ContainerDefinitions"]
        assert before["Command"] == ["python", "manage.py", "prepare"]
        assert (before["Essential"], own["Essential"]) == (False, True)
        assert before["Image"] == own["Image"]
        assert (before["Environment"], before["Secrets"]) == (own["Environment"], own["Secrets"])
        assert own["DependsOn"] == [{"ContainerName": before["Name"], "Condition": "SUCCESS"}]
    assert template.service("web")["HealthCheckGracePeriodSeconds"] == 600


@pytest.mark.parametrize("size", PROD_OR_LONG)
def test_the_commands_of_the_containers_exist(template: Template) -> None:
    commands = {
        tuple(c["Command"])
        for t in template.of_type("AWS::ECS::TaskDefinition").values()
        for c in t["ContainerDefinitions"]
        if "Command" in c
    }
    for command in commands:
        ran = subprocess.run(
            [sys.executable, *command[1:], "--help"],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=_environment({}),
        )
        assert ran.returncode == 0, ran.stderr


def test_only_the_worker_acts_in_other_accounts(template: Template) -> None:
    (statement,) = [s for s in template.statements(template.role_of("worker")) if "sts:AssumeRole" in s["Action"]]
    assert statement["Action"] == ["sts:AssumeRole"]
    assert statement["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:iam::123456789012:role/portal"}]
    assert "sts:AssumeRole" not in template.actions(template.role_of("web"))
    principal = template.body["Outputs"]["PortalPrincipalArn"]["Value"]
    assert template.target(principal) == template.role_of("worker")


def test_it_is_the_role_that_onboarding_makes() -> None:
    onboarding = (ROOT / "provisioning/aws/onboarding.yaml").read_text()
    assert "RoleName: portal\n" in onboarding
    assert "PortalPrincipalArn" in onboarding


def test_every_account_is_named() -> None:
    template = main_template(SLUG, account_roles=list(ROLES_OF_THE_PORTAL))
    (statement,) = [s for s in template.statements(template.role_of("worker")) if "sts:AssumeRole" in s["Action"]]
    assert statement["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::123456789012:role/portal"},
        {"Fn::Sub": "arn:${AWS::Partition}:iam::210987654321:role/portal"},
    ]


@pytest.mark.parametrize(
    "role",
    [
        "arn:aws:iam::*:role/portal",
        "arn:aws:iam::100000000001:role/Admin",
        "arn:aws:iam::100000000001:role/portal/stacks/portal-stacks-payments",
        "arn:aws:iam::100000000001:role/portal-stacks",
        "arn:aws:iam::100000000001:role/por?al",
    ],
)
def test_no_role_but_the_one_that_onboarding_makes_may_be_assumed(role: str) -> None:
    """Charlie cannot give his own image the rights of another role."""
    with pytest.raises(InputErrors) as refused:
        main_template(SLUG, account_roles=[ROLES_OF_THE_PORTAL[0], role])
    (sentence,) = refused.value.errors["account_roles"]
    assert "is not the role of a named account that onboarding creates" in sentence


@pytest.mark.parametrize("size", SIZES)
def test_it_needs_an_approval_in_every_size(size: str) -> None:
    """Even a dev environment acts in other accounts."""
    assert shipped(size, slug=SLUG).settings["approval"] == "required"


def test_no_secret_is_in_a_plain_variable(template: Template, size: str) -> None:
    for name in ("web", "worker"):
        assert {"DATABASE_USERNAME", "DATABASE_PASSWORD", "SECRET_KEY"} <= set(template.secrets(name))
        assert not {n for n in template.variables(name) if "PASSWORD" in n or "SECRET" in n or n == "DATABASE_URL"}
    assert "ADMIN_PASSWORD" in template.secrets("web")
    assert "ADMIN_PASSWORD" not in template.secrets("worker")
    secrets = template.of_type("AWS::SecretsManager::Secret").values()
    assert {s["Name"] for s in secrets} == {
        f"portal/{scope(f'portal-{size}')}/{n}" for n in ("database-main", "signing", "admin")
    }
    assert all("GenerateSecretString" in s and "SecretString" not in s for s in secrets)
    assert "Parameters" not in template.body


def _environment(given: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings", **given}


def _handed_over(template: Template, service: str) -> dict[str, str]:
    """Every variable of the task with a value of its kind: what AWS would fill in."""
    filled = {"DATABASE_HOST": "db.internal", "DATABASE_PORT": "5432", "CACHE_URL": "rediss://cache:6379"}
    plain = {n: v if isinstance(v, str) else filled[n] for n, v in template.variables(service).items()}
    return plain | {
        name: f"Value-{number}-of-a-secret-{'x7Q' * 12}" for number, name in enumerate(template.secrets(service))
    }


@pytest.mark.parametrize("service", ["web", "worker"])
@pytest.mark.parametrize("size", PROD_OR_LONG)
def test_the_product_starts_from_what_it_is_given(template: Template, service: str) -> None:
    """The settings of a fresh process with these variables and no others pass every check, those
    for production too.
    """
    code = (
        "import django; django.setup();"
        "from django.conf import settings as s; from django.core.checks import run_checks;"
        "d = s.DATABASES['default'];"
        "print(d['HOST'], d['NAME'], d['OPTIONS']['sslmode'], s.REDIS_URL, s.ALLOWED_HOSTS, s.DEBUG,"
        " [m.id for m in run_checks(include_deployment_checks=True)])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=_environment(_handed_over(template, service)),
        check=True,
    )
    assert ran.stdout.strip() == "db.internal portal require rediss://cache:6379 ['portal.example.com'] False []"


def test_the_queue_is_no_serverless_cache(template: Template, size: str) -> None:
    """Serverless is a cluster to its clients: RQ's scripts, which touch several keys at once, would
    be refused.
    """
    cache = template.one("AWS::ElastiCache::ReplicationGroup")
    assert not template.of_type("AWS::ElastiCache::ServerlessCache")
    assert cache["Engine"] == "valkey"
    assert cache["NumCacheClusters"] == (1 if size == "dev" else 2)
    assert cache["TransitEncryptionMode"] == "required"


def test_database_and_cache_admit_web_and_worker_only(template: Template) -> None:
    both = {template.group_of("web"), template.group_of("worker")}
    database = template.target(template.one("AWS::RDS::DBInstance")["VPCSecurityGroups"][0])
    cache = template.target(template.one("AWS::ElastiCache::ReplicationGroup")["SecurityGroupIds"][0])
    assert template.admitted(database) == {(group, 5432) for group in both}
    assert template.admitted(cache) == {(group, 6379) for group in both}


def test_the_sizes_differ_in_how_much_may_fail(template: Template, size: str) -> None:
    database = template.one("AWS::RDS::DBInstance")
    assert database["MultiAZ"] is (size != "dev")
    assert database["DeletionProtection"] is (size == "prod")
    assert database["BackupRetentionPeriod"] == (35 if size == "prod" else 7)
    assert database.get("DBName") == "portal"
    count = 1 if size == "dev" else 2
    assert (template.service("web")["DesiredCount"], template.service("worker")["DesiredCount"]) == (count, count)


def test_the_name_leads_there_by_route_53_or_by_your_own_dns() -> None:
    by_zone, by_certificate = main_template(SLUG), main_template(SLUG, certificate_arn=CERTIFICATE)
    assert by_zone.one("AWS::Route53::RecordSet")["Name"] == "portal.example.com."
    assert not by_certificate.of_type("AWS::Route53::RecordSet")
    assert by_certificate.variables("web")["ALLOWED_HOSTS"] == "portal.example.com"


def test_the_template_is_sent_inline_even_with_the_longest_name(size: str) -> None:
    assert len(compile_design(shipped(size, slug=SLUG, name="e" * 32)).main.body.encode()) <= 51_200
