"""Refusals as each protocol writes them. Source of the codes: botocore's models and captures of AWS's answers."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from provisioning.sandbox.iam.requests import EC2, S3, Call, Protocol
from provisioning.sandbox.private import new_uuid
from provisioning.sandbox.services.calls import Answer

DENIED = "AccessDenied"
NOT_SIMULATED = "SandboxUnknownOperation"
"""The code of a refusal that is the sandbox's own: AWS has none like it."""
_XML_CODES = {"sns": {DENIED: "AuthorizationError"}}
_EC2_CODES = {DENIED: "UnauthorizedOperation", "InvalidClientTokenId": "AuthFailure", "ExpiredToken": "RequestExpired"}
_S3_CODES = {"InvalidClientTokenId": "InvalidAccessKeyId"}
_JSON_CODES = {
    DENIED: "AccessDeniedException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
}
_FORBIDDEN = 403
_BAD_REQUEST = 400
_SHORT, _BYTE, _LONG = 24, 256, 65536


def refuse(call: Call, code: str, message: str) -> Answer:
    """The answer to a refused call. `code` is the query protocol's; others spell it their own way."""
    status = _BAD_REQUEST if code == NOT_SIMULATED else _FORBIDDEN
    if call.protocol in (Protocol.JSON, Protocol.REST_JSON, Protocol.CBOR):
        return _as_json(call, code, message, status)
    request = new_uuid()
    if call.service == EC2:
        spoken = f"You are not authorized to perform this operation. {message}" if code == DENIED else message
        error = _error(_EC2_CODES.get(code, code), spoken)
        return _xml(status, f"<Response><Errors>{error}</Errors><RequestID>{request}</RequestID></Response>")
    if call.service == S3:
        if call.method == "HEAD":
            return status, {"Content-Type": "application/xml"}, b""
        inner = _error(_S3_CODES.get(code, code), message).removesuffix("</Error>")
        return _xml(status, f"{inner}<RequestId>{request}</RequestId></Error>")
    spelled = _XML_CODES.get(call.service, {}).get(code, code)
    error = _error(spelled, message).replace("<Error>", "<Error><Type>Sender</Type>", 1)
    return _xml(status, f"<ErrorResponse>{error}<RequestId>{request}</RequestId></ErrorResponse>")


def _error(code: str, message: str) -> str:
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def _xml(status: int, body: str) -> Answer:
    return status, {"Content-Type": "text/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def _as_json(call: Call, code: str, message: str, status: int) -> Answer:
    spelled = _JSON_CODES.get(code, code)
    if call.protocol is Protocol.CBOR:
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", spelled, "message", message)))
        return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": spelled}
    if call.service == "sqs":
        headers["x-amzn-query-error"] = f"{code};Sender"
    if call.protocol is Protocol.JSON:
        status = _BAD_REQUEST
    return status, headers, json.dumps({"__type": spelled, "message": message, "Message": message}).encode()


def _cbor_text(text: str) -> bytes:
    """A text string of RFC 8949, section 3: major type 3 with its length."""
    encoded = text.encode()
    size = len(encoded)
    if size < _SHORT:
        return bytes([0x60 | size]) + encoded
    if size < _BYTE:
        return bytes([0x78, size]) + encoded
    return b"\x79" + min(size, _LONG - 1).to_bytes(2, "big") + encoded[: _LONG - 1]
