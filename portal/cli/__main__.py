"""Runs the client as `python -m`."""

from __future__ import annotations

from portal.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
