from django.db import migrations, models


class Migration(migrations.Migration):
    """Lists over all teams, and the newest runs of a kind, are read in order from an index."""

    dependencies = [("provisioning", "0018_physical_ids_of_any_length")]

    operations = [
        migrations.AddIndex(
            model_name="environment",
            index=models.Index(fields=["-created_at", "-id"], name="environment_by_creation"),
        ),
        migrations.AddIndex(
            model_name="environment",
            index=models.Index(fields=["state", "-created_at", "-id"], name="environment_by_state"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("state", "succeeded")), fields=["kind", "-ended_at"], name="operation_succeeded"
            ),
        ),
        migrations.AddIndex(
            model_name="orphan",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["-found_at", "arn"], name="orphan_open"
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["-requested_at", "-id"], name="request_by_time"),
        ),
    ]
