from django.db import migrations, models


class Migration(migrations.Migration):
    """Plans of changes have a review, and a stack remembers the policy that must be set again."""

    dependencies = [("provisioning", "0015_request_kinds")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="review",
            field=models.JSONField(default=dict, db_default=models.Value({}, models.JSONField())),
        ),
        migrations.AddField(
            model_name="stack",
            name="policy_to_restore",
            field=models.TextField(blank=True, default="", db_default=""),
        ),
    ]
