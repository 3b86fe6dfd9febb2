"""Every version of a blueprint that the portal has seen, each with its digest and its files: a published one never changes."""

import uuid

from django.db import models


class BlueprintVersion(models.Model):
    """`digest` is that of the first look at a published version, and of the last look at a draft."""

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
    """The files of one version, so that it can be read again after its folder has moved on. Named by their digest.

    Apart from BlueprintVersion, which pages read with every environment.
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
