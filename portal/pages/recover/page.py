"""The page that confirms a recovery: what is stuck, why, and what can be done about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from portal.pages.recover.forms import RecoverForm
from provisioning.aws import AwsError
from provisioning.errors import WrongState
from provisioning.lifecycle.failure_explanations import ROLLING_BACK, Explained, FailedResource, explain
from provisioning.lifecycle.plan_document import StackToRecover
from provisioning.lifecycle.services.recover import AwsFor, RecoveryPreview, preview_recovery
from provisioning.models import Environment, User


@dataclass(frozen=True, slots=True)
class StuckStack:
    """A stack to recover, with each resource that is stuck in plain words."""

    stack: StackToRecover
    explained: list[Explained]

    @property
    def title(self) -> str:
        return {
            "continue": "Continue the rollback",
            "skip": "Continue the rollback without what is stuck",
            "rollback": "Roll back what failed half way",
        }[self.stack.mode]


@dataclass(frozen=True, slots=True)
class RecoverPage:
    """`skip` is whether resources are skipped; `may_skip` whether something is stuck that can be."""

    environment: Environment
    preview: RecoveryPreview
    stacks: list[StuckStack]
    form: RecoverForm
    request_id: object
    notice: str
    skip: bool

    @property
    def may_skip(self) -> bool:
        return any(stack.stack.stuck for stack in self.stacks)


def recover_page(
    user: User,
    environment: Environment,
    *,
    skip: bool,
    aws_for: AwsFor,
    form: RecoverForm | None = None,
    notice: str = "",
) -> RecoverPage:
    """Reads AWS. Raises NotAllowed, and WrongState if there is nothing to recover or if AWS cannot be asked."""
    preview = preview_of(user, environment, skip=skip, aws_for=aws_for)
    form = form or RecoverForm(initial={"request_id": uuid.uuid4()})
    return RecoverPage(
        environment=environment,
        preview=preview,
        stacks=[_stuck(stack) for stack in preview.plan.stacks],
        form=form,
        request_id=uuid.uuid4() if "request_id" in form.errors else form["request_id"].value(),
        notice=notice,
        skip=skip,
    )


def preview_of(user: User, environment: Environment, *, skip: bool, aws_for: AwsFor) -> RecoveryPreview:
    try:
        return preview_recovery(actor=user, environment=environment, skip=skip, aws_for=aws_for)
    except AwsError as error:
        raise WrongState(
            f"AWS could not be asked how the stack is stuck. {error.advice} The error was: {error}"
        ) from error


def _stuck(stack: StackToRecover) -> StuckStack:
    return StuckStack(
        stack,
        [
            explain(FailedResource(resource.logical_id, resource.type, resource.reason), ROLLING_BACK)
            for resource in stack.stuck
        ],
    )
