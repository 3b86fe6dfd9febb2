"""Prints how long a blueprint takes to create, and its critical path. Needs no database, no server
and no network.
"""

import json
from typing import Any

from django.core.management.base import CommandParser

from provisioning.blueprint import Blueprint
from provisioning.design.graph import Design
from provisioning.management.design_command import DesignCommand
from provisioning.template.compile import CompiledDesign
from provisioning.timeline.durations import durations_of
from provisioning.timeline.forecast import forecast
from provisioning.timeline.handover_tasks import FILE, WorkPlan, WorkProblem, work_plan
from provisioning.timeline.timeline import Timeline, duration_text


class Command(DesignCommand):
    help = "Prints how long the creation of a blueprint takes, step by step. A required input that is not set gets its example value."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="print JSON, with every resource")

    def show(self, blueprint: Blueprint, design: Design, compiled: CompiledDesign, options: dict[str, Any]) -> int:
        timeline = forecast(design, compiled)
        plan = self._work(blueprint)
        if options["json"]:
            # The sources of the figures for each type on the critical path.
            sources = {
                aws_type: "; ".join(dict.fromkeys(duration.reference for duration in durations_of(aws_type)))
                for aws_type in sorted({step.type for step in timeline.path})
            }
            added = {"work": None if plan is None else plan.as_json(), "sources": sources}
            self.stdout.write(json.dumps(timeline.as_json() | added, indent=2, ensure_ascii=False))
        else:
            self._print(timeline)
            if plan is not None:
                self._print_work(plan)
        return 0

    def _work(self, blueprint: Blueprint) -> WorkPlan | None:
        shipped = blueprint.files.get(FILE)
        try:
            return work_plan(shipped.decode()) if shipped is not None else None
        except UnicodeDecodeError:
            self.end(self.broken, f"{FILE} is not text in UTF-8; save it as such")
        except WorkProblem as error:
            self.end(self.broken, str(error))

    def _print(self, timeline: Timeline) -> None:
        self.stdout.write(f"{timeline.title}: {timeline.summary}, {len(timeline.steps)} resources")
        self.stdout.write("\nWhat decides:")
        for step in timeline.path:
            mark = "  (assumed)" if step.assumed else ""
            where = f"  {step.address}" if step.address else ""
            self.stdout.write(f"{_clock(step.start)}  {duration_text(step.seconds):>13}  {step.title}{where}{mark}")
        self.stdout.write(
            f"\n{timeline.assumed_share:.0%} of this time is assumed; the rest has a published source. "
            "provisioning/aws/types has every figure."
        )
        if timeline.express:
            self.stdout.write(
                "EXPRESS mode: complete when the configuration is applied; services may still be starting."
            )
        if timeline.unknown:
            self.stdout.write(f"Types without a figure of their own: {', '.join(timeline.unknown)}.")

    def _print_work(self, plan: WorkPlan) -> None:
        self.stdout.write(
            f"\nManual work: {plan.blocking_hours} hours before launch and {plan.other_hours} that can follow it; "
            f"{plan.launch_hours} hours until launch if every task starts as early as possible."
        )
        for task in plan.items:
            mark = "*" if task.critical else " "
            self.stdout.write(f"{mark} {float(task.start):>5g} h  {float(task.hours):>5g} h  {task.name}")


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60:>4}:{whole % 60:02}"
