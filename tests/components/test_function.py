"""Functions: code, rights, network, address, alarms; and the function that ships logs."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kit.packages import FILES
from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node, Reference, Source
from provisioning.template.compile import CompiledTemplate, compile_design
from tests.components.test_rabbitmq import TIERS
from tests.support.designs import design, node
from tests.support.reading import Template

FOLDER = {"code/handler.py": b"def go(event, context): ...", "code/lib/more.py": b""}


def a_function(name: str = "hook", kind: str = "function", **settings: Any) -> Node:
    given = {"code": "code", "handler": "handler.go", **settings}
    made = component(kind).schema.model_validate(given, context={FILES: FOLDER})
    return Node(kind, name, made, made.uses, Source("test/blueprint.hcl", 1))


def _compiled(*nodes: Node, **outputs: str) -> CompiledTemplate:
    network = node("network", "main", cidr="10.0.0.0/16", azs=3, nat="single", tiers=TIERS)
    references = {name: Reference(*text.split(".")) for name, text in outputs.items()}
    return compile_design(design(network, *nodes, outputs=references)).main


def _template(*nodes: Node, **outputs: str) -> Template:
    return Template(json.loads(_compiled(*nodes, **outputs).body))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": "elsewhere"}, "the blueprint's folder has no folder elsewhere"),
        ({"handler": "go"}, "String should match pattern"),
        ({"runtime": "python3.8"}, "Input should be"),
        ({"timeout_seconds": 901}, "less than or equal to 900"),
        ({"memory": 100}, "greater than or equal to 128"),
        ({"environment": {"A-B": "x"}}, "String should match pattern"),
        ({"in_network": False, "uses": (Reference("secret", "key"),)}, "cannot reach what it uses"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        a_function(**change)


def test_the_code_is_packaged_and_named_by_its_content() -> None:
    compiled = _compiled(a_function())
    (artefact,) = compiled.artefacts
    code = Template(json.loads(compiled.body)).one("AWS::Lambda::Function")["Code"]
    assert code["S3Key"] == artefact.key
    assert code["S3Bucket"] == {"Fn::Sub": "portal-artefacts-${AWS::AccountId}-${AWS::Region}"}
    assert zipfile.ZipFile(io.BytesIO(artefact.body)).namelist() == ["handler.py", "lib/more.py"]


def test_it_runs_in_the_private_subnets_and_logs_where_it_is_told() -> None:
    template = _template(a_function(environment={"SIZE": 5}))
    made = template.one("AWS::Lambda::Function")
    assert (made["Architectures"], made["Runtime"]) == (["arm64"], "python3.13")
    assert all("Private" in template.target(subnet) for subnet in made["VpcConfig"]["SubnetIds"])
    assert template.way_out("FunctionHookSg") == {("0.0.0.0/0", 443)}
    assert template.admitted("FunctionHookSg") == set()
    assert made["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionHookLogs"}
    assert made["Environment"]["Variables"] == {"SIZE": "5"}


def test_it_reads_a_secret_itself_and_nothing_else() -> None:
    secret = node("secret", "key", generate=["api_key"])
    template = _template(secret, a_function(uses=(Reference("secret", "key"),)))
    assert template.one("AWS::Lambda::Function")["Environment"]["Variables"] == {"API_KEY_FROM": {"Ref": "SecretKey"}}
    reads = [s for s in template.statements("FunctionHookRole") if "secretsmanager:GetSecretValue" in s["Action"]]
    assert [s["Resource"] for s in reads] == [[{"Ref": "SecretKey"}]]


def test_lambda_may_make_interfaces_with_the_role_and_the_code_may_not() -> None:
    template = _template(a_function())
    allowed, denied = (s for s in template.statements("FunctionHookRole") if s["Resource"] == ["*"])
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Action"] == denied["Action"]
    arn = denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]["Fn::Sub"]
    assert arn.endswith(f":function:{template.one('AWS::Lambda::Function')['FunctionName']}")


def test_outside_of_the_network_it_has_no_group_and_no_such_right() -> None:
    template = _template(a_function(in_network=False))
    assert "VpcConfig" not in template.one("AWS::Lambda::Function")
    assert "FunctionHookSg" not in template.resources
    assert [s["Action"] for s in template.statements("FunctionHookRole")] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"]
    ]


def test_a_public_address_takes_both_permissions() -> None:
    template = _template(a_function(url=True), url="function.hook.url", host="function.hook.host")
    assert template.one("AWS::Lambda::Url")["AuthType"] == "NONE"
    permissions = {p["Action"]: p for p in template.of_type("AWS::Lambda::Permission").values()}
    assert permissions["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert permissions["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    assert len(permissions) == 2
    host = template.body["Outputs"]["Host"]["Value"]
    assert host == {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["FunctionHookUrl", "FunctionUrl"]}]}]}


def test_without_one_it_has_no_address_and_says_so() -> None:
    assert not _template(a_function()).of_type("AWS::Lambda::Permission")
    with pytest.raises(DesignError, match=r"function\.hook has no url; set url = true"):
        _template(a_function(), url="function.hook.url")


def test_failed_events_are_kept_encrypted_and_somebody_is_told() -> None:
    template = _template(a_function(dead_letter=True), node("alarm_topic", "main"))
    queue = template.one("AWS::SQS::Queue")
    assert queue["SqsManagedSseEnabled"] is True
    assert template.one("AWS::Lambda::Function")["DeadLetterConfig"] == {
        "TargetArn": {"Fn::GetAtt": ["FunctionHookLetters", "Arn"]}
    }
    sends = [s for s in template.statements("FunctionHookRole") if s["Action"] == ["sqs:SendMessage"]]
    assert [s["Resource"] for s in sends] == [[{"Fn::GetAtt": ["FunctionHookLetters", "Arn"]}]]
    assert "FunctionHookFailed" in template.of_type("AWS::CloudWatch::Alarm")


def test_errors_throttles_and_duration_are_watched() -> None:
    alarms = _template(a_function(timeout_seconds=20)).of_type("AWS::CloudWatch::Alarm")
    by_metric = {alarm["MetricName"]: alarm for alarm in alarms.values()}
    assert set(by_metric) == {"Errors", "Throttles", "Duration"}
    assert (by_metric["Duration"]["ExtendedStatistic"], by_metric["Duration"]["Threshold"]) == ("p99", 16_000)


def test_an_address_is_watched_for_answers_of_5xx_too() -> None:
    alarms = _template(a_function(url=True)).of_type("AWS::CloudWatch::Alarm")
    assert alarms["FunctionHookUrlErrors"]["MetricName"] == "Url5xxCount"


def test_calls_at_a_time_can_be_reserved() -> None:
    assert "ReservedConcurrentExecutions" not in _template(a_function()).one("AWS::Lambda::Function")
    assert _template(a_function(concurrency=7)).one("AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 7


def _shipping(**settings: Any) -> Node:
    return a_function("loki", "log_shipping", **settings)


def test_without_a_loki_there_is_nothing_to_ship() -> None:
    template = _template(_shipping(), arn="log_shipping.loki.arn")
    assert not template.of_type("AWS::Lambda::Function")
    assert "Outputs" not in template.body


@pytest.mark.parametrize("url", ["http://loki.example.com", "https://loki.example.com:3100", "https://a b"])
def test_loki_is_reached_by_https_on_its_port(url: str) -> None:
    with pytest.raises(ValidationError, match="String should match pattern"):
        _shipping(loki_url=url)


def test_every_log_but_its_own_is_shipped() -> None:
    template = _template(
        a_function(),
        node("cluster", "main"),
        node("service", "api", image="x", cpu=256, memory=512),
        _shipping(loki_url="https://loki.example.com", login_secret="loki/login"),
    )
    filters = template.of_type("AWS::Logs::SubscriptionFilter").values()
    groups = sorted(template.target(found["LogGroupName"]) for found in filters)
    assert groups == ["FunctionHookLogs", "ServiceApiLogs"]
    permission = template.resources["LogShippingLokiPermission"]["Properties"]
    assert permission["Principal"] == "logs.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":log-group:/portal/payments/shop-dev-nd524/*:*")
    reads = [s for s in template.statements("LogShippingLokiRole") if "secretsmanager:GetSecretValue" in s["Action"]]
    assert reads[0]["Resource"][0]["Fn::Sub"].endswith(":secret:loki/login-??????")
    variables = template.resources["LogShippingLoki"]["Properties"]["Environment"]["Variables"]
    assert variables["LOKI_URL"] == "https://loki.example.com"


def test_a_monitoring_role_needs_an_account_and_its_external_id() -> None:
    without = _template(node("monitoring_role", "grafana"), arn="monitoring_role.grafana.arn")
    assert "MonitoringRoleGrafana" not in without.resources
    assert "Outputs" not in without.body
    with pytest.raises(ValidationError, match="set account_id and external_id together"):
        node("monitoring_role", "grafana", account_id="210987654321")
    template = _template(
        node("monitoring_role", "grafana", account_id="210987654321", external_id="grafana-42-secret"),
        arn="monitoring_role.grafana.arn",
    )
    role = template.resources["MonitoringRoleGrafana"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::210987654321:root"}}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "grafana-42-secret"}}
    actions = [action for s in template.statements("MonitoringRoleGrafana") for action in s["Action"]]
    assert all(
        action.split(":")[1].startswith(("Describe", "Get", "List", "Filter", "StartQuery", "StopQuery"))
        for action in actions
    )
    assert "Arn" in template.body["Outputs"]
