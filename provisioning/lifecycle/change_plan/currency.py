"""Whether the plan of a change is still true, as far as the database shows. The operation itself reads
AWS right before it executes anything.
"""

from __future__ import annotations

from provisioning.errors import WrongState
from provisioning.lifecycle.change_plan.review import ChangeReview
from provisioning.lifecycle.fingerprint import difference, fingerprint_in
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.plan_queries import current_plan_digest
from provisioning.models import Request, Stack


def changed_since_planned(request: Request) -> tuple[str, ...]:
    """What has changed since AWS planned this change, in sentences; empty if nothing is known to
    have changed, and for other requests.
    """
    document = from_json(request.plan.content)
    if not isinstance(document, ChangePlan) or not document.is_complete:
        return ()
    environment = request.environment
    current = current_plan_digest(environment)
    if current != document.previous_digest:
        return ("The environment has been changed through another request since this plan was made.",)
    review = ChangeReview.from_json(request.plan.review)
    if review is None:
        return ()
    sentences = []
    for change_set in document.change_sets:
        row = Stack.objects.filter(environment=environment, stack_id=change_set.stack_id).first()
        seen = fingerprint_in(row.details) if row is not None else None
        planned = review.fingerprints.get(change_set.stack)
        if seen is not None and planned is not None:
            sentences += [f"{change_set.stack}: {sentence}" for sentence in difference(planned, seen)]
    return tuple(sentences)


def check_is_current(request: Request) -> None:
    """Raise WrongState with the difference if the plan of a change is known to be out of date."""
    if sentences := changed_since_planned(request):
        raise WrongState("\n".join(("This plan is no longer current. Plan again.", *sentences)))
