"""The size that a request is about: of a change, the one that its plan results in."""

from __future__ import annotations

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Concat

from provisioning.models import RequestKind

_SIZE = "environment__size"


def planned_size() -> Case:
    """The size after the request, as an expression. Only the plan of a change is read for it."""
    of_plan = Coalesce(KeyTextTransform("size", "plan__content"), F(_SIZE), output_field=TextField())
    return Case(When(kind=RequestKind.CHANGE, then=of_plan), default=F(_SIZE), output_field=TextField())


def size_in_words() -> Case:
    """The same as people read it: "staging → dev" for a change of size, as an expression."""
    after = KeyTextTransform("size", "plan__content")
    changes = Q(kind=RequestKind.CHANGE, plan__content__has_key="size") & ~Q(environment__size=after)
    both = Concat(F(_SIZE), Value(" → "), after, output_field=TextField())
    return Case(When(changes, then=both), default=F(_SIZE), output_field=TextField())
