"""SES identities: tags and the records that prove a domain, which ministack's handler omits."""

from __future__ import annotations

from provisioning.sandbox.api import Properties, tag_list
from provisioning.sandbox.private import get_account_id, get_region, ses
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.work import on_loop

IDENTITY = "AWS::SES::EmailIdentity"
_create, _update, _delete = (original(IDENTITY, handler) for handler in ("create", "update", "delete"))


def _arn(identity: str) -> str:
    return f"arn:aws:ses:{get_region()}:{get_account_id()}:identity/{identity}"


def _complete(identity: str, properties: Properties) -> dict[str, str]:
    """Stores tags and keys where SES's own calls show them; returns the attributes of a domain for
    GetAtt.
    """
    record = ses.identities[identity]
    ses.ses_tags[_arn(identity)] = tag_list(properties)
    signing = properties.get("DkimSigningAttributes") or {}
    easy = ses.easy_dkim_attributes(identity, record["IdentityType"], signing)
    enabled = str((properties.get("DkimAttributes") or {}).get("SigningEnabled", True)).lower() == "true"
    record["DkimAttributes"] = {**easy, "SigningEnabled": enabled}
    tokens = easy.get("Tokens") or []
    names = {f"DkimDNSTokenName{n}": f"{token}._domainkey.{identity}" for n, token in enumerate(tokens, start=1)}
    values = {f"DkimDNSTokenValue{n}": f"{token}.dkim.amazonses.com" for n, token in enumerate(tokens, start=1)}
    return {"EmailIdentity": identity, **names, **values}


def create(logical_id: str, properties: Properties, stack: str) -> Made:
    identity = str(properties["EmailIdentity"])
    if on_loop(lambda: identity in ses.identities):
        raise ValueError(
            f"Email identity {identity} already exist. (Service: SesV2, Status Code: 400) (HandlerErrorCode: AlreadyExists)"
        )
    made: Made = _create(logical_id, properties, stack)
    return made[0], on_loop(_complete, made[0], properties)


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update(physical_id, old, new, stack, logical_id)
    return made[0], on_loop(_complete, made[0], new)


def delete(physical_id: str, properties: Properties) -> None:
    _delete(physical_id, properties)
    on_loop(lambda: ses.ses_tags.pop(_arn(physical_id), None))


def register() -> None:
    resource_type(IDENTITY, create=create, update=update, delete=delete, tags=("Tags", "list"))
