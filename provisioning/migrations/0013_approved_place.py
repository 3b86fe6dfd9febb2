from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0012_listings_and_open_calls'),
    ]

    operations = [
        migrations.AddField(
            model_name='operation',
            name='approved_place',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
