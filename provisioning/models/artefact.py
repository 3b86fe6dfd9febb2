"""Packages of code that plans name by their digest, so that the approved code runs even if the
catalogue has changed.
"""

from django.db import models


class Artefact(models.Model):
    """`sha256` is the digest of `body`.

    The same content is stored once, for all plans that name it.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]
