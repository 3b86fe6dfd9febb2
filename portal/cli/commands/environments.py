"""`portal list`, `portal show` and `portal outputs`."""

from __future__ import annotations

import re
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from portal.cli.api import connect
from portal.cli.console import Console
from portal.cli.errors import CliError, Exit, UsageError
from portal.cli.lookup import find_environment
from portal.cli.resources import Environment, Output, read

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN: Final = (
    "name",
    "state",
    "team",
    "size",
    "blueprint",
    "blueprint_version",
    "account",
    "region",
    "created_by",
    "id",
)


def list_environments(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    query = {"team": arguments.team, "state": "" if arguments.all else "living"}
    documents = list(api.pages("environments_list", query))
    if arguments.json:
        console.document(documents)
        return Exit.OK
    rows = [
        [one.name, one.team, one.state, one.size, f"{one.blueprint} {one.blueprint_version}", one.region, one.id]
        for one in (read(Environment, document) for document in documents)
    ]
    console.table(("NAME", "TEAM", "STATE", "SIZE", "BLUEPRINT", "REGION", "ID"), rows)
    return Exit.OK


def show(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    environment = find_environment(api, arguments.environment, arguments.team)
    if arguments.json:
        console.document(api.call("environments_get", environment_id=environment.id).document)
        return Exit.OK
    for name in _SHOWN:
        console.line(f"{name.replace('_', ' ') + ':':<18} {getattr(environment, name)}")
    console.line(f"{'page:':<18} {api.page_url(f'environments/{environment.id}')}")
    return Exit.OK


def outputs(arguments: Namespace, console: Console) -> int:
    api = connect(console)
    environment = find_environment(api, arguments.environment, arguments.team)
    document = api.call("environments_outputs", environment_id=environment.id).document
    found = [read(Output, item) for item in document]
    if not found:
        raise CliError(f"{environment.name} has no outputs. Its state: {environment.state}.")
    if arguments.json or arguments.format == "json":
        console.document(document)
    elif arguments.format == "env":
        lines = list(env_lines(found, arguments.prefix))
        console.stdout.write("".join(f"{line}\n" for line in lines))
    else:
        _table(found, console)
    return Exit.OK


def _table(found: Sequence[Output], console: Console) -> None:
    """The parameters have a column of their own if there are any."""
    columns, rows = ["OUTPUT", "VALUE", "STACK"], [[one.id, one.value, one.stack] for one in found]
    if any(one.parameter for one in found):
        columns.append("PARAMETER")
        rows = [[*row, one.parameter] for row, one in zip(rows, found, strict=True)]
    console.table(columns, rows)


def env_lines(found: Sequence[Output], prefix: str) -> Iterator[str]:
    """Assignments that sh can evaluate. The name of an output that several stacks have begins with the
    key of its stack. Without a prefix, an output such as Path would replace a variable of the shell.
    """
    from shlex import quote  # noqa: PLC0415 - only this format needs it

    if prefix and not _VARIABLE.fullmatch(prefix):
        raise UsageError(f"“{prefix}” cannot begin the name of a variable.")
    count = Counter(variable_name(one.id) for one in found)
    written = set[str]()
    for one in found:
        name = variable_name(one.id)
        name = prefix + (f"{variable_name(one.stack)}_{name}" if count[name] > 1 else name)
        if not _VARIABLE.fullmatch(name) or name in written:
            raise CliError(f"The output {one.id} of the stack {one.stack} gives no usable name. Use --format json.")
        if not all(sign.isprintable() or sign in "\n\t" for sign in one.value):
            raise CliError(f"The output {one.id} contains control characters. Use --format json.")
        written.add(name)
        yield f"{name}={quote(one.value)}"


def variable_name(text: str) -> str:
    """`ClaudeSecretArn` as CLAUDE_SECRET_ARN."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[^A-Za-z0-9]", "_", words).upper()
