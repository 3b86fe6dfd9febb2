"""DescribeAddresses by public address, which ministack interprets as "all"."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from provisioning.sandbox.private import app, ec2
from provisioning.sandbox.services.calls import Answer, Handler


def _by_public_ip(ministacks: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        form = dict(parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True))
        wanted = [name for name in form if name.startswith("PublicIp.")]
        if form.get("Action") != "DescribeAddresses" or not wanted:
            return await ministacks(method, path, headers, body, query)
        known = {address["PublicIp"]: allocation for allocation, address in ec2.addresses.items()}
        for name in wanted:
            public_ip = form.pop(name)
            if public_ip not in known:
                refused: Answer = ec2.error("InvalidAddress.NotFound", f"Address '{public_ip}' not found.", 400)
                return refused
            form[name.replace("PublicIp", "AllocationId")] = known[public_ip]
        return await ministacks(method, path, headers, urlencode(form).encode(), query)

    return handle


def install() -> None:
    app.SERVICE_HANDLERS["ec2"] = _by_public_ip(app.SERVICE_HANDLERS["ec2"])
