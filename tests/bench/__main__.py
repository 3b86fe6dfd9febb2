"""Runs all benchmarks, or those named as arguments, and prints one line each."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.measure import Figure

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


def main() -> None:
    import django  # noqa: PLC0415 - after the settings are named

    started = time.perf_counter()
    django.setup()
    from django.db import connection  # noqa: PLC0415 - after the settings are named

    from tests.bench import (  # noqa: PLC0415 - after the apps are there
        audit,
        creation,
        decisions,
        engine,
        hostile,
        pages,
        panel,
        permissions,
        rendering,
        web,
    )

    sections: dict[str, Callable[[], Iterable[Figure | str]]] = {
        "rendering": rendering.figures,
        "panel": panel.lines,
        "hostile": hostile.figures,
        "decisions": decisions.figures,
        "permissions": permissions.figures,
        "creation": creation.figures,
        "pages": pages.lines,
        "audit": audit.lines,
        "web": web.lines,
        **engine.SECTIONS,
    }
    chosen = sys.argv[1:] or list(sections)
    if unknown := sorted(set(chosen) - set(sections)):
        sys.exit(f"There is no benchmark named {', '.join(unknown)}. There are: {', '.join(sections)}.")
    connection.creation.create_test_db(verbosity=0)
    for name in chosen:
        for figure in sections[name]():
            print(figure if isinstance(figure, str) else figure.line(), flush=True)
    print(
        f"All of it took {time.perf_counter() - started:.0f} s. Python {sys.version.split()[0]}, {os.cpu_count()} cores."
    )


if __name__ == "__main__":
    main()
