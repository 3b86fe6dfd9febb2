"""Packages that plans name by their content: what was approved is what runs, whatever became of the catalogue since."""

from django.db import models


class Artefact(models.Model):
    """`sha256` is the content's own; the same content is stored once, for all plans that ever name it."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]
