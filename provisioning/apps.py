"""The domain as a Django app: models, commands, jobs. No HTTP in here."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    default_auto_field = "django.db.models.BigAutoField"
