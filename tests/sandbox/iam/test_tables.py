"""The sandbox's tables about permissions name what exists in AWS's schemas, models and reference."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from botocore.session import get_session

from provisioning.policy.reference import REFERENCE
from tests.sandbox.test_private_names import inside
from tests.support.linting import SCHEMAS

pytestmark = pytest.mark.sandbox
TEMPLATES = Path(__file__).resolve().parents[2] / "golden" / "templates"
# Types whose handlers act on other resources only: the reference has no ARN for them.
WITHOUT_ARN = re.compile(
    r".*(Attachment|Association|Egress|Ingress|Policy|Permission|Url|Subscription|Route|RecordSet|MountTarget|EventDestination"
    r"|WaitCondition|WaitConditionHandle)\Z"
)


def handler_permissions(resource_type: str) -> set[str]:
    index = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    schema = json.loads((SCHEMAS / "resources" / f"{index[resource_type]}.json").read_text())
    return {one for handler in schema["handlers"].values() for one in handler.get("permissions", [])}


def test_each_row_of_optional_permissions_is_about_a_real_one() -> None:
    rows = inside("from provisioning.sandbox.iam import optional\nprint(json.dumps(optional.rows()))")
    idle = [
        f"{kind} {pattern}"
        for kind, pattern, _properties in rows
        if not any(fnmatchcase(permission, pattern) for permission in handler_permissions(kind))
    ]
    assert not idle, "\n".join(idle)


def test_each_rest_route_is_the_one_of_botocores_model() -> None:
    rows = inside("from provisioning.sandbox.iam import rest_routes\nprint(json.dumps(rest_routes.known_routes()))")
    models = {"elasticfilesystem": "efs", "apigateway": "apigatewayv2", "ses": "sesv2"}
    wrong = []
    for service, operation, method, path in rows:
        http = get_session().get_service_model(models.get(service, service)).operation_model(operation).http
        given = (method, path.partition("?")[0].rstrip("/"))
        if given != (http["method"], http["requestUri"].partition("?")[0].rstrip("/")):
            wrong.append(f"{service}:{operation}: {http}")
    assert not wrong, "\n".join(wrong)


def test_each_row_of_resources_names_an_action_that_knows_resources() -> None:
    code = "from provisioning.sandbox.iam import calls\nprint(json.dumps([calls.ACTIONS, list(calls.RESOURCES)]))"
    renamed, operations = inside(code)
    actions = [renamed.get(operation, operation) for operation in operations]
    assert [action for action in actions if not REFERENCE.action(action).types] == []


def test_every_type_of_the_shipped_templates_has_an_arn() -> None:
    known = set(
        inside("from provisioning.sandbox.iam import own_arns\nprint(json.dumps(sorted(own_arns.known_types())))")
    )
    used = {
        one for path in TEMPLATES.glob("*.json") for one in re.findall(r'"Type": "(AWS::\w+::\w+)"', path.read_text())
    }
    assert used
    assert sorted(one for one in used - known if not WITHOUT_ARN.match(one)) == []
