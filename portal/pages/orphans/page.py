"""The page of stacks and resources that belong to no environment."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.lifecycle.access import check_may_see_orphans, teams_user_may_act_for
from provisioning.lifecycle.read.orphans import SHOWN, OrphanLine, ScanLine, orphan_lines, scan_lines
from provisioning.models import User


@dataclass(frozen=True, slots=True)
class OrphansPage:
    orphans: list[OrphanLine]
    scans: list[ScanLine]
    is_cut: bool
    may_adopt: bool


def orphans_page(user: User) -> OrphansPage:
    """Raises NotAllowed."""
    check_may_see_orphans(user)
    orphans = orphan_lines()
    return OrphansPage(
        orphans=orphans, scans=scan_lines(), is_cut=len(orphans) == SHOWN, may_adopt=bool(teams_user_may_act_for(user))
    )
