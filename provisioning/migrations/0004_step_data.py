"""Operation.memory is called step_data in code; its column keeps its name, so that nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0003_audit_in_order'),
    ]

    operations = [
        migrations.AlterField(
            model_name='operation',
            name='memory',
            field=models.JSONField(db_column='memory', default=dict),
        ),
        migrations.RenameField(
            model_name='operation',
            old_name='memory',
            new_name='step_data',
        ),
    ]
