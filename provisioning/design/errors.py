"""The error that a design raises when its components do not fit together."""

from __future__ import annotations


class DesignError(ValueError):
    """Components that are valid one by one do not fit together. The message says where and what to
    do.
    """
