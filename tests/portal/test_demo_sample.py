"""How the demo prepares its simulated accounts on a machine that is busy."""

from __future__ import annotations

import pytest

from portal.demo.sample import patiently
from provisioning.aws.errors import AccessDenied, AwsError, Unclear


class Onboarding:
    """Fails with each of `errors` in turn, and then succeeds."""

    def __init__(self, *errors: AwsError) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


def lost() -> Unclear:
    return Unclear("The answer was lost.", operation="cloudformation:CreateStack")


def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    onboarding = Onboarding(lost(), lost())
    patiently(onboarding, pause=0)
    assert onboarding.calls == 3


def test_a_refusal_is_final() -> None:
    onboarding = Onboarding(AccessDenied("No.", operation="cloudformation:CreateStack"))
    with pytest.raises(AccessDenied):
        patiently(onboarding, pause=0)
    assert onboarding.calls == 1


def test_patience_ends() -> None:
    with pytest.raises(Unclear):
        patiently(Onboarding(lost(), lost()), seconds=-1, pause=0)
