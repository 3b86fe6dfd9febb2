"""Questions to the evaluator, and how answers are counted."""

from __future__ import annotations

from functools import cache

from provisioning.aws.handlers import schemas
from provisioning.management.rights.arns import FORMS
from provisioning.management.rights.check import TEAM, rendered_catalogue
from provisioning.management.rights.environment_roles import environment_questions
from provisioning.management.rights.portal_role import portal_questions
from provisioning.management.rights.questions import Asker, Count, Question, count
from provisioning.management.rights.rendered import RenderedStack
from provisioning.management.rights.stack_role import stack_role_questions
from provisioning.policy.documents import parse_policy
from provisioning.policy.principal import Principal
from provisioning.policy.reference import REFERENCE
from tests.rights.conftest import only
from tests.support.example_environment import ORDERS

_ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def _principal(*more: dict[str, object]) -> Principal:
    """A role that may do everything except what more statements deny."""
    document = {"Version": "2012-10-17", "Statement": [_ALLOW_ALL["Statement"], *more]}
    return Principal("arn:aws:iam::111122223333:role/x", parse_policy(document, "x"))


@cache
def _stacks(slug: str) -> tuple[RenderedStack, ...]:
    return tuple(stack for _, stacks in rendered_catalogue(only(slug)) for stack in stacks)


@cache
def _stack_questions(slug: str) -> tuple[Question, ...]:
    return tuple(question for stack in _stacks(slug) for question in stack_role_questions(stack))


def _find(slug: str, purpose: str, action: str) -> list[Question]:
    return [one for one in _stack_questions(slug) if one.purpose == purpose and one.action == action]


def test_permissions_are_asked_for_on_the_names_that_the_template_gives() -> None:
    resources = {one.resource for one in _find("amply", "AWS::S3::Bucket, create", "s3:CreateBucket")}
    rendered = {bucket.arn for stack in _stacks("amply") for bucket in stack.of_type("AWS::S3::Bucket")}
    assert resources == rendered
    assert all(arn.startswith("arn:aws:s3:::") for arn in rendered)


def test_every_resource_that_iam_knows_has_an_arn() -> None:
    """A type without a form must be one that no action of the reference acts on by itself."""
    without = {
        resource.type
        for slug in ("amply", "carbon-connect", "webhook-pipeline")
        for stack in _stacks(slug)
        for resource in stack.resources
        if not resource.arn
    }
    assert without
    assert not without & set(FORMS)
    taggable = {name for name in without if name in schemas() and schemas()[name].taggable}
    assert taggable == set()


def test_every_arn_is_one_that_the_reference_knows() -> None:
    patterns = [
        kind
        for prefix in REFERENCE.prefixes
        for action in REFERENCE.actions_of(prefix)
        for kind in REFERENCE.action(action).types
    ]
    unknown = {
        name
        for name, form in FORMS.items()
        if not any(
            kind.covers(form.arn("x", {}, region="eu-central-1", account_id="111122223333", partition="aws"))
            for kind in {pattern.arn_pattern: pattern for pattern in patterns}.values()
        )
    }
    assert unknown == set()


def test_a_new_resource_has_no_tags_and_its_request_has_them() -> None:
    (create, *_) = _find("amply", "AWS::SQS::Queue, create", "sqs:CreateQueue")
    assert create.tags is None
    assert create.context["aws:RequestTag/portal:team"] == TEAM
    (change, *_) = _find("amply", "AWS::SQS::Queue, update", "sqs:SetQueueAttributes")
    assert change.tags is not None


def test_a_deletion_also_reads_what_is_gone() -> None:
    reads = _find("amply", "AWS::SQS::Queue, delete", "sqs:GetQueueAttributes")
    assert {bool(one.tags) for one in reads} == {True, False}


def test_roles_are_passed_to_the_service_that_runs_them() -> None:
    passed = _find("amply", "AWS::ECS::TaskDefinition, create", "iam:PassRole")
    assert passed
    assert {one.context["iam:PassedToService"] for one in passed} == {"ecs-tasks.amazonaws.com"}


def test_secrets_are_read_for_dynamic_references() -> None:
    read = [one for one in _stack_questions("amply") if one.purpose == "dynamic references"]
    assert {one.action for one in read} == {"secretsmanager:GetSecretValue"}
    assert all(one.tags is not None and ":secret:" in one.resource for one in read)


def test_what_a_role_of_an_environment_does_is_asked_of_role_and_boundary() -> None:
    everything = parse_policy(_ALLOW_ALL, "boundary")
    nothing_of_s3 = parse_policy(
        {
            "Version": "2012-10-17",
            "Statement": [_ALLOW_ALL["Statement"], {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
        },
        "boundary",
    )
    stack = _stacks("amply")[-1]
    answers = [question.ask(role) for role, question in environment_questions(stack, everything)]
    assert answers
    assert not [one.decision.explain() for one in answers if not one.decision.allowed]
    limited = [question.ask(role) for role, question in environment_questions(stack, nothing_of_s3)]
    assert {one.question.action.partition(":")[0] for one in limited if not one.decision.allowed} == {"s3"}


def test_answers_are_counted_once_for_each_purpose() -> None:
    denied = {"Effect": "Deny", "Action": "sqs:SetQueueAttributes", "Resource": "*"}
    answers = [one.ask(_principal(denied)) for one in _stack_questions("amply")]
    counted = count(answers)
    assert counted.missing == len(
        {one.purpose for one in _stack_questions("amply") if one.action == "sqs:SetQueueAttributes"}
    )
    assert counted.planned == 0
    portal = [one.ask(_principal()) for one in portal_questions(ORDERS)]
    whole = count(portal)
    assert whole == Count(needed=whole.needed, granted=whole.needed, planned=whole.planned)
    assert 0 < whole.planned < whole.needed
    assert {one.question.asker for one in portal} == {Asker.PORTAL}
