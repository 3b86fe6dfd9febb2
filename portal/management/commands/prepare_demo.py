"""`manage.py prepare_demo`: database, sample people, simulated accounts and the first environment. `demo` runs it."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.demo.sample import ask_for_first_environment, make_accounts, make_people, onboard


class Command(BaseCommand):
    help = "Fills a new database for the demo; finds what an earlier start made. Called by the demo command."

    def handle(self, *_args: Any, **_options: Any) -> None:
        sandbox_url, password = os.environ.get("SANDBOX_URL"), os.environ.get("DEMO_PASSWORD")
        if not sandbox_url or not password:
            raise CommandError("SANDBOX_URL and DEMO_PASSWORD are not set. The demo command sets them: manage.py demo.")
        call_command("migrate", interactive=False, verbosity=0)
        make_people(password)
        accounts = make_accounts(sandbox_url)
        with ThreadPoolExecutor() as pool:
            list(pool.map(onboard, accounts))
        ask_for_first_environment(accounts[0])
