"""From a design to everything that can be read off it: the template and the picture. Pure: no I/O, no Django, no AWS."""

from provisioning.components.base import DesignError
from provisioning.components.build import Added as CompiledResource
from provisioning.components.build import AfterStep
from provisioning.components.build import Kept as Retained
from provisioning.design.compile import CompiledDesign, CompiledTemplate, compile_design
from provisioning.design.order import dependency_order
from provisioning.design.picture import draw

__all__ = [
    "AfterStep",
    "CompiledDesign",
    "CompiledResource",
    "CompiledTemplate",
    "DesignError",
    "Retained",
    "compile_design",
    "dependency_order",
    "draw",
]
