"""What a design names outside its environment: hosted zones, secrets, certificates, roles, images."""

from __future__ import annotations

from provisioning.components.registry import component
from provisioning.design.external_names import ExternalName
from provisioning.design.graph import Design


def external_names(design: Design) -> tuple[ExternalName, ...]:
    """Return every such name in the order of the design; a name that is used twice is there twice.

    Reads the settings of every component, and of a `cloudformation` component its parameters and
    its template as well.
    """
    return tuple(
        name for node in design.nodes.values() for name in component(node.kind).external_names(node, design.environment)
    )
