"""Nobody reaches what is another team's, another environment's, the portal's or the account's; and
everybody can do the same with what is their own.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.aws.attacks import (
    kept_stacks,
    outsiders,
    portal_environments,
    portal_iam,
    portal_stacks,
    role_forged,
    role_iam,
    role_names,
    role_tags,
    stack_fences,
    stack_iam,
    stack_names,
    stack_networks,
    stack_secrets,
    stack_services,
)
from tests.aws.attacks.attack import Attack, decision_on
from tests.aws.onboarded import Account, keeping_account, shared_account

ATTACKS: tuple[Attack, ...] = (
    *stack_secrets.ATTACKS,
    *stack_fences.ATTACKS,
    *stack_iam.ATTACKS,
    *stack_services.ATTACKS,
    *stack_names.ATTACKS,
    *stack_networks.ATTACKS,
    *portal_stacks.ATTACKS,
    *portal_iam.ATTACKS,
    *portal_environments.ATTACKS,
    *role_tags.ATTACKS,
    *role_names.ATTACKS,
    *role_iam.ATTACKS,
    *role_forged.ATTACKS,
    *outsiders.ATTACKS,
)


def _assert_denied(account: Account, attack: Attack) -> None:
    decision = decision_on(account, attack.who, attack.deed)
    assert not decision.allowed, decision.explain()
    assert decision.statement.rpartition("/")[2] == attack.denied_by, decision.explain()
    if attack.own is not None:
        own = decision_on(account, attack.who, attack.own)
        assert own.allowed, own.explain()


def _name(attack: Attack) -> str:
    return f"{attack.who} {attack.what}"


@pytest.mark.parametrize("attack", ATTACKS, ids=_name)
def test_an_attack_is_denied_and_the_same_on_ones_own_is_allowed(attack: Attack) -> None:
    _assert_denied(shared_account(), attack)


@pytest.mark.parametrize("attack", kept_stacks.ATTACKS, ids=_name)
def test_former_environments_and_adopted_stacks_open_nothing_else(attack: Attack) -> None:
    _assert_denied(keeping_account(), attack)


def test_no_attack_is_listed_twice() -> None:
    assert [one for one, count in Counter(map(_name, ATTACKS)).items() if count > 1] == []
    deeds = Counter(repr((one.who, one.deed)) for one in ATTACKS)
    assert [deed for deed, count in deeds.items() if count > 1] == []
