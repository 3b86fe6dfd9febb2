"""The history on pages: the newest entries of a long life, and all of a short one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.web.history import environment_history, request_history
from provisioning.models import Transition
from tests.portal.conftest import People


@pytest.mark.parametrize(("written", "shown"), [(5, 5), (60, 60), (61, 60)])
def test_a_page_shows_the_sixty_newest_changes(people: People, written: int, shown: int) -> None:
    asked = people.ask()
    Transition.objects.all().delete()
    start = timezone.now()
    for subject, pk in (("environment", asked.environment_id), ("request", asked.pk)):
        Transition.objects.bulk_create(
            Transition(
                subject=subject,
                subject_id=pk,
                environment_id=asked.environment_id,
                to_state="approved" if subject == "request" else "running",
                reason=f"{subject} {number}",
                at=start + timedelta(seconds=number + (1000 if subject == "request" else 0)),
            )
            for number in range(written)
        )
    newest_first = [f"request {number}" for number in reversed(range(written))][:shown]
    assert [entry.reason for entry in request_history(asked)] == newest_first
    assert len(environment_history(asked.environment)) == min(2 * written, 60)
