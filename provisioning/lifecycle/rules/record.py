"""What rules answer: a refusal with its rule, and the approvals that a request needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from provisioning.errors import Refused
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import ApproverGroup


@dataclass(frozen=True, slots=True)
class RuleReference:
    """The version of a rule that a decision rests on. `changed_by` names who wrote that version.

    What the portal itself requires of a size has no id and version 0.
    """

    title: str
    version: int = 0
    changed_by: str = ""
    rule_id: UUID | None = None

    @property
    def label(self) -> str:
        """Such as "Rule: Production in sandbox-prod, version 3, Olivia Olsson"."""
        if self.rule_id is None:
            return f"Rule: {self.title}, built into the portal"
        return f"Rule: {self.title}, version {self.version}, {self.changed_by}"


@dataclass(frozen=True, slots=True)
class RuleInEffect:
    """The version of a rule that is in effect now."""

    reference: RuleReference
    scope: Scope
    settings: RuleSettings


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rule refuses a request. `field` is the field of the request form that it concerns:
    `place`, `input_NAME`; empty if none.
    """

    rule: RuleReference
    sentence: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} ({self.rule.label})"


class RefusedByRules(Refused):
    """Rules refuse a request. `refusals` has all of them."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("\n".join(map(str, refusals)))
        self.refusals = tuple(refusals)


@dataclass(frozen=True, slots=True)
class Needed:
    """So many approvals by members of a group, and the rules that ask for them."""

    group: ApproverGroup
    count: int
    because: tuple[RuleReference, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """The approvals that a request needs: those of every group in `needs`.

    Each person counts once, for one group. `pending_for` is how long the request may wait for a
    decision, `valid_for` how long its approval is valid.
    """

    needs: tuple[Needed, ...]
    pending_for: timedelta
    valid_for: timedelta
    because: tuple[RuleReference, ...] = ()
    """The rules that set the two durations."""

    @property
    def requires_approval(self) -> bool:
        return bool(self.needs)

    @property
    def count(self) -> int:
        """How many persons have to approve."""
        return sum(needed.count for needed in self.needs)

    @property
    def groups(self) -> frozenset[ApproverGroup]:
        """The groups whose members may approve."""
        return frozenset(needed.group for needed in self.needs)

    def and_also(self, other: ApprovalRule) -> ApprovalRule:
        """What both ask for: the most approvals of each group, and the shortest durations."""
        both = [*self.needs, *other.needs]
        needs = []
        for group in ApproverGroup:
            most = max((needed.count for needed in both if needed.group is group), default=0)
            because = (
                rule for needed in both if needed.group is group and needed.count == most for rule in needed.because
            )
            if most:
                needs.append(Needed(group, most, tuple(dict.fromkeys(because))))
        return ApprovalRule(
            tuple(needs),
            min(self.pending_for, other.pending_for),
            min(self.valid_for, other.valid_for),
            tuple(dict.fromkeys((*self.because, *other.because))),
        )

    def missing(self, voters: Iterable[frozenset[ApproverGroup]]) -> tuple[Needed, ...]:
        """What is still needed after these people have approved, each given by their groups.

        A person who is in several groups counts for the one where that leaves the least missing.
        """
        slots = [needed.group for needed in self.needs for _ in range(needed.count)]
        filled: dict[int, int] = {}  # slot → voter
        people = list(voters)

        def seat(voter: int, tried: set[int]) -> bool:
            """Find a slot for a voter, and if it is taken, another one for the voter in it."""
            for slot, group in enumerate(slots):
                if group not in people[voter] or slot in tried:
                    continue
                tried.add(slot)
                if slot not in filled or seat(filled[slot], tried):
                    filled[slot] = voter
                    return True
            return False

        for voter in range(len(people)):
            seat(voter, set())
        still = Counter(group for slot, group in enumerate(slots) if slot not in filled)
        return tuple(
            Needed(needed.group, still[needed.group], needed.because) for needed in self.needs if still[needed.group]
        )

    @property
    def sentence(self) -> str:
        """Such as "2 approvals: 1 by approvers, 1 by owners of the team"."""
        if not self.needs:
            return "No approval"
        by = ", ".join(f"{needed.count} by {needed.group.label}" for needed in self.needs)
        return f"{self.count} {'approval' if self.count == 1 else 'approvals'}: {by}"
