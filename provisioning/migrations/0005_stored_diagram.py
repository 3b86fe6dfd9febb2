"""A plan stores the content of its diagram. Rows of earlier versions keep the SVG in `picture`.

The default is the database's own, because processes of the previous version insert rows without this column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0004_step_data'),
    ]

    operations = [
        migrations.AddField(
            model_name='plan',
            name='diagram',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
