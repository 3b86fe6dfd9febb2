"""The page that confirms a recovery: what is stuck, why, and what can be done about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from portal.pages.recover.forms import RecoverForm
from provisioning.aws import AwsError
from provisioning.lifecycle.failure_explanations import ROLLING_BACK, Explained, FailedResource, explain
from provisioning.lifecycle.plan_document import StackToRecover
from provisioning.lifecycle.services.recover import AwsFor, RecoveryPreview, check_may_be_recovered, preview_recovery
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
    """`skip` is whether resources are skipped; `may_skip` whether something is stuck that can be.

    Without a `preview`, AWS has not been read yet, or could not be: `trouble` says why.
    """

    environment: Environment
    form: RecoverForm
    request_id: object
    skip: bool
    notice: str = ""
    preview: RecoveryPreview | None = None
    trouble: str = ""

    @property
    def stacks(self) -> list[StuckStack]:
        return [] if self.preview is None else [_stuck(stack) for stack in self.preview.plan.stacks]

    @property
    def may_skip(self) -> bool:
        return any(stack.stack.stuck for stack in self.stacks)


def recover_page(environment: Environment, *, skip: bool, form: RecoverForm | None = None) -> RecoverPage:
    """The page before AWS was read. Reads the database only. Raises WrongState if nothing can be
    recovered.
    """
    check_may_be_recovered(environment)
    form = form or RecoverForm(initial={"request_id": uuid.uuid4()})
    request_id = uuid.uuid4() if "request_id" in form.errors else form["request_id"].value()
    return RecoverPage(environment, form, request_id, skip)


def read_page(
    user: User,
    environment: Environment,
    *,
    skip: bool,
    aws_for: AwsFor,
    form: RecoverForm | None = None,
    notice: str = "",
) -> RecoverPage:
    """The page with what AWS reports. Raises NotAllowed, and WrongState if there is nothing to
    recover.
    """
    page = recover_page(environment, skip=skip, form=form)
    try:
        preview = preview_recovery(actor=user, environment=environment, skip=skip, aws_for=aws_for)
    except AwsError as error:
        return replace(page, trouble=f"AWS could not be read: {error} {error.advice}")
    return replace(page, preview=preview, notice=notice)


def _stuck(stack: StackToRecover) -> StuckStack:
    return StuckStack(
        stack,
        [
            explain(FailedResource(resource.logical_id, resource.type, resource.reason), ROLLING_BACK)
            for resource in stack.stuck
        ],
    )
