"""What was read becomes answers on the form, name by name; nothing is dropped without a reason."""

import pytest

from provisioning.blueprint import Blueprint, parse_inputs
from provisioning.design.environment_name import NAME_RULE
from provisioning.exchange import Filled, fill, read
from tests.exchange.conftest import PAGE
from tests.support.shipped import catalogue

ANSWERS = {
    "vpc_cidr": "10.0.0.0/16",
    "ecs_cpu": 1024,
    "ecs_memory": 2048,
    "ecs_desired_count": 2,
    "db_instance_class": "db.r5.large",
    "db_multi_az": True,
    "db_storage_gb": 100,
    "domain_name": "infracast.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:123456789:certificate/abc",
    "tags": {"Project": "Infracast", "Environment": "prod"},
}


def filled(blueprint: Blueprint, text: str, size: str = "") -> Filled:
    (source,) = read(text.encode()).sources
    return fill(blueprint, source, size=size)


def reasons(blueprint: Blueprint, text: str, size: str = "prod") -> dict[str, str]:
    return {left.name: left.why for left in filled(blueprint, text, size).left}


def test_the_published_module_whole(vulcan: Blueprint) -> None:
    found = filled(vulcan, PAGE)
    assert (found.size, found.inputs) == ("prod", ANSWERS)
    assert [(left.line, left.name, left.why) for left in found.left] == [
        (2, "source", "is not needed: the blueprint replaces the module")
    ]
    assert found.answers()["tags"] == "Project = Infracast\nEnvironment = prod"


def test_the_shipped_blueprint_takes_the_published_module_whole() -> None:
    infracast = catalogue().get("infracast")
    found = filled(infracast, PAGE)
    assert (found.size, found.inputs) == ("prod", ANSWERS)
    assert [left.name for left in found.left] == ["source"]
    given = {name: variable.example for name, variable in infracast.variables.items() if variable.required}
    assert parse_inputs(infracast, "prod", {**given, **found.inputs})["ecs_cpu"] == 1024


def test_an_alias_of_the_blueprint_leads_to_its_variable(vulcan: Blueprint) -> None:
    assert filled(vulcan, 'db_class = "db.t3.small"').inputs == {"db_instance_class": "db.t3.small"}
    twice = 'db_class = "a"\ndb_instance_class = "b"\n'
    assert reasons(vulcan, twice) == {"db_instance_class": "sets the input db_instance_class again"}


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("db_multi_as = true", "db_multi_as", 'is no input of Notes; did you mean "db_multi_az"?'),
        ("count = 2", "count", "is not imported: one request creates one environment"),
        ('for_each = ["a"]', "for_each", "is not imported: one request creates one environment"),
        ('version = "1.0"', "version", "is not needed: the request names the blueprint's version"),
        ("ecs_cpu = var.cpu", "ecs_cpu", "refers to something else (var. …), and references are not resolved"),
        ('ecs_cpu = "many"', "ecs_cpu", "should be a number"),
        ("ecs_cpu = true", "ecs_cpu", "should be a number"),
        ("ecs_cpu = [1]", "ecs_cpu", "should be a number, and holds a list"),
        ("db_multi_az = 1", "db_multi_az", "should be true or false"),
        ('db_multi_az = "yes"', "db_multi_az", "should be true or false"),
        ('tags = "a=b"', "tags", "should be a map, and is text"),
        ('tags = ["a"]', "tags", "should be a map, and is a list"),
        ("tags = { a = null }", "tags", "should be text, and holds null"),
        ('zones = "a,b"', "zones", "should be a list, and is text"),
        ('zones = [["a"]]', "zones", "should be text, and holds a list"),
        ('environment = "qa"', "environment", "is no size; Notes has dev, staging and prod: choose one below"),
        ("environment = var.env", "environment", "refers to something else (var. …), and references are not resolved"),
        (
            'region = "eu-north-9"',
            "region",
            "is not one of the blueprint's regions, which are eu-north-1 and us-east-1",
        ),
        ('name = "Orders!"', "name", f"is not a valid environment name: {NAME_RULE}"),
        ("ecs_cpu = 1\necs_cpu = 2", "ecs_cpu", "is already set (line 1)"),
        (
            'db_password = "hunter2"',
            "db_password",
            "is a secret, and secrets are not imported from text; enter it in its field",
        ),
    ],
)
def test_what_is_not_taken_is_told(vulcan: Blueprint, text: str, name: str, why: str) -> None:
    assert reasons(vulcan, text) == {name: why}


def test_terraforms_own_conversions(vulcan: Blueprint) -> None:
    text = 'ecs_cpu = "256"\nvpc_cidr = 10\ndb_multi_az = "true"\nzones = ["a", 1]\nweights = { a = "1.5" }\ntags = { a = true }'
    assert filled(vulcan, text).inputs == {
        "ecs_cpu": 256,
        "vpc_cidr": "10",
        "db_multi_az": True,
        "zones": ["a", "1"],
        "weights": {"a": 1.5},
        "tags": {"a": "true"},
    }


@pytest.mark.parametrize(("word", "size"), [("Production", "prod"), ("stage", "staging"), ("development", "dev")])
def test_the_environment_is_the_size(vulcan: Blueprint, word: str, size: str) -> None:
    assert filled(vulcan, f'environment = "{word}"').size == size


def test_the_place_and_the_name(vulcan: Blueprint) -> None:
    found = filled(vulcan, 'name = "orders-dev"\naws_region = "us-east-1"')
    assert (found.size, found.name, found.region) == ("dev", "orders-dev", "us-east-1")
    assert [taken.target for taken in found.taken] == ["name", "region"]


def test_what_another_size_may_set_is_told_unless_it_is_the_default(vulcan: Blueprint) -> None:
    assert reasons(vulcan, "db_storage_gb = 50", "dev") == {
        "db_storage_gb": "can be set only in size prod, and this is dev"
    }
    assert reasons(vulcan, "db_storage_gb = 20", "dev") == {}


def test_every_argument_is_taken_or_told(vulcan: Blueprint) -> None:
    text = PAGE.replace('environment = "prod"', 'environment = "prod"\n  unknown = 1\n  zones = var.x\n  name = null')
    (source,) = read(text.encode()).sources
    found = fill(vulcan, source)
    assert {item.name for item in source.given} == {item.name for item in (*found.taken, *found.left)}


def test_a_file_for_another_blueprint_or_version_says_so(vulcan: Blueprint) -> None:
    other = filled(vulcan, '# portal: {"blueprint": "orders", "size": "staging", "name": "x-1"}\necs_cpu = 1\n')
    assert other.notes == ["This was exported from the blueprint orders; inputs with the same name were imported."]
    assert (other.size, other.name) == ("staging", "x-1")
    older = filled(vulcan, '# portal: {"blueprint": "vulcan", "version": "0.9.0"}\necs_cpu = 1\n')
    assert older.notes == ["This was exported from version 0.9.0; the form is version 1.2.3."]
