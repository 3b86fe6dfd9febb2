"""A person who works in the AWS account without the portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.scripted_aws.cloud import Cloud, ScriptedStack
from tests.scripted_aws.formation import Formation
from tests.scripted_aws.update import Update


@dataclass(frozen=True)
class Outsider:
    cloud: Cloud

    def edit(self, stack: ScriptedStack, logical_id: str, **properties: Any) -> None:
        """Change properties of a resource in its own service."""
        self.cloud.settle()
        stack.resources[logical_id].edits.update(properties)

    def delete_resource(self, stack: ScriptedStack, logical_id: str) -> None:
        self.cloud.settle()
        self.cloud.end(stack, stack.resources[logical_id])

    def update_stack(
        self,
        stack: ScriptedStack,
        change: Callable[[dict[str, Any]], None] = lambda _template: None,
        *,
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """UpdateStack with a changed template, as the console sends it."""
        self.cloud.settle()
        template = json.loads(stack.spec.body)
        change(template)
        target = replace(
            stack.spec,
            body=json.dumps(template),
            parameters={**stack.spec.parameters, **(parameters or {})},
            tags=dict(stack.spec.tags) if tags is None else dict(tags),
        )
        self.cloud.begin_operation(stack, "UPDATE_STACK", f"Console-UpdateStack-{self.cloud.number()}")
        Update(self.cloud, stack, target).start()

    def delete_stack(self, stack: ScriptedStack) -> None:
        self.cloud.settle()
        self.cloud.begin_operation(stack, "DELETE_STACK", f"Console-DeleteStack-{self.cloud.number()}")
        Formation(self.cloud, stack).delete()

    def protect(self, stack: ScriptedStack, *, enabled: bool) -> None:
        stack.protected = enabled
        self.cloud.remember(stack)

    def set_policy(self, stack: ScriptedStack, policy: str) -> None:
        stack.policy = policy
