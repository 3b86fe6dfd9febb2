"""What a blueprint looks like before anybody has filled anything in: each size with the inputs' examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString

from portal.panels.diagram import NO_PICTURE, safe
from portal.panels.proof import SHOWN_BESIDE_A_FORM, ProofPanel, proof_panel
from portal.panels.timeline import TimelinePanel, timeline_panel
from portal.web.formatting import said_setting, short_type, title_of
from provisioning.blueprint import Blueprint, BlueprintError, example_inputs, resolve
from provisioning.design.environment_name import EXAMPLE_ACCOUNT_ID, default_name
from provisioning.design.errors import DesignError
from provisioning.design.graph import EnvironmentContext
from provisioning.diagram.svg import draw
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from provisioning.timeline.forecast import explain


@dataclass(frozen=True, slots=True)
class Showcase:
    """`trouble` is set, and the rest empty, where the examples do not make a whole."""

    size: str
    requires_approval: bool
    picture: SafeString = NO_PICTURE
    resources: int = 0
    types: tuple[tuple[str, int], ...] = ()
    keeps: int = 0
    proof: ProofPanel | None = None
    timeline: TimelinePanel | None = None
    trouble: str = ""


def showcase(blueprint: Blueprint, size: str) -> Showcase:
    found = _kept.get((blueprint.digest, size))
    if found is None:
        if len(_kept) > KEPT_AT_MOST:
            _kept.clear()
        found = _kept[blueprint.digest, size] = _make(blueprint, size)
    return found


# Drawing and compiling take some hundredths of a second; a blueprint's files are known by their digest.
KEPT_AT_MOST = 200
_kept: dict[tuple[str, str], Showcase] = {}


def _make(blueprint: Blueprint, size: str) -> Showcase:
    requires_approval = blueprint.sizes[size].requires_approval
    place = EnvironmentContext(
        name=default_name(blueprint.slug, size),
        team="team",
        region=blueprint.default_region,
        account_id=EXAMPLE_ACCOUNT_ID,
    )
    try:
        inputs, _ = example_inputs(blueprint, size, {})
        design = resolve(blueprint, size=size, inputs=inputs, environment=place)
        compiled = compile_design(design)
        timeline = explain(design, compiled)
    except (BlueprintError, DesignError) as error:
        return Showcase(size, requires_approval, trouble=str(error))
    return Showcase(
        size=size,
        requires_approval=requires_approval,
        picture=safe(draw(design)),
        resources=len(compiled.resources),
        types=tuple(Counter(short_type(resource.type) for resource in compiled.resources).most_common()),
        keeps=len(compiled.retained),
        proof=proof_panel(prove(compiled, policy=design.policy).as_json(), lines=SHOWN_BESIDE_A_FORM),
        timeline=timeline_panel(timeline.as_json()),
    )


@lru_cache(maxsize=64)
def _title(key: str) -> str:
    return title_of(key)


def differences(blueprint: Blueprint) -> list[tuple[str, list[str]]]:
    """The table of what differs between the sizes: a setting, and its value in each."""
    names = list(
        dict.fromkeys(name for size in blueprint.sizes.values() for name in size.settings if name != "approval")
    )
    rows = [
        (_title(name), [said_setting(size.settings.get(name)) for size in blueprint.sizes.values()]) for name in names
    ]
    approvals = ["by an approver" if size.requires_approval else "not needed" for size in blueprint.sizes.values()]
    return [("Approval", approvals), *rows]
