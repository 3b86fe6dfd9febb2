"""A request and its plan: what people decide on, and exactly what will run."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .environment import Environment
from .team import User


class Plan(models.Model):
    """What is shown, approved and run. `content` is a `plan_document`, which never changes. Only the
    plan of a change is completed once, by its operation `plan`, before anybody may decide on it.

    `digest` covers the whole content, and in format 1 everything that is sent to AWS. `diagram`,
    `proof` and `timeline` are the JSON of `DiagramContent`, `Proof` and `Timeline`; a teardown plan
    has none of them. Earlier versions stored an SVG instead of a diagram, which is only read.
    `external_names` are the `ExternalName`s of the design: what the team must be allowed to use.
    `preflight` is the latest `PreflightReport` on the account, and the only part that may change.
    `review` is the JSON of the `ChangeReview` of a change: values, findings and fingerprints, which
    pages show and the digest does not cover.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="plans")
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    picture = models.TextField(blank=True)
    # The database has the default as well, so that a process of an earlier version can insert rows.
    diagram = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    proof = models.JSONField(default=dict)
    timeline = models.JSONField(default=dict)
    external_names = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    preflight = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    review = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"plan {self.digest[:12]}"


class RequestKind(models.TextChoices):
    CREATE = "create"
    CHANGE = "change"
    TEARDOWN = "teardown"
    ADOPT = "adopt"
    PUT_BACK = "put_back"
    RECOVER = "recover"


class Request(models.Model):
    """An operation runs only the plan whose digest is `approved_digest`.

    `approver_groups` are the groups whose members were to decide when the request was sent
    (`ApproverGroup`); none means approvers. Lists read them; a decision evaluates the rules again.
    `is_dangerous` says that data may be deleted or replaced. `question_asked_at` is set while a
    question to the requester has no answer. `earlier_requesters` are the people who asked for the same
    change before somebody else planned it again: like the requester, they do not decide on it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=RequestKind)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="requests")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="requests")
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    note = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(blank=True)
    approved_digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    approver_groups = ArrayField(
        models.CharField(max_length=10),
        default=list,
        blank=True,
        db_default=models.Value([], ArrayField(models.CharField(max_length=10))),
    )
    is_dangerous = models.BooleanField(default=False, db_default=False)
    question_asked_at = models.DateTimeField(null=True, blank=True)
    earlier_requesters = ArrayField(
        models.UUIDField(),
        default=list,
        blank=True,
        db_default=models.Value([], ArrayField(models.UUIDField())),
    )

    class Meta:
        indexes = [
            models.Index(fields=["expires_at", "id"], condition=models.Q(state="waiting"), name="request_waiting"),
            models.Index(fields=["state", "-requested_at", "-id"], name="request_by_state"),
            models.Index(fields=["-requested_at", "-id"], name="request_by_time"),
            models.Index(fields=["kind", "-requested_at", "-id"], name="request_by_kind"),
            models.Index(fields=["requested_by", "-requested_at", "-id"], name="request_by_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.environment}"
