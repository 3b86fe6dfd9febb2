"""The rules that apply to every environment of a size, whatever its blueprint says.

A blueprint's `size` block holds the settings that differ between its sizes. The rules here are the
portal's own: no blueprint can relax them. Each is decided once, in `SIZE_POLICIES`; the template,
the security checks, the blueprint loader and the services read the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class SizePolicy:
    """The portal's rules for one size.

    `protects_stacks`: stacks get termination protection and a stack policy.
    `retains_data`: data that cannot be recreated must outlive its stack.
    `requires_deletion_protection`: databases must refuse deletion.
    `requires_approval`: an approver decides, even if the blueprint says otherwise.
    `refuses_high_findings`: a plan with a security finding of severity high is refused.
    `accepts_drafts`: blueprint versions that are still drafts may be requested.
    """

    name: str
    protects_stacks: bool
    retains_data: bool
    requires_deletion_protection: bool
    requires_approval: bool
    refuses_high_findings: bool
    accepts_drafts: bool


SIZE_POLICIES: Final[Mapping[str, SizePolicy]] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            SizePolicy(
                name="dev",
                protects_stacks=False,
                retains_data=False,
                requires_deletion_protection=False,
                requires_approval=False,
                refuses_high_findings=False,
                accepts_drafts=True,
            ),
            SizePolicy(
                name="staging",
                protects_stacks=True,
                retains_data=True,
                requires_deletion_protection=False,
                requires_approval=False,
                refuses_high_findings=False,
                accepts_drafts=False,
            ),
            SizePolicy(
                name="prod",
                protects_stacks=True,
                retains_data=True,
                requires_deletion_protection=True,
                requires_approval=True,
                refuses_high_findings=True,
                accepts_drafts=False,
            ),
        )
    }
)
SIZES: Final = tuple(SIZE_POLICIES)
