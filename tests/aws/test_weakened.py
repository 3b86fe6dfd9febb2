"""Weakening a policy of the onboarding templates lets an attack through: without this, an attack
could be denied by chance, and a statement could be there for nothing.
"""

from __future__ import annotations

from typing import Final

from tests.aws.attacks import kept_stacks
from tests.aws.attacks.attack import decision_on
from tests.aws.onboarded import ACCOUNT_PARAMETERS, KEEPING_PARAMETERS, onboarded
from tests.aws.test_attacks import ATTACKS
from tests.aws.weakened import Weakened, all_weakened

_ONE_TYPE: Final = "The actions know no other type of resource, and a condition decides which of them."
_OPENED: Final = "with * for arn:${AWS::Partition}:"
_STACKS: Final = f"{_OPENED}cloudformation:*:${{AWS::AccountId}}:stack/*"

# Changes that weaken nothing, each with the reason.
EQUIVALENT: Final = {
    f"PortalRole/CreateStacksAsATeam: {_STACKS}": _ONE_TYPE,
    f"PortalRole/TagStacksInTheSameRequest: {_STACKS}": "CreateStack and CreateChangeSet tag nothing but a stack.",
    f"PortalRole/ChangeStacksOfTheSameEnvironment: {_STACKS}": _ONE_TYPE,
    f"PortalRole/EndStacksAsTheirTeam: {_STACKS}": _ONE_TYPE,
    f"PortalRole/OnlyStacksOfThePortal: {_STACKS}": _ONE_TYPE,
    f"PortalRole/DeleteStacksOfFormerEnvironments: {_STACKS}": _ONE_TYPE,
    f"PortalRole/OneOffTasks: {_OPENED}ecs:*:${{AWS::AccountId}}:task-definition/*": _ONE_TYPE,
    f"PortalRole/OneOffTasksAreTagged: {_OPENED}ecs:*:${{AWS::AccountId}}:task/*": "RunTask tags nothing but a task.",
    f"PortalRole/TeardownOfScaling: {_OPENED}application-autoscaling:*:${{AWS::AccountId}}:scalable-target/*": _ONE_TYPE,
    f"PortalRole/TeardownOfNetworkInterfaces: {_OPENED}ec2:*:${{AWS::AccountId}}:network-interface/*": (
        "The action knows no other type of resource, and these have no tags: docs/SECURITY.md says so."
    ),
    f"StackServices/RecordsOfPrivateZones: {_OPENED}route53:::hostedzone/*": _ONE_TYPE,
    f"StackRole/ServiceLinkedRolesOfTheseServices: {_OPENED}iam::${{AWS::AccountId}}:role/aws-service-role/*": (
        "AWS makes service-linked roles under this path only, and the condition names the services."
    ),
    "StackEventQueuePolicy/TheRuleSends: with * for StackEventQueue.Arn": "A queue's policy speaks of that queue only.",
    "StackRole/NeverWithoutTheBoundary: dropped": (
        "The former stack role has no statement that allows the action; the Deny is kept as it was."
    ),
    **{
        f"StackFences/NotWhatStacksNeverNeed: without {action}": (
            "No statement allows it. The Deny holds even if somebody attaches another policy to the role."
        )
        for action in (
            "cloudformation:*",
            "lambda:AddLayerVersionPermission",
            "lambda:Invoke*",
            "secretsmanager:BatchGetSecretValue",
            "sts:*",
        )
    },
}


def _lets_an_attack_through(weakened: Weakened) -> bool:
    """Tries the attacks on the weakened statement first: nearly always one of them gets through."""
    sid = weakened.statement.partition("/")[2]
    for attacks, parameters in ((ATTACKS, ACCOUNT_PARAMETERS), (kept_stacks.ATTACKS, KEEPING_PARAMETERS)):
        account = onboarded(weakened.account, weakened.team, parameters)
        likely_first = sorted(attacks, key=lambda attack: attack.denied_by != sid)
        if any(decision_on(account, attack.who, attack.deed).allowed for attack in likely_first):
            return True
    return False


def test_every_weakening_lets_an_attack_through_or_changes_nothing() -> None:
    weakened = list(all_weakened())
    assert len(weakened) > 200
    survivors = {str(one) for one in weakened if not _lets_an_attack_through(one)}
    assert survivors - set(EQUIVALENT) == set(), "add an attack that this weakening lets through, or drop the statement"
    assert set(EQUIVALENT) - survivors == set(), "these weakenings do let an attack through: remove them here"
