"""Everything that a rule can query: the model of one parameter case, and facts derived from it once
for all rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from provisioning.design.size_policy import SizePolicy
from provisioning.proof.model.listening import Listening
from provisioning.proof.model.network import Network
from provisioning.proof.model.policies import Policies
from provisioning.proof.model.security_groups import Groups
from provisioning.proof.model.template import Model, Resource


class View:
    """`policy` holds the rules of the size, if the caller knows it; `changing` means that the
    templates update a running stack. `listed` are the names of others' secrets and roles that an
    administrator has listed for the team.
    """

    def __init__(
        self,
        model: Model,
        *,
        policy: SizePolicy | None = None,
        changing: bool = False,
        listed: frozenset[str] = frozenset(),
    ) -> None:
        self.model = model
        self.policy = policy
        self.changing = changing
        self.listed = listed
        self.network = Network(model)
        self.groups = Groups(model, self.network)
        self.listening = Listening(model)
        self.policies = Policies(model)

    def of(self, *types: str) -> Iterator[Resource]:
        return self.model.of(*types)

    @property
    def protected(self) -> bool:
        """Whether the rules for staging and production apply."""
        if self.policy is not None:
            return self.policy.retains_data
        return any(stack.termination_protection for stack in self.model.stacks)

    @cached_property
    def vpcs(self) -> list[Resource]:
        return list(self.of("AWS::EC2::VPC"))
