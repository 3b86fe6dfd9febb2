"""A test client of a person who has just signed in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.test import Client

from portal.identity.sessions import STARTED_AT, USED_AT, mark_authenticated

if TYPE_CHECKING:
    from provisioning.models import User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    mark_authenticated(session)
    session[STARTED_AT] = session[USED_AT] = int(time.time())
    session.save()
    return client
