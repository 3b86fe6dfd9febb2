"""`portal login`."""

from __future__ import annotations

from argparse import Namespace

from portal.cli.api import Api
from portal.cli.console import Console
from portal.cli.errors import Exit
from portal.cli.settings import Connection, check_token, check_url, store


def login(arguments: Namespace, console: Console) -> int:
    """Take the token from PORTAL_TOKEN, a prompt without echo, or standard input. It is stored only if
    the portal accepts it.
    """
    url = check_url(arguments.url)
    if not (text := console.environ.get("PORTAL_TOKEN", "")):
        if console.stdin.isatty():
            console.note(f"Create a token on {url}/tokens/")
            text = console.read_secret("Token: ")
        else:
            text = console.stdin.readline()
    api = Api(Connection(url, check_token(text)), console)
    me = api.call("me_get").document
    path = store(console.environ, api.connection)
    if arguments.json:
        console.document(me)
        return Exit.OK
    teams = ", ".join(f"{one['team']} ({one['role']})" for one in me["teams"]) or "none"
    console.line(f"Signed in to {url} as {me['username']}. Teams: {teams}.")
    console.line(f"The token {me['token']} allows {', '.join(me['scopes'])} until {me['expires_at'][:10]}.")
    console.note(f"It is stored in {path}, which only you can read.")
    return Exit.OK
