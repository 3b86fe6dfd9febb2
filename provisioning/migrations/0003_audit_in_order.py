"""Audit events are numbered as they are written: two of one moment had no order between them.

What stands in the table is numbered by its time.
"""

from django.db import migrations, models

IN_ORDER = """
UPDATE provisioning_auditevent AS event SET id = -ranked.number
FROM (SELECT id, row_number() OVER (ORDER BY at, id) AS number FROM provisioning_auditevent) AS ranked
WHERE event.id = ranked.id;
UPDATE provisioning_auditevent SET id = -id;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0002_several_stacks'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='auditevent',
            name='audit_by_environment',
        ),
        migrations.RemoveField(
            model_name='auditevent',
            name='id',
        ),
        migrations.AddField(
            model_name='auditevent',
            name='id',
            field=models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['environment', '-at', '-id'], name='audit_by_environment'),
        ),
        # The numbers are 1 to n before and after, so the sequence goes on behind them.
        migrations.RunSQL(IN_ORDER, migrations.RunSQL.noop),
    ]
