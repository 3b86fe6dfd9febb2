"""The command-line client `portal`: it calls the API and needs nothing but Python.

How to read it
    `arguments.py` is the command line, and names the function of each command. `commands/` has one module for each
    group of commands, which is imported only when it runs, so that `portal --help` answers at once. `api.py` is the
    table of the operations that the client uses, with retries; `errors.py` turns problem documents into sentences and
    exit codes. `transport.py` sends a call over HTTP. `console.py` holds everything else that touches the process:
    environment variables, standard input and output, the clock.

Trade-offs
    The package uses the standard library only and imports nothing of the portal, because `portal/web/cli_wheel.py`
    packs it as it is into a wheel, in which it is named `portal_cli`. The classes in `resources.py` are therefore
    written by hand. They read the properties that the client shows and ignore all others, so an older client works
    with a newer portal. A test compares `api.py` with the OpenAPI document.

Add a command
    A subparser in `arguments.py`, a function `(arguments, console) -> exit code` in `commands/`, and its operations in
    `api.py`. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "1.0.0"
"""Raise it with every change of this package: a wheel of a version never changes."""
