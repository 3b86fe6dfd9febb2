"""Until when a call whose answer was lost may still take effect in AWS.

AWS refuses a request that reaches it more than five minutes after it was signed:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
So whatever a worker sent late, or had on its way when it died, is decided five minutes after the
deadline of the call.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Case, F, Max, When
from django.db.models.functions import Greatest

from provisioning.lifecycle.sandbox_time import scaled
from provisioning.models import Environment, Operation

SIGNATURE_VALID_FOR: Final = timedelta(minutes=5)


def late_calls_until(environment: Environment) -> datetime | None:
    """None if every call of every operation of the environment has had an answer."""
    unanswered = Case(When(call_ended_at=None, then=F("call_deadline")))
    latest = Greatest(Max("calls_open_until"), Max(unanswered))  # PostgreSQL ignores a NULL among them
    deadline: datetime | None = Operation.objects.filter(environment=environment).aggregate(latest=latest)["latest"]
    return None if deadline is None else deadline + scaled(environment.account, SIGNATURE_VALID_FOR)
