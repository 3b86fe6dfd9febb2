"""What the change form shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.pages.change.forms import ChangeForm
from provisioning.blueprint import Blueprint
from provisioning.lifecycle.read.versions import versions_of
from provisioning.lifecycle.rules import approval_rule
from provisioning.models import BlueprintVersion, Environment, RuleKind

_OFFERED = ("published", "draft")
EXPRESS = (
    "This size deploys in express mode: CloudFormation reports a resource as done as soon as its configuration is "
    "applied, so a change ends sooner, but the resource may not be ready yet, and a failure after that is not rolled back."
)
STANDARD = (
    "This size deploys in standard mode: CloudFormation waits until each resource is ready, and rolls the change back "
    "if one does not become ready."
)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """`problems` are sentences about the whole form."""

    environment: Environment
    form: ChangeForm
    problems: Sequence[str]
    notice: str = ""

    @property
    def blueprint(self) -> Blueprint:
        return self.form.blueprint

    @property
    def needs_approval(self) -> bool:
        old = self.blueprint.sizes.get(self.environment.size)
        return approval_rule(
            team=self.environment.team,
            account=self.environment.account,
            size=self.form.chosen_size,
            size_before=self.environment.size,
            kind=RuleKind.CHANGE,
            blueprint=self.blueprint,
            required=old is not None and old.requires_approval,
        ).requires_approval

    @property
    def deployment(self) -> str:
        """The trade-off of the deployment mode that the size sets."""
        settings = self.blueprint.sizes[self.form.chosen_size].settings
        return EXPRESS if settings.get("express", False) else STANDARD


def offered_versions(environment: Environment) -> list[BlueprintVersion]:
    """The versions that the environment can have: those that are offered, and the one that it runs."""
    version = environment.blueprint_version
    return [row for row in versions_of(version.slug) if row.maturity in _OFFERED or row.version == version.version]
