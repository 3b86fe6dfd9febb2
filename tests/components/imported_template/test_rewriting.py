"""A NoEcho parameter becomes a secret that AWS generates, and a role receives the boundary; nothing
else changes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from provisioning.components.kinds.cloudformation.imported_template import (
    Rewritten,
    TemplateProblem,
    read_template,
    rewrite,
)
from tests.components.imported_template.templates import DATABASE, IDENTITY, TOPIC

ARN = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:shop/db-AbCdEf"
READS = {"Fn::Sub": "{{resolve:secretsmanager:${DBPasswordSecret}:SecretString}}"}


def rewritten(text: str = DATABASE, **secrets: str) -> Rewritten:
    return rewrite(read_template(text), secrets=secrets, identity=IDENTITY)


def properties(found: Rewritten, name: str) -> dict[str, Any]:
    result: dict[str, Any] = found.data["Resources"][name]["Properties"]
    return result


def test_the_parameter_is_gone_and_its_uses_read_a_secret() -> None:
    found = rewritten()
    assert "DBPassword" not in found.data["Parameters"]
    assert properties(found, "Database")["MasterUserPassword"] == READS
    text, variables = properties(found, "Url")["SecretString"]["Fn::Sub"]
    assert variables == {"DBPassword": READS}
    assert "${DBPassword}" in text


def test_the_generated_value_meets_the_parameters_constraints() -> None:
    how = properties(rewritten(), "DBPasswordSecret")["GenerateSecretString"]
    # The pattern wants a letter first: no digits at all is the way to be sure.
    assert how == {"PasswordLength": 32, "ExcludePunctuation": True, "ExcludeNumbers": True}


def test_a_named_secret_is_read_instead() -> None:
    found = rewritten(DBPassword=ARN)
    assert properties(found, "Database")["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{ARN}:SecretString}}}}"
    assert found.generated == ()
    assert "DBPasswordSecret" not in found.data["Resources"]


def test_every_change_is_said() -> None:
    assert [re.split(r"[ ,]", change)[2] for change in rewritten().changes] == ["DBPassword", "Reader"]


def test_a_template_without_secrets_and_roles_is_sent_as_it_is() -> None:
    found = rewritten(TOPIC)
    assert found.changes == ()
    assert found.data == read_template(TOPIC).data


def test_no_name_of_the_template_is_taken() -> None:
    taken = DATABASE.replace("  Url:\n", "  DBPasswordSecret:\n").replace("${Url}", "")
    assert rewritten(taken).generated == ("DBPasswordSecret2",)


def test_the_consoles_grouping_forgets_the_parameter() -> None:
    interface = rewritten().data["Metadata"]["AWS::CloudFormation::Interface"]
    assert interface["ParameterGroups"][0]["Parameters"] == ["DBClass"]


def test_a_secret_that_cannot_be_generated_is_demanded_by_name() -> None:
    with pytest.raises(TemplateProblem, match="set the ARN of a secret"):
        rewritten(DATABASE.replace('"[a-zA-Z][a-zA-Z0-9]*"', '"[!@#]+"'))


def test_the_template_that_was_read_stays_as_it_was() -> None:
    template = read_template(DATABASE)
    before = json.dumps(template.data)
    rewrite(template, secrets={}, identity=IDENTITY)
    assert json.dumps(template.data) == before
