"""Runs one command and returns its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

from portal.cli.arguments import build_parser
from portal.cli.console import Console
from portal.cli.errors import CliError, Exit


def main(argv: Sequence[str] | None = None, console: Console | None = None) -> int:
    console = console or Console.of_process()
    arguments = build_parser().parse_args(argv)
    module, _, function = arguments.run.partition(":")
    try:
        command = getattr(import_module(f"portal.cli.commands.{module}"), function)
        code = int(command(arguments, console))
        console.stdout.flush()
    except CliError as error:
        for line in error.lines:
            console.note(line)
        return int(error.exit_code)
    except KeyboardInterrupt:
        console.note("Interrupted.")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:  # the reader of the output has ended, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return int(Exit.FAILED)
    return code
