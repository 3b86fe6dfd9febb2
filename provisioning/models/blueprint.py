"""Every version of a blueprint that the portal has seen, with its digest and files.

A published version never changes.
"""

import uuid

from django.db import models


class BlueprintVersion(models.Model):
    """`digest` is from the first registration of a published version, and from the latest of a
    draft.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    title = models.CharField(max_length=120)
    maturity = models.CharField(max_length=12)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="blueprint_version_once")]

    def __str__(self) -> str:
        return f"{self.slug}@{self.version}"


class BlueprintArchive(models.Model):
    """The files of one version under their digest, so that it can be read after its folder has
    changed.

    A table of its own, because pages read BlueprintVersion with every environment.
    """

    slug = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    body = models.BinaryField()
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "digest"], name="blueprint_archive_once")]

    def __str__(self) -> str:
        return f"{self.slug}@{self.version} {self.digest[:12]}"
