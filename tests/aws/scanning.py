"""Finds every call of AWS in the source, by following clients from where they are obtained to where
they are used.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session

from provisioning.aws.sessions import Clients, Service

# Clients that are obtained in some other way than from `Clients`.
_OTHER_CLIENTS = {"_own_sts": "sts"}
_NOT_AN_OPERATION = {"client", "close", "get_paginator", "paginate", "meta", "can_paginate", "exceptions"}


class UntraceableError(AssertionError):
    """A call whose service or operation the source does not state where it is made."""


def calls_in(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Returns the places of every call, by its name, such as "ecs:RunTask"."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("*.py")):
        for name, line in calls_of_module(path.read_text(encoding="utf-8"), str(path.relative_to(folder))):
            places[name].add(f"{path.relative_to(folder)}:{line}")
    return {name: tuple(sorted(lines)) for name, lines in sorted(places.items())}


def calls_of_module(source: str, where: str) -> Iterator[tuple[str, int]]:
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    variables = _client_variables(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        service, method = _service(node.func.value, variables, where), node.func.attr
        if service is None:
            if _could_be_a_call(node, modules):
                raise UntraceableError(
                    f"{where}:{node.lineno}: {ast.unparse(node.func)} looks like a call of AWS on a client that cannot be "
                    "followed. Take the client from `Clients` in the same function."
                )
            continue
        if method in ("get_paginator", "get_waiter"):
            (argument,) = node.args
            if not isinstance(argument, ast.Constant):
                raise UntraceableError(f"{where}:{node.lineno}: name the operation of the paginator as a constant.")
            method = str(argument.value)
        if method not in _NOT_AN_OPERATION:
            yield f"{service}:{operations(service)[method]}", node.lineno


def _client_variables(tree: ast.AST) -> dict[str, str]:
    """Local variables that hold a client. One name must not hold clients of two services."""
    variables: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            service = _service(node.value, {}, "")
            if service is not None and variables.setdefault(node.targets[0].id, service) != service:
                raise UntraceableError(f"{node.targets[0].id} holds clients of two services; use two names.")
    return variables


def _service(node: ast.expr, variables: Mapping[str, str], where: str) -> str | None:
    """The service of `aws.s3`, `aws.client("s3")`, or a variable that holds one of them."""
    match node:
        case ast.Call(func=ast.Attribute(attr="client"), args=[ast.Constant(value=str(name))]):
            return name
        case ast.Call(func=ast.Attribute(attr="client")):
            raise UntraceableError(f"{where}:{node.lineno}: name the service of the client as a constant.")
        case ast.Attribute(attr=name) if name in _OTHER_CLIENTS:
            return _OTHER_CLIENTS[name]
        case ast.Attribute(value=ast.Name(id="aws" | "self"), attr=name) if isinstance(
            vars(Clients).get(name), Service
        ):
            return str(vars(Clients)[name].name)
        case ast.Name(id=name):
            return variables.get(name)
    return None


def _could_be_a_call(node: ast.Call, modules: set[str]) -> bool:
    """A method named like an operation of AWS, on something that is no module of ours."""
    assert isinstance(node.func, ast.Attribute)
    receiver = node.func.value
    if isinstance(receiver, ast.Name) and receiver.id in modules:
        return False
    if isinstance(receiver, ast.Attribute) and receiver.attr == "_clients":
        return False  # all clients together
    return node.func.attr in _all_methods() or node.func.attr == "get_paginator"


@cache
def operations(service: str) -> Mapping[str, str]:
    """Operations of a service by their methods: "run_task": "RunTask"."""
    return {xform_name(name): name for name in get_session().get_service_model(service).operation_names}


@cache
def _all_methods() -> frozenset[str]:
    services = {service.name for service in vars(Clients).values() if isinstance(service, Service)}
    return frozenset(method for service in services for method in operations(service))
