"""Administrators list the email identities that a team may send from, and the accounts that may
assume its roles.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

from provisioning.models import validators


def entries(length: int, validator: object) -> django.contrib.postgres.fields.ArrayField:
    base = models.CharField(max_length=length, validators=[validator])
    return django.contrib.postgres.fields.ArrayField(base_field=base, blank=True, default=list, size=None)


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0009_external_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='accountteam',
            name='email_identities',
            field=entries(320, validators.check_email_identity),
        ),
        migrations.AddField(
            model_name='accountteam',
            name='trusted_accounts',
            field=entries(12, validators.check_account_id),
        ),
    ]
