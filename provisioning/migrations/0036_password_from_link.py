from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("provisioning", "0035_environment_tags"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="password_from_link",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
