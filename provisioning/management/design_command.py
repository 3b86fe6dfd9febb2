"""The base of `render`, `prove` and `timeline`: selects a design from the arguments and reports
errors.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import Blueprint, BlueprintError, BrokenBlueprintError, load_catalogue
from provisioning.design.environment_name import EXAMPLE_ACCOUNT_ID
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design
from provisioning.management.cli_design import design_from_arguments
from provisioning.template.compile import CompiledDesign, compile_design


class DesignCommand(BaseCommand):
    """Needs no database, no server and no network. A required input that is not set gets its
    example value.
    """

    requires_system_checks: list[str] = []
    # Exit codes: `broken` for an invalid blueprint, `wrong_use` for wrong arguments.
    broken: ClassVar[int] = 1
    wrong_use: ClassVar[int] = 2

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="the blueprint, as `manage.py blueprints` lists it")
        parser.add_argument("--size", help="dev, staging or prod")
        parser.add_argument("--region", help="one of the blueprint's regions; default: its first")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="an input; may be repeated"
        )
        parser.add_argument("--name", help="the environment's name; default: SLUG-SIZE")
        parser.add_argument(
            "--output-parameters", action="store_true", help="with the SSM parameters that hold the outputs"
        )
        parser.add_argument("--account", help=f"the account's id; default: {EXAMPLE_ACCOUNT_ID}")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            catalogue = load_catalogue(settings.BLUEPRINTS_DIR)
            design, filled = design_from_arguments(
                catalogue,
                slug=options["slug"],
                size=options["size"],
                region=options["region"],
                settings=options["set"],
                name=options["name"],
                account_id=options["account"],
            )
            design = replace(design, output_parameters=options["output_parameters"])
            compiled = compile_design(design)
            code = self.show(catalogue.get(design.blueprint), design, compiled, options)
        except BrokenBlueprintError as error:
            more = f" ({len(error.problems) - 1} more: manage.py blueprints)" if len(error.problems) > 1 else ""
            self.end(self.broken, f"{error.slug} is broken: {error.problems[0]}{more}")
        except DesignError as error:
            self.end(self.broken, str(error))
        except BlueprintError as error:
            self.end(self.wrong_use, str(error))
        if filled:
            self.stderr.write(f"Not given, so the example was used: {', '.join(filled)}.")
        if code:
            sys.exit(code)

    def show(self, blueprint: Blueprint, design: Design, compiled: CompiledDesign, options: dict[str, Any]) -> int:
        """Prints the command's output and returns the exit code. May raise DesignError and
        BlueprintError.
        """
        raise NotImplementedError

    def end(self, code: int, sentence: str) -> NoReturn:
        self.stderr.write(" ".join(sentence.split()))
        sys.exit(code)
