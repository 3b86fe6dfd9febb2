"""Lists show the size that a change results in, and the one that it comes from."""

from __future__ import annotations

from provisioning.lifecycle.read.inbox import inbox
from provisioning.models import Environment, Request, RequestKind
from tests.portal.conftest import People, put


def test_a_change_of_size_shows_both_and_any_other_request_one(running: Environment, people: People) -> None:
    create = running.requests.get()
    plan = create.plan
    plan.pk, plan.content = None, plan.content | {"size": "staging"}
    plan.save()
    change = Request.objects.get(pk=create.pk)
    change.pk, change.kind, change.plan = None, RequestKind.CHANGE, plan
    change.save()
    put(change, state="waiting")
    assert [row.size for row in inbox(people.olivia, limit=5)] == ["dev → staging"]
    page = people.client("olivia").get("/requests/").content.decode()
    assert page.count('<td data-label="Size">dev → staging</td>') == 1
    assert page.count('<td data-label="Size">dev</td>') == 1
