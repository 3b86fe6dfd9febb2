"""Turns Django's errors about the fields of a row into the sentences of `InvalidFields`."""

from __future__ import annotations

import re
from typing import Final

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from provisioning.errors import InvalidFields

# What Django writes before the sentence about an entry of a list. The sentences quote the entry.
_ENTRY: Final = re.compile(r"Item \d+ in the array did not validate: ")


def check_row(row: models.Model) -> None:
    """Raise InvalidFields unless the row satisfies its validators, its `clean` and its constraints."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise InvalidFields(
            {
                "" if name == NON_FIELD_ERRORS else name: [_ENTRY.sub("", sentence) for sentence in sentences]
                for name, sentences in error.message_dict.items()
            }
        ) from None
