"""The command line. Each command names its function, which is imported when the command runs."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import Final

from portal.cli import VERSION

_EPILOG: Final = """\
exit codes: 0 success, 1 failure, 2 wrong usage, 3 not allowed, 4 not found, 5 conflict, 130 interrupted

PORTAL_URL and PORTAL_TOKEN replace what “portal login” has stored. An environment is named by its name
or its id; add --team if several teams have the name.
"""


def build_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="portal",
        description="Creates, watches and tears down AWS environments through the portal.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"portal-cli {VERSION}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: str, text: str) -> ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="write the result as JSON")
        added.set_defaults(run=run)
        return added

    login = command("login", "login:login", "Check a token and store it for later calls.")
    login.add_argument("url", metavar="URL", help="the portal's address, such as https://portal.example.com")

    catalogue = command("catalogue", "catalogue:catalogue", "List the blueprints, or describe one.")
    catalogue.add_argument("slug", metavar="SLUG", nargs="?", default="")

    plan = command("plan", "requests:plan", "Show what a request would create. Exit code 1 if a rule forbids it.")
    _add_request(plan)

    apply = command("apply", "requests:apply", "Create an environment, or change it if it exists.")
    _add_request(apply)
    apply.add_argument("--create-only", action="store_true", help="fail if the environment exists")
    apply.add_argument("--accept-findings", action="store_true", help="start although the account checks object")
    _add_key(apply)
    apply.add_argument("--wait", action="store_true", help="wait until it runs")
    _add_timeout(apply)

    wait = command("wait", "waiting:wait", "Wait until what is in progress has ended. Exit code 1 if it failed.")
    wait.add_argument("target", metavar="TARGET", help="an environment, or the id of an operation or a request")
    _add_team(wait)
    _add_timeout(wait)

    listed = command("list", "environments:list_environments", "List environments.")
    _add_team(listed)
    listed.add_argument("--all", action="store_true", help="include those that were torn down")

    show = command("show", "environments:show", "Show an environment.")
    show.add_argument("environment", metavar="ENVIRONMENT")
    _add_team(show)

    outputs = command("outputs", "environments:outputs", "Write the outputs of an environment.")
    outputs.add_argument("environment", metavar="ENVIRONMENT")
    _add_team(outputs)
    outputs.add_argument("--format", choices=("table", "json", "env"), default="table")
    outputs.add_argument("--prefix", default="OUTPUT_", help="for names with --format env; default OUTPUT_")

    destroy = command("destroy", "destroy:destroy", "Tear an environment down and wait until it is gone.")
    destroy.add_argument("environment", metavar="ENVIRONMENT")
    _add_team(destroy)
    destroy.add_argument("--yes-delete", metavar="NAME", default="", help="the name, instead of the question")
    destroy.add_argument("--missing-ok", action="store_true", help="succeed if there is no such environment")
    destroy.add_argument(
        "--removal",
        choices=("delete", "leave", "force"),
        default="delete",
        help="what to do with resources that an earlier teardown could not delete",
    )
    destroy.add_argument("--no-wait", action="store_true", help="return as soon as it has begun")
    _add_key(destroy)
    _add_timeout(destroy)

    _add_decisions(command)
    return parser


def _add_decisions(command: Callable[[str, str, str], ArgumentParser]) -> None:
    approve = command("approve", "decisions:approve", "Approve a request.")
    approve.add_argument("request", metavar="REQUEST", help="the request's id")
    approve.add_argument("--digest", default="", help="the digest of the plan that was read, instead of the question")
    approve.add_argument("--note", default="")
    approve.add_argument("--name", default="", help="the environment's name, if the plan may delete data")
    approve.add_argument("--accept-findings", action="store_true", help="although the account checks object")

    reject = command("reject", "decisions:reject", "Reject a request.")
    reject.add_argument("request", metavar="REQUEST", help="the request's id")
    reject.add_argument("--note", required=True, help="the reason, which the requester reads")


def _add_request(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="", help="a request as JSON, as the portal exports it; - for stdin"
    )
    for name in ("blueprint", "version", "size", "team", "account", "region", "name", "note"):
        parser.add_argument(f"--{name}", default=None, help="replaces what FILE has")
    parser.add_argument(
        "--output-parameters",
        action=BooleanOptionalAction,
        default=None,
        help="also write the outputs as SSM parameters, which other programs read; a change keeps what there is",
    )
    parser.add_argument(
        "--set", metavar="INPUT=VALUE", action="append", default=[], help="set an input; lists and objects as JSON"
    )
    parser.add_argument(
        "--set-env",
        metavar="INPUT=VARIABLE",
        action="append",
        default=[],
        help="set an input from an environment variable, for secrets",
    )
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="add a tag to those of FILE, or replace it"
    )


def _add_team(parser: ArgumentParser) -> None:
    parser.add_argument("--team", default="", help="the team's slug")


def _add_key(parser: ArgumentParser) -> None:
    parser.add_argument("--key", default="", help="the idempotency key of a call that is repeated")


def _add_timeout(parser: ArgumentParser) -> None:
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=None, help="wait no longer; exit code 1")
