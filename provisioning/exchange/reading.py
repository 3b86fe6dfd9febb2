"""Reads pasted bytes, HCL or JSON, after checking their size."""

from __future__ import annotations

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.syntax import scan
from provisioning.exchange.json_text import read_json
from provisioning.exchange.pasted import MAX_BYTES, Pasted, Unreadable, unreadable
from provisioning.exchange.terraform import read_terraform

_MARK = b"\xef\xbb\xbf"
_OTHER_UNICODE = (b"\xff\xfe", b"\xfe\xff")


def read(data: bytes) -> Pasted:
    """Returns the module blocks, variables or requests in the text, at least one. Raises
    Unreadable.

    Accepts the line breaks of every system, and ignores a byte order mark.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(1, f"There are {len(data)} bytes; {MAX_BYTES} are allowed. Paste only the module block.")
    if data.startswith(_OTHER_UNICODE):
        raise Unreadable(1, "This is UTF-16; save it as UTF-8.")
    try:
        text = scan.decode(data.removeprefix(_MARK))
    except ProblemFound as problem:
        raise unreadable(problem) from None
    start = text.lstrip()
    if not start:
        raise Unreadable(1, "It is empty.")
    pasted = read_json(text) if start.startswith("{") else read_terraform(text)
    if not pasted.sources:
        raise Unreadable(1, 'There is no module block (module "…" { … }) and no variable (name = value).')
    return pasted
