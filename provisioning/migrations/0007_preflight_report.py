"""A plan stores the latest report on its account: what would make AWS refuse it.

The default is the database's own, because processes of the previous version insert rows without this column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0006_stack_inputs'),
    ]

    operations = [
        migrations.AddField(
            model_name='plan',
            name='preflight',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
