"""What the security checks found, as the API shows it for a preview and for a stored plan."""

from __future__ import annotations

from typing import Self

from ninja import Schema
from pydantic import Field

from provisioning.proof.report import Proof


class FindingOut(Schema):
    rule: str
    severity: str = Field(description="high, medium, low or info.")
    sentence: str
    remedy: str
    resources: list[str]

    @classmethod
    def of(cls, proof: Proof) -> list[Self]:
        return [
            cls(
                rule=one.rule,
                severity=one.severity,
                sentence=one.sentence,
                remedy=one.remedy,
                resources=list(one.resources),
            )
            for one in proof.findings
        ]
