"""Encrypts stored secrets again after SECRET_KEY was replaced."""

from __future__ import annotations

from django.apps import apps

from provisioning.models.secret_text_field import SecretTextField
from provisioning.secret_text import UndecryptableError, decrypt, encrypt, is_current


def reencrypt_secrets() -> tuple[int, int]:
    """Encrypt every secret with the current key that was encrypted with a former one. Returns how
    many, and how many cannot be decrypted by any key.
    """
    renewed = lost = 0
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 - Django documents _meta
            if not isinstance(field, SecretTextField):
                continue
            rows = model._default_manager.exclude(**{field.name: ""})  # noqa: SLF001 - Django documents it
            for key, token in rows.values_list("pk", field.name).iterator():
                try:
                    if is_current(token, purpose=field.purpose):
                        continue
                    again = encrypt(decrypt(token, purpose=field.purpose), purpose=field.purpose)
                except UndecryptableError:
                    lost += 1
                    continue
                renewed += model._default_manager.filter(pk=key, **{field.name: token}).update(**{field.name: again})  # noqa: SLF001
    return renewed, lost
