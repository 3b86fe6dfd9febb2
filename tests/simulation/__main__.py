"""`python -m tests.simulation 100 [--seed 7]`: runs seeds on all cores, each in its own database."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import logging

import django

django.setup()
logging.disable(logging.CRITICAL)

from django.db import connection

from tests.simulation.approvals import record_approvals
from tests.simulation.breaking import RULES
from tests.simulation.run import Result, run_seed

_removed = ExitStack()


def main() -> int:
    arguments = _parse()
    first = 1 if arguments.seed is None else arguments.seed
    seeds = range(first, first + arguments.seeds)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    record_approvals()
    connection.close()
    began = time.perf_counter()
    failed = 0
    turns = 0
    workers = min(arguments.processes, len(seeds))
    template = str(connection.settings_dict["NAME"])
    with ProcessPoolExecutor(workers, initializer=_join, initargs=(template, arguments.without)) as pool:
        running: list[Future[Result]] = [pool.submit(run_seed, seed, arguments.trouble) for seed in seeds]
        for future in as_completed(running):
            result = future.result()
            turns += result.turns
            if result.failure:
                failed += 1
                _report(result, arguments.trace)
                if arguments.first:
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
            elif len(seeds) == 1:
                print(
                    f"seed {result.seed}: {result.turns} turns, {result.simulated}, {result.seconds:.1f} s, {result.digest[:12]}"
                )
    seconds = time.perf_counter() - began
    print(
        f"{len(seeds)} seeds, {failed} failed; {turns} turns, {seconds:.0f} s,"
        f" {len(seeds) / seconds * 60:.0f} seeds a minute on {workers} processes"
    )
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, help="the first seed; 1 without it")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trouble", nargs="*", default=(), help="kinds of trouble, instead of those that a seed draws")
    parser.add_argument("--without", choices=sorted(RULES), help="a rule of the engine to remove")
    parser.add_argument("--first", action="store_true", help="stop at the first failure")
    parser.add_argument("--trace", type=int, default=60, help="lines of the trace of a failure")
    return parser.parse_args()


def _report(result: Result, lines: int) -> None:
    print(f"seed {result.seed} failed: {result.failure}")
    for line in result.trace[-lines:]:
        print(f"    {line}")
    print(f"    again: make simulate SEEDS=1 SEED={result.seed}", flush=True)


def _join(template: str, without: str | None) -> None:
    """Give this process a database of its own, cloned from the one that was migrated."""
    if without is not None:
        _removed.enter_context(RULES[without].removed())
    connection.close()
    name = f"{template}_{os.getpid()}"
    connection.settings_dict["NAME"] = "postgres"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    connection.settings_dict["CONN_MAX_AGE"] = None


if __name__ == "__main__":
    sys.exit(main())
