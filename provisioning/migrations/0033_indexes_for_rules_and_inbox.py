from django.db import migrations, models

from provisioning.migrations._concurrent_indexes import AddIndexAgainConcurrently


class Migration(migrations.Migration):
    """What rules count, and the lists of the inbox, are read from indexes."""

    atomic = False

    dependencies = [
        ("provisioning", "0032_inbox"),
    ]

    operations = [
        AddIndexAgainConcurrently(
            model_name="environment",
            index=models.Index(
                condition=models.Q(("state__in", ["gone", "withdrawn"]), _negated=True),
                fields=["team", "size", "account"],
                name="environment_living",
            ),
        ),
        AddIndexAgainConcurrently(
            model_name="request",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["expires_at", "id"], name="request_waiting"
            ),
        ),
        AddIndexAgainConcurrently(
            model_name="request",
            index=models.Index(fields=["kind", "-requested_at", "-id"], name="request_by_kind"),
        ),
        AddIndexAgainConcurrently(
            model_name="request",
            index=models.Index(fields=["requested_by", "-requested_at", "-id"], name="request_by_requester"),
        ),
    ]
