"""Answers that AWS did not write: the page of a proxy, a login page, or half a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.model import OperationModel

_BEGINNING: Final = 1000
_JSON: Final = frozenset({"json", "rest-json"})


class UnreadableAnswerError(BotoCoreError):
    fmt = "The answer (HTTP status {status}) is not AWS's; something between the portal and AWS sent it"


def is_unreadable(operation: OperationModel, response: Mapping[str, Any]) -> bool:
    """Whether the body is a web page, or no JSON where the service answers in JSON.

    botocore reads a page as an answer without content. The body of a download is never looked at.
    """
    body = response["body"]
    if not isinstance(body, bytes):
        return False
    text = body[:_BEGINNING].lstrip().lower()
    if text.startswith(b"<") and (b"<html" in text or b"<!doctype html" in text):
        return True
    output = operation.output_shape
    has_payload = output is not None and "payload" in output.serialization
    protocol = operation.service_model.resolved_protocol
    return protocol in _JSON and not has_payload and bool(text) and text[:1] not in b'{["' and not _is_word(text)


def _is_word(text: bytes) -> bool:
    """Whether it is one of JSON's words or a number, which some services answer."""
    return text.strip() in (b"null", b"true", b"false") or text.strip().isdigit()
