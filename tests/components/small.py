"""A network, a cluster and one service that uses the component under test: the smallest design that
compiles.
"""

from __future__ import annotations

import json
from typing import Any

from provisioning.design.graph import Node, Reference
from provisioning.template.compile import compile_design
from tests.support.designs import design, node
from tests.support.reading import Template

TIERS = {
    "public": ["10.0.0.0/24", "10.0.1.0/24"],
    "private": ["10.0.2.0/24", "10.0.3.0/24"],
    "data": ["10.0.4.0/24", "10.0.5.0/24"],
}


def rendered(
    *nodes: Node,
    beside: tuple[Node, ...] = (),
    outputs: dict[str, str] | None = None,
    size: str = "dev",
    changing: bool = False,
    **service: Any,
) -> Template:
    """The template of a design whose service `api` uses all of these nodes, and none of `beside`;
    `service` are more settings of it.
    """
    settings: dict[str, Any] = {"image": "public.ecr.aws/example/api:1", "cpu": 256, "memory": 512} | service
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single", tiers=TIERS),
        node("cluster", "main"),
        node("service", "api", uses=tuple(Reference(n.kind, n.name) for n in nodes), **settings),
        *nodes,
        *beside,
        size=size,
        outputs={name: Reference(*text.split(".")) for name, text in (outputs or {}).items()},
    )
    return Template(json.loads(compile_design(made, changing=changing).main.body))
