"""The scripted AWS as the nightly scan sees it, and people who work in the console."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from provisioning.aws import AwsError, StackSpec, interface
from provisioning.models import Account
from tests.fixtures.world import REGION, World
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.outsider import Outsider

BODY = json.dumps({"Resources": {"Theirs": {"Type": "AWS::SNS::Topic"}}})


@dataclass
class Console:
    """`refused` are errors by account id, for every call. `during` is what happens while a call is
    being answered, once.
    """

    world: World
    refused: dict[str, AwsError] = field(default_factory=dict)
    during: dict[str, Callable[[], object]] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    """Templates by stack id, that the scripted AWS cannot parse."""
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def outsider(self) -> Outsider:
        return Outsider(self.world.cloud)

    def aws_for(self, account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws:
        return CountedAws(self, account.access(region, stack_role_arn=stack_role_arn))

    def update(self, stack: ScriptedStack) -> None:
        """Update a stack in the console, and wait for it."""
        self.outsider.update_stack(stack, lambda template: template.update(Description="Changed by hand"))
        self.wait()

    def create(self, name: str, tags: dict[str, str], *, region: str = REGION) -> ScriptedStack:
        """Create a stack with these tags, and wait for it."""
        aws = ScriptedAws(self.world.cloud, self.world.account.access(region))
        stack_id = aws.create_stack(StackSpec(name=name, body=BODY, tags=tags), token=f"console-{name}")
        self.wait()
        return next(stack for stack in self.world.cloud.stacks if stack.stack_id == stack_id)

    def wait(self, seconds: float = 60) -> datetime:
        self.world.cloud.clock.advance(seconds)
        self.world.cloud.settle()
        return self.world.now


class CountedAws(ScriptedAws):
    def __init__(self, console: Console, access: interface.AccountAccess) -> None:
        super().__init__(console.world.cloud, access)
        self.console = console

    def stack_template(self, stack_id: str, *, change_set_id: str = "") -> str:
        return self.console.templates.get(stack_id) or super().stack_template(stack_id, change_set_id=change_set_id)

    @contextmanager
    def reading(self, call: str) -> Iterator[None]:
        self.console.calls[call] += 1
        if (error := self.console.refused.get(self.access.account_id)) is not None:
            raise error
        with super().reading(call):
            yield
        if (meanwhile := self.console.during.pop(call, None)) is not None:
            meanwhile()
