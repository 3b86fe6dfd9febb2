"""Runs all benchmarks and prints one line each."""

from __future__ import annotations

import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


def main() -> None:
    import django  # noqa: PLC0415 - after the settings are named

    started = time.perf_counter()
    django.setup()
    from tests.bench import (  # noqa: PLC0415 - after the apps are there
        creation,
        decisions,
        hostile,
        pages,
        panel,
        permissions,
        rendering,
    )

    for figure in rendering.figures():
        print(figure.line(), flush=True)
    for line in panel.lines():
        print(line, flush=True)
    for figure in hostile.figures():
        print(figure.line(), flush=True)
    for figure in decisions.figures():
        print(figure.line(), flush=True)
    for figure in permissions.figures():
        print(figure.line(), flush=True)
    for figure in creation.figures():
        print(figure.line(), flush=True)
    for line in pages.lines():
        print(line, flush=True)
    print(
        f"All of it took {time.perf_counter() - started:.0f} s. Python {sys.version.split()[0]}, {os.cpu_count()} cores."
    )


if __name__ == "__main__":
    main()
