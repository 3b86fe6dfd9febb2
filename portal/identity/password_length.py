"""Limits of a password's length, as ASVS 4.0.3 asks for them (2.1.1 and 2.1.2)."""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.exceptions import ValidationError

SHORTEST: Final = 12
LONGEST: Final = 128
_HELP: Final = f"Your password must have {SHORTEST} to {LONGEST} characters. Several spaces in a row count as one."


class LengthValidator:
    """A validator for AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        del user
        if len(re.sub(" {2,}", " ", password)) < SHORTEST:
            sentence = f"This password is too short. Enter at least {SHORTEST} characters; several spaces count as one."
            raise ValidationError(sentence, code="password_too_short")
        if len(password) > LONGEST:
            sentence = f"This password is too long. Enter at most {LONGEST} characters."
            raise ValidationError(sentence, code="password_too_long")

    def get_help_text(self) -> str:
        return _HELP
