"""Where the portal is, and with which token to call it.

A token is sent only to the portal for which it was stored: PORTAL_URL with another address needs
PORTAL_TOKEN as well.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from portal.cli.errors import CliError, UsageError

_OTHERS_MAY_READ: Final = 0o077
_TOKEN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Connection:
    url: str
    token: str = field(repr=False)


def connection(environ: Mapping[str, str]) -> Connection:
    """Read PORTAL_URL and PORTAL_TOKEN, and what `login` has stored. Raises UsageError if one is missing."""
    stored = _stored(environ)
    url, token = environ.get("PORTAL_URL", ""), environ.get("PORTAL_TOKEN", "")
    url = check_url(url) if url else stored.url if stored else ""
    if not url:
        raise UsageError("Run “portal login URL” first, or set PORTAL_URL and PORTAL_TOKEN.")
    if token:
        return Connection(url, check_token(token))
    if stored is None or stored.url != url:
        raise UsageError(f"There is no token for {url}. Set PORTAL_TOKEN, or run “portal login {url}”.")
    return stored


def check_url(text: str) -> str:
    """The portal's URL without a slash at the end. Raises UsageError unless it is https, or on this machine."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"“{text}” is not a URL.") from None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise UsageError(f"“{text}” is not the URL of a portal, such as https://portal.example.com.")
    if parts.username or parts.password:
        raise UsageError("The URL must not contain a user name or a password.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError("Use https: over http, others on the network could read the token.")
    address = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{address}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - only http needs it

    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_token(text: str) -> str:
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise UsageError("The token is empty or contains characters that no token has. Copy it once more.")
    return token


def config_path(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or str(Path.home())
    return Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "portal" / "config.json"


def store(environ: Mapping[str, str], stored: Connection) -> Path:
    """Write the connection to a file that only its owner can read."""
    path = config_path(environ)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": stored.url, "token": stored.token}, file)
    new.replace(path)
    return path


def _stored(environ: Mapping[str, str]) -> Connection | None:
    path = config_path(environ)
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS_MAY_READ:
                raise CliError(f"Others can read {path}. Run: chmod 600 {path}")
            document = json.load(file)
        return Connection(check_url(document["url"]), check_token(document["token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CliError(f"{path} cannot be read. Delete it, and run “portal login URL” again.") from None
