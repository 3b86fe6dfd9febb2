"""Required tags: refused without, checked before a rule is stored, and counted by a dry run."""

from __future__ import annotations

import pytest

from provisioning.errors import InvalidFields
from provisioning.lifecycle.rules import RefusedByRules
from provisioning.lifecycle.rules.dry_run import dry_run
from provisioning.lifecycle.rules.in_effect import in_effect
from provisioning.lifecycle.rules.rule_set import all_rules
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RequiredTag, RuleSettings
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.rules import check_settings
from provisioning.models import User
from tests.fixtures.world import World
from tests.lifecycle.rules.support import write_rule

CENTRES = RequiredTag("cost-centre", ("4711", "4712"))


def test_all_that_is_missing_is_refused_together_each_with_its_rule(world: World) -> None:
    write_rule(Scope(), required_tags=(RequiredTag("owner"),))
    write_rule(Scope(size="dev", account=world.account), required_tags=(CENTRES,))
    with pytest.raises(RefusedByRules) as caught:
        world.request(tags={"Owner": "Bob"})
    assert [(one.rule.title, one.sentence, one.field) for one in caught.value.refusals] == [
        (
            "Whole portal",
            'The tag "owner" is required here. There is "Owner", which is another key in AWS.',
            "tags",
        ),
        (
            "Development in dev",
            'The tag "cost-centre" is required here, with the value 4711 or 4712.',
            "tags",
        ),
    ]
    with pytest.raises(RefusedByRules, match=r'The tag "cost-centre" is "4713"\. It should be 4711 or 4712\.'):
        world.request(tags={"owner": "Bob", "cost-centre": "4713"})
    assert world.request(tags={"owner": "Bob", "cost-centre": "4711"}).state == "approved"


def test_a_change_needs_them_and_can_add_them(world: World) -> None:
    running = world.create()
    write_rule(Scope(team=world.team), required_tags=(RequiredTag("owner"),))
    arguments = {
        "actor": world.bob,
        "environment": running,
        "blueprint": world.blueprints["small"],
        "size": "dev",
        "inputs": {"note": "another"},
    }
    with pytest.raises(RefusedByRules):
        request_change(**arguments)
    assert request_change(**arguments, tags={"owner": "Bob"}).state == "planning"


def test_only_values_that_all_rules_permit_remain(world: World) -> None:
    write_rule(Scope(), required_tags=(CENTRES, RequiredTag("owner")))
    write_rule(Scope(size="dev"), required_tags=(RequiredTag("cost-centre", ("4712", "4713")),))
    lines = {line.title: (line.text, len(line.because)) for line in in_effect(all_rules(), size="dev")}
    assert lines["Required tag cost-centre"] == ("4712", 2)
    assert lines["Required tag owner"] == ("any value", 1)


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ((RequiredTag("portal:x"),), 'The list has the key "portal:x"; keys that begin with aws: or portal: are reserved.'),
        ((RequiredTag("a", ("<",)),), 'The list has a value for "a" that AWS rejects: "<" is not allowed in a tag; '),
        ((RequiredTag(""),), 'The list has a key of 0 characters, ""; it should have 1 to 128.'),
        ((CENTRES, RequiredTag("Cost-Centre")), '"Cost-Centre" is there twice, also as "cost-centre".'),
        (
            (RequiredTag("OWNER"),),
            'Another rule (Staging) requires "owner", and AWS IAM treats "OWNER" as the same key. Write "owner".',
        ),
        (tuple(RequiredTag(f"k{number}") for number in range(21)), "There are 21 required tags, and a rule has at most 20."),
    ],
)  # fmt: skip
def test_what_no_environment_could_have_is_no_rule(world: World, tags: tuple[RequiredTag, ...], sentence: str) -> None:
    write_rule(Scope(size="staging"), required_tags=(RequiredTag("owner"),))
    with pytest.raises(InvalidFields) as caught:
        check_settings(RuleSettings(required_tags=tags), before=RuleSettings())
    [found] = caught.value.fields["required_tags"]
    assert found.startswith(sentence)


def test_a_dry_run_names_what_has_no_tag_or_another_value(world: World) -> None:
    ada = User.objects.create(username="ada", is_admin=True)
    world.create("right", tags={"cost-centre": "4711"})
    world.create("wrong", tags={"cost-centre": "4713"})
    world.create("without")
    result = dry_run(actor=ada, scope=Scope(), settings=RuleSettings(required_tags=(CENTRES,)))
    assert (
        {one.name for one in result.refused.first} == {one.name for one in result.outside.first} == {"wrong", "without"}
    )
    write_rule(Scope(), required_tags=(CENTRES,))
    assert dry_run(actor=ada, scope=Scope(), settings=RuleSettings(required_tags=(CENTRES,))).is_empty
