"""Teams have stack roles of their own, and every new environment a generation in its names.

Environments that exist keep the stack role that their account has now, and have no generation. The
defaults are the database's own, because processes of the previous version insert rows without these
columns. They rely on `environment_name_once`, which still holds for every row without a generation.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from provisioning.models import validators

THERE = ~models.Q(state__in=['gone', 'withdrawn'])


def copy_stack_roles(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    Account = apps.get_model('provisioning', 'Account')
    Environment = apps.get_model('provisioning', 'Environment')
    for account in Account.objects.exclude(stack_role_arn=''):
        Environment.objects.filter(account=account).update(stack_role_arn=account.stack_role_arn)


def entries(length: int, validator: object) -> django.contrib.postgres.fields.ArrayField:
    base = models.CharField(max_length=length, validators=[validator])
    return django.contrib.postgres.fields.ArrayField(base_field=base, blank=True, default=list, size=None)


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0007_preflight_report'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountTeam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stack_role_arn', models.CharField(max_length=2048, validators=[validators.check_role_arn])),
                ('hosted_zones', entries(32, validators.check_hosted_zone_id)),
                ('secrets', entries(2048, validators.check_secret)),
                ('certificates', entries(2048, validators.check_certificate_arn)),
                ('roles', entries(2048, validators.check_role_arn)),
                ('image_repositories', entries(512, validators.check_image_repository)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='account_teams', to='provisioning.account')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='account_teams', to='provisioning.team')),
            ],
            options={
                'verbose_name': 'team of an account',
                'verbose_name_plural': 'teams of accounts',
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'team'), name='account_team_once', violation_error_message='This team already has an entry for this account. Change that one.'),
                    models.UniqueConstraint(fields=('account', 'stack_role_arn'), name='stack_role_of_one_team', violation_error_message='This is the stack role of another team. Each team has its own.'),
                ],
            },
        ),
        migrations.AddField(
            model_name='environment',
            name='generation',
            field=models.CharField(blank=True, db_default='', default='', max_length=5),
        ),
        migrations.AddField(
            model_name='environment',
            name='stack_role_arn',
            field=models.CharField(blank=True, db_default='', default='', max_length=2048),
        ),
        migrations.RemoveConstraint(
            model_name='environment',
            name='environment_name_once',
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.UniqueConstraint(condition=~models.Q(generation='') & THERE, fields=('team', 'account', 'region', 'name'), name='environment_name_once_in_team'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.UniqueConstraint(condition=~models.Q(generation=''), fields=('account', 'generation'), name='environment_generation_once'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.UniqueConstraint(condition=models.Q(generation='') & THERE, fields=('account', 'region', 'name'), name='environment_name_once'),
        ),
        migrations.AlterField(
            model_name='account',
            name='account_id',
            field=models.CharField(max_length=12, validators=[validators.check_account_id]),
        ),
        migrations.AlterField(
            model_name='account',
            name='endpoint_url',
            field=models.URLField(blank=True, validators=[validators.check_endpoint_url]),
        ),
        migrations.AlterField(
            model_name='account',
            name='regions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=25, validators=[validators.check_region]), size=None),
        ),
        migrations.AlterField(
            model_name='account',
            name='role_arn',
            field=models.CharField(blank=True, max_length=2048, validators=[validators.check_role_arn]),
        ),
        migrations.AlterField(
            model_name='account',
            name='stack_role_arn',
            field=models.CharField(blank=True, max_length=2048, validators=[validators.check_role_arn]),
        ),
        migrations.RunPython(copy_stack_roles, migrations.RunPython.noop),
    ]
