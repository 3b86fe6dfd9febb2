from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0017_indexes_of_the_poller'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stackevent',
            name='physical_id',
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name='stackresource',
            name='physical_id',
            field=models.TextField(blank=True),
        ),
    ]
