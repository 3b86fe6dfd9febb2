from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F


def mark_connected(apps: Any, schema_editor: Any) -> None:
    """An account that the provider's first sign-in created is as old as its identity."""
    identities = apps.get_model("provisioning", "ExternalIdentity").objects
    older = identities.filter(user__date_joined__lt=F("created_at") - timedelta(minutes=1))
    older.update(is_connected=True)


class Migration(migrations.Migration):

    dependencies = [
        ("provisioning", "0036_password_from_link"),
    ]

    operations = [
        migrations.AddField(
            model_name="externalidentity",
            name="is_connected",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunPython(mark_connected, migrations.RunPython.noop),
    ]
