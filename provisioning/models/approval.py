"""What people say about a pending request: votes, questions and answers; and who decides for whom."""

import uuid

from django.db import models

from .request import Request
from .team import User


class Vote(models.Model):
    """An approval of one person for one plan. It counts only while the request has the plan with this
    `digest`, and while the person still has the right to give it.

    `seat` is the person whose right was used: the voter, or the approver for whom the voter
    decides. Each seat votes once, but a vote under a delegation that was ended early counts for nobody
    and may be replaced by another one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="votes")
    digest = models.CharField(max_length=64)
    voter = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "digest", "voter"], condition=models.Q(replaced_at=None), name="vote_once"
            ),
            models.UniqueConstraint(
                fields=["request", "digest", "seat"], condition=models.Q(replaced_at=None), name="vote_of_seat_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voter} on {self.request_id}"


class RequestComment(models.Model):
    """A question of somebody who may decide, or the answer of a member of the team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    is_question = models.BooleanField()
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["request", "at"], name="comment_by_request")]

    def __str__(self) -> str:
        return self.text[:40]


class Delegation(models.Model):
    """An approver lets somebody else decide until `ends_at`. It ends earlier if the approver ends it,
    loses the role, or is deactivated.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delegator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_received")
    reason = models.TextField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delegator"], condition=models.Q(ended_at=None), name="one_open_delegation_of_each_approver"
            )
        ]
        indexes = [
            models.Index(fields=["delegate"], condition=models.Q(ended_at=None), name="delegation_by_delegate"),
        ]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.delegator}"
