"""How a template reaches CloudFormation."""

from __future__ import annotations

from typing import Any

from provisioning.aws.services.artefacts import upload
from provisioning.aws.sessions import Clients
from provisioning.cloudformation_limits import MAX_INLINE_BYTES


def template(aws: Clients, body: str) -> dict[str, Any]:
    """A template over 51,200 bytes is passed through the account's artefact bucket."""
    content = body.encode()
    if len(content) <= MAX_INLINE_BYTES:
        return {"TemplateBody": body}
    return {"TemplateURL": upload(aws, content, prefix="templates", suffix=".json")}
