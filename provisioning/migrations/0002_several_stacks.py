"""An environment may have several stacks: the columns for them, and every stored plan said in the new shape.

What was written before had one stack, called `main`, in its environment's region. `_plans_by_stack.py` has the two
shapes of a plan and says what becomes of approvals. There is no way back: earlier code cannot read these plans.
"""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery

from provisioning.migrations._plans_by_stack import MAIN, convert_plans, convert_receipts


def fill_columns(apps, schema_editor):
    Environment = apps.get_model("provisioning", "Environment")
    Operation = apps.get_model("provisioning", "Operation")
    Account = apps.get_model("provisioning", "Account")
    BlueprintVersion = apps.get_model("provisioning", "BlueprintVersion")

    BlueprintVersion.objects.update(last_seen_at=F("first_seen_at"))
    region = Environment.objects.filter(pk=OuterRef("environment_id")).values("region")
    Operation.objects.update(stack=MAIN, region=Subquery(region))
    environments = list(Environment.objects.only("region", "name"))
    for environment in environments:
        environment.places = [f"{environment.region}/{environment.name}"]
    Environment.objects.bulk_update(environments, ["places"], batch_size=500)
    # Where a bucket's name does not say its region it was always meant to lie in the account's first.
    for account in Account.objects.exclude(artefact_bucket=""):
        if not account.artefact_bucket.startswith(f"portal-artefacts-{account.account_id}-"):
            account.artefact_region = next(iter(account.regions), "")
            account.save(update_fields=["artefact_region"])


def convert(apps, schema_editor):
    convert_plans(apps)
    convert_receipts(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Artefact',
            fields=[
                ('sha256', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('body', models.BinaryField()),
                ('size', models.PositiveIntegerField()),
                ('stored_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='BlueprintArchive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=64)),
                ('version', models.CharField(max_length=32)),
                ('digest', models.CharField(max_length=64)),
                ('body', models.BinaryField()),
                ('stored_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('slug', 'digest'), name='blueprint_archive_once')],
            },
        ),
        migrations.AddField(
            model_name='account',
            name='artefact_region',
            field=models.CharField(blank=True, max_length=25),
        ),
        migrations.AlterField(
            model_name='blueprintversion',
            name='first_seen_at',
            field=models.DateTimeField(),
        ),
        migrations.AddField(
            model_name='blueprintversion',
            name='last_seen_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='environment',
            name='places',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=160), default=list, size=None),
        ),
        migrations.AddField(
            model_name='operation',
            name='stack',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='region',
            field=models.CharField(max_length=25, null=True),
        ),
        migrations.AddField(
            model_name='plan',
            name='proof',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='plan',
            name='timeline',
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name='stack',
            name='role',
            field=models.CharField(default='main', max_length=40),
        ),
        migrations.AddField(
            model_name='stack',
            name='handed',
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(fill_columns),
        migrations.AlterField(
            model_name='blueprintversion',
            name='last_seen_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='operation',
            name='stack',
            field=models.CharField(max_length=40),
        ),
        migrations.AlterField(
            model_name='operation',
            name='region',
            field=models.CharField(max_length=25),
        ),
        migrations.RunPython(convert),
    ]
