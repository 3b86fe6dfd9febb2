"""The rule for environment names, and the values that examples use for an environment.

Stacks and resources get names that begin with the environment's name, so the rule is the strictest
of AWS's rules for those resources.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

NAME_LIMIT: Final = 32
"""Characters in an environment's name. AWS's shortest limits leave room for a suffix after it."""
NAME_PATTERN: Final = "[a-z](-?[a-z0-9])*"
"""As a regular expression for Python and for the `pattern` attribute of an HTML field."""
NAME_RULE: Final = (
    f"use at most {NAME_LIMIT} lowercase letters, digits and single hyphens, starting with a letter and not ending "
    "with a hyphen"
)
EXAMPLE_ACCOUNT_ID: Final = "123456789012"
"""The account id that AWS's own documentation uses in examples."""
EXAMPLE_ENVIRONMENT_ID: Final = UUID("5eed0000-0000-4000-8000-000000000000")
"""The environment that examples are rendered for, so that the same blueprint gives the same bytes."""
EXAMPLE_TEAM_KEY: Final = "team"

_NAME = re.compile(NAME_PATTERN)


def name_problem(name: str) -> str:
    """Return the sentence that says why `name` cannot name an environment; empty if it can."""
    if len(name) <= NAME_LIMIT and _NAME.fullmatch(name):
        return ""
    shown = name if len(name) <= NAME_LIMIT + 8 else f"{name[: NAME_LIMIT + 8]}…"
    return f"“{shown}” is not a valid environment name: {NAME_RULE}."


def default_name(slug: str, size: str) -> str:
    """Return a name for an example environment: `carbon-connect-prod`, shortened to `NAME_LIMIT`."""
    return f"{slug[: NAME_LIMIT - len(size) - 1].rstrip('-')}-{size}"
