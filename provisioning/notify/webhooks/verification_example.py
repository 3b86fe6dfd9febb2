"""How a receiver verifies a webhook of the portal. Needs nothing but Python."""

import base64
import hashlib
import hmac
import time


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """`body` is the body as it arrived, not JSON that was parsed and written again."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > 5 * 60:
        return False  # too old or too new: somebody may be replaying it
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # During a change of the secret there are two signatures, separated by a space.
    for each in headers["webhook-signature"].split():
        version, _, given = each.partition(",")
        if version == "v1" and hmac.compare_digest(given, expected):
            return True  # remember message_id for some days: a retry has the same one
    return False
