"""Prints the CloudFormation template of a blueprint in one size. Needs no database, no server and no network."""

import json
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from provisioning.blueprint import BlueprintError, BrokenBlueprintError, load_catalogue
from provisioning.blueprint.ask import EXAMPLE_ACCOUNT, ask_for_design
from provisioning.design import DesignError, compile_design

_BROKEN, _WRONG_USE = 1, 2


class Command(BaseCommand):
    help = (
        "Print the CloudFormation template of a blueprint as JSON. A required input that is not set takes its example."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="the blueprint, as `manage.py blueprints` lists it")
        parser.add_argument("--size", help="dev, staging or prod")
        parser.add_argument("--region", help="one of the blueprint's regions; default: its first")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="an input; may be repeated"
        )
        parser.add_argument("--stack", default="main", help="which of the blueprint's stacks; default: main")
        parser.add_argument("--name", help="the environment's name; default: SLUG-SIZE")
        parser.add_argument("--account", help=f"the account's id; default: {EXAMPLE_ACCOUNT}")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            design, filled = ask_for_design(
                load_catalogue(settings.BLUEPRINTS_DIR),
                slug=options["slug"],
                size=options["size"],
                region=options["region"],
                settings=options["set"],
                name=options["name"],
                account_id=options["account"],
            )
            compiled = compile_design(design)
        except BrokenBlueprintError as error:
            more = f" ({len(error.problems) - 1} more: manage.py blueprints)" if len(error.problems) > 1 else ""
            self._end(_BROKEN, f"{error.slug} is broken: {error.problems[0]}{more}")
        except DesignError as error:
            self._end(_BROKEN, str(error))
        except BlueprintError as error:
            self._end(_WRONG_USE, str(error))
        if (template := compiled.stack(options["stack"])) is None:
            known = ", ".join(stack.stack for stack in compiled.stacks)
            self._end(_WRONG_USE, f'{design.blueprint} has no stack "{options["stack"]}"; it has {known}.')
        if filled:
            self.stderr.write(f"Not given, so the example was taken: {', '.join(filled)}.")
        self.stdout.write(json.dumps(json.loads(template.body), indent=2, ensure_ascii=False))

    def _end(self, code: int, sentence: str) -> NoReturn:
        self.stderr.write(" ".join(sentence.split()))
        sys.exit(code)
