"""A plan stores what it names outside its environment, which is checked again when it begins.

The default is the database's own, because processes of the previous version insert rows without this column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0008_account_teams'),
    ]

    operations = [
        migrations.AddField(
            model_name='plan',
            name='external_names',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
