"""A column that holds a short secret, encrypted by `provisioning.secret_text`."""

from __future__ import annotations

from typing import Any

from django.db import models


class SecretTextField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """Holds the ciphertext, also in Python: only the code that uses the secret decrypts it, with
    `purpose`.

    `manage.py prepare` finds these columns when SECRET_KEY was replaced, and encrypts them again.
    """

    def __init__(self, *args: Any, purpose: str = "", **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}
