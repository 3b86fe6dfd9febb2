"""The last connection test of an account."""

from django.db import models

from .account import Account
from .team import User


class AccountTest(models.Model):
    """`report` is a stored `ConnectionReport`. In a table of its own, because many queries read accounts
    and none of them needs it. `tested_by` is empty for a command.
    """

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.CASCADE, related_name="last_test")
    tested_at = models.DateTimeField()
    tested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    report = models.JSONField()

    def __str__(self) -> str:
        return f"test of {self.account_id}"
