"""Prints the CloudFormation template of a blueprint in one size. Needs no database, no server and
no network.
"""

import json
from typing import Any

from django.core.management.base import CommandParser

from provisioning.blueprint import Blueprint
from provisioning.design.graph import Design
from provisioning.management.design_command import DesignCommand
from provisioning.template.compile import CompiledDesign


class Command(DesignCommand):
    help = "Prints the CloudFormation template of a blueprint as JSON. A required input that is not set gets its example value."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--stack", default="main", help="the stack to render; default: main")

    def show(self, blueprint: Blueprint, design: Design, compiled: CompiledDesign, options: dict[str, Any]) -> int:  # noqa: ARG002 - the base's signature
        if (template := compiled.stack(options["stack"])) is None:
            known = ", ".join(stack.stack for stack in compiled.stacks)
            self.end(self.wrong_use, f'{design.blueprint} has no stack "{options["stack"]}"; it has {known}.')
        self.stdout.write(json.dumps(json.loads(template.body), indent=2, ensure_ascii=False))
        return 0
