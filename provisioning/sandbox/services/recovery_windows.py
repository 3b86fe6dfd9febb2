"""CreateSecret while a recovery window holds the name: AWS says that the deleted secret is the
reason, not that a secret exists.
"""

from __future__ import annotations

import json

from provisioning.sandbox.private import app, secrets
from provisioning.sandbox.resources.storage import SCHEDULED
from provisioning.sandbox.services.calls import Answer, respond


def is_scheduled(name: str) -> bool:
    """Whether a deleted secret of the request's account and region still holds the name."""
    return bool((secrets.secrets.get(name) or {}).get("DeletedDate"))


def install() -> None:
    ministacks = app.SERVICE_HANDLERS["secretsmanager"]

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if action == "CreateSecret":
            wanted = json.loads(body or b"{}")
            if is_scheduled(str(wanted.get("Name"))):
                return respond(400, {"__type": "InvalidRequestException", "message": SCHEDULED, "Message": SCHEDULED})
        answer: Answer = await ministacks(method, path, headers, body, query)
        return answer

    app.SERVICE_HANDLERS["secretsmanager"] = handle
