"""The kinds of component that a blueprint may use: one for each folder in `kinds/`."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules

from provisioning.components import kinds as _folders
from provisioning.components.kit.component import Component


class UnknownComponent(ValueError):  # noqa: N818 - a mistake in a blueprint, reported to its author
    """A blueprint names a kind of component that does not exist."""

    def __init__(self, kind: str, known: list[str]) -> None:
        super().__init__(f'There is no component kind "{kind}"; known are {", ".join(known)}.')
        self.kind = kind
        self.known = known


def component(kind: str) -> Component:
    """Return the component of this kind. Raises UnknownComponent."""
    try:
        return _COMPONENTS[kind]
    except KeyError:
        raise UnknownComponent(kind, kinds()) from None


def kinds() -> list[str]:
    return sorted(_COMPONENTS)


def _discover(folder: str) -> Component:
    """Return the component of one folder of `kinds/`: the one class in its `component.py` whose
    `kind` is the folder's name.
    """
    module = import_module(f"{_folders.__name__}.{folder}.component")
    classes = [
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Component) and each.__module__ == module.__name__
    ]
    if len(classes) != 1 or classes[0].kind != folder:
        named = ", ".join(each.__name__ for each in classes) or "none"
        raise ImportError(
            f'{module.__file__} must define exactly one component, with kind = "{folder}"; it defines {named}.'
        )
    made: Component = classes[0]()
    return made


_COMPONENTS: dict[str, Component] = {folder.name: _discover(folder.name) for folder in iter_modules(_folders.__path__)}
