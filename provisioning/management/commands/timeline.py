"""Prints how long a blueprint takes to create, and what decides that. Needs no database, no server and no network."""

import json
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import BlueprintError, BrokenBlueprintError, load_catalogue
from provisioning.blueprint.ask import ask_for_design
from provisioning.design import DesignError, Timeline, WorkPlan, WorkProblem, compile_design, explain, work_plan
from provisioning.design.durations import figures
from provisioning.design.timeline import said_seconds
from provisioning.design.work import FILE

_BROKEN, _WRONG_USE = 1, 2


class Command(BaseCommand):
    help = "Say how long the creation of a blueprint takes, step by step. A required input that is not set takes its example."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="the blueprint, as `manage.py blueprints` lists it")
        parser.add_argument("--size", help="dev, staging or prod")
        parser.add_argument("--region", help="one of the blueprint's regions; default: its first")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="an input; may be repeated"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, with every resource")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            catalogue = load_catalogue(settings.BLUEPRINTS_DIR)
            design, filled = ask_for_design(
                catalogue,
                slug=options["slug"],
                size=options["size"],
                region=options["region"],
                settings=options["set"],
            )
            timeline = explain(design, compile_design(design))
            shipped = catalogue.get(design.blueprint).files.get(FILE)
            plan = work_plan(shipped.decode()) if shipped is not None else None
        except BrokenBlueprintError as error:
            more = f" ({len(error.problems) - 1} more: manage.py blueprints)" if len(error.problems) > 1 else ""
            self._end(_BROKEN, f"{error.slug} is broken: {error.problems[0]}{more}")
        except (DesignError, WorkProblem) as error:
            self._end(_BROKEN, str(error))
        except UnicodeDecodeError:
            self._end(_BROKEN, f"{FILE} is not text in UTF-8; save it as such")
        except BlueprintError as error:
            self._end(_WRONG_USE, str(error))
        if filled:
            self.stderr.write(f"Not given, so the example was taken: {', '.join(filled)}.")
        if options["json"]:
            added = {"work": None if plan is None else plan.as_json(), "sources": _sources(timeline)}
            self.stdout.write(json.dumps(timeline.as_json() | added, indent=2, ensure_ascii=False))
        else:
            self._print(timeline)
            if plan is not None:
                self._print_work(plan)

    def _print(self, timeline: Timeline) -> None:
        self.stdout.write(f"{timeline.title}: {timeline.said}, {len(timeline.steps)} resources")
        self.stdout.write("\nWhat decides:")
        for step in timeline.path:
            mark = "  (assumed)" if step.assumed else ""
            where = f"  {step.address}" if step.address else ""
            self.stdout.write(f"{_clock(step.start)}  {said_seconds(step.seconds):>13}  {step.title}{where}{mark}")
        self.stdout.write(
            f"\n{timeline.assumed_share:.0%} of this time is assumed; the rest has a published source. "
            "provisioning/data/durations.csv holds every figure."
        )
        if timeline.express:
            self.stdout.write(
                "EXPRESS mode: complete when the configuration is applied; services may still be starting."
            )
        if timeline.unknown:
            self.stdout.write(f"Without a figure of their own: {', '.join(timeline.unknown)}.")

    def _print_work(self, plan: WorkPlan) -> None:
        self.stdout.write(
            f"\nPeople's work: {plan.blocking_hours} hours before launch and {plan.other_hours} that can follow it; "
            f"{plan.launch_hours} hours until launch if nobody waits without need."
        )
        for item in plan.items:
            mark = "*" if item.critical else " "
            self.stdout.write(f"{mark} {float(item.start):>5g} h  {float(item.hours):>5g} h  {item.name}")

    def _end(self, code: int, sentence: str) -> NoReturn:
        self.stderr.write(" ".join(sentence.split()))
        sys.exit(code)


def _sources(timeline: Timeline) -> dict[str, str]:
    """For each type that decides, where its figures come from."""
    kinds = sorted({step.type for step in timeline.path})
    return {kind: "; ".join(dict.fromkeys(row.where for row in figures().get(kind, ()))) for kind in kinds}


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60:>4}:{whole % 60:02}"
