"""`manage.py prepare_demo`: prepares the demo's database with sample users, simulated accounts and
environments. With `--change` it waits for one of them and requests a change of it.
"""

import os
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.demo.sample import (
    admit_teams,
    create_accounts,
    create_users,
    onboard,
    onboard_team,
    patiently,
    request_environments,
    request_sample_change,
)

CHANGE_LOOK_SECONDS = 2.0


class Command(BaseCommand):
    help = "Prepares the demo's database. May run again: what exists is left as it is. The demo command runs it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--change", action="store_true", help="wait for an environment, and request a change of it")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["change"]:
            while not request_sample_change():
                time.sleep(CHANGE_LOOK_SECONDS)
            return
        sandbox_url, password = os.environ.get("SANDBOX_URL"), os.environ.get("DEMO_PASSWORD")
        if not sandbox_url or not password:
            raise CommandError("SANDBOX_URL and DEMO_PASSWORD are not set. The demo command sets them: manage.py demo.")
        call_command("migrate", interactive=False, verbosity=0)
        create_users(password)
        accounts = create_accounts(sandbox_url)
        with ThreadPoolExecutor() as pool:
            onboarding = [pool.submit(patiently, partial(onboard, account)) for account in accounts]
            onboarding += [pool.submit(patiently, partial(onboard_team, entry)) for entry in admit_teams(accounts)]
        for stacks in onboarding:
            stacks.result()
        request_environments(accounts[0])
