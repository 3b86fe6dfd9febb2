"""Which blueprint versions were ever used, each with its digest: a published version never changes."""

import uuid

from django.db import models


class BlueprintVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    title = models.CharField(max_length=120)
    maturity = models.CharField(max_length=12)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="blueprint_version_once")]

    def __str__(self) -> str:
        return f"{self.slug}@{self.version}"
