"""Stack.handed is called inputs in code; its column keeps its name, so that nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0005_stored_diagram'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stack',
            name='handed',
            field=models.JSONField(db_column='handed', default=dict),
        ),
        migrations.RenameField(
            model_name='stack',
            old_name='handed',
            new_name='inputs',
        ),
    ]
