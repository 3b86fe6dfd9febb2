"""What the engine needs to know about its database."""

from typing import Final

from django.db import InterfaceError, OperationalError

DATABASE_AWAY: Final = (OperationalError, InterfaceError)
"""The errors of a database that cannot be reached, or that gives up a statement that takes too
long. Nothing can be written then: the lease runs out, and the step runs again.
"""
