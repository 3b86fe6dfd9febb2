"""Typed readers for environment variables; the settings file is their only caller."""

import os
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write true or false.")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default)).strip()
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.") from error


def words(name: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def database_url() -> str:
    """DATABASE_URL, or the same address from its parts, as the portal's own blueprint hands it
    over; empty without both.
    """
    if given := text("DATABASE_URL"):
        return given
    host = text("DATABASE_HOST")
    if not host:
        return ""
    name, username, password = (_part(f"DATABASE_{part}", "DATABASE_HOST") for part in ("NAME", "USERNAME", "PASSWORD"))
    port, tls = number("DATABASE_PORT", 5432), text("DATABASE_SSLMODE", "require")
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return f"postgresql://{login}@{host}:{port}/{quote(name, safe='')}?sslmode={quote(tls)}"


def redis_url() -> str:
    """REDIS_URL, or CACHE_URL, or rediss:// (TLS) from REDIS_HOST, REDIS_PORT and REDIS_PASSWORD;
    empty without any.
    """
    if given := text("REDIS_URL") or text("CACHE_URL"):
        return given
    host = text("REDIS_HOST")
    if not host:
        return ""
    password = text("REDIS_PASSWORD")
    login = f":{quote(password, safe='')}@" if password else ""
    return f"rediss://{login}{host}:{number('REDIS_PORT', 6379)}/0"


@dataclass(frozen=True, slots=True)
class MailServer:
    """`starts_tls`: STARTTLS; `is_tls`: TLS from the start. Without a host there is no mail."""

    host: str = ""
    port: int = 25
    username: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail_server() -> MailServer:
    """The server in EMAIL_URL: smtp+tls://user:password@smtp.example.org:587."""
    given = text("EMAIL_URL")
    if not given:
        return MailServer()
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in _MAIL_PORTS or not url.hostname or url.path not in ("", "/"):
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@smtp.example.org:587.")
    return MailServer(
        host=url.hostname,
        port=port or _MAIL_PORTS[url.scheme],
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        starts_tls=url.scheme == "smtp+tls",
        is_tls=url.scheme == "smtps",
    )


def first_address(origins: list[str], hosts: list[str], *, tls: bool) -> str:
    """The portal's own address, as far as other settings tell: the first of CSRF_TRUSTED_ORIGINS, or
    of ALLOWED_HOSTS.
    """
    exact = [origin for origin in origins if "*" not in origin]
    names = [host for host in hosts if not host.startswith(("*", "."))]
    if exact:
        return exact[0]
    return f"{'https' if tls else 'http'}://{names[0] if names else 'localhost'}"


def _part(name: str, because: str) -> str:
    if value := text(name):
        return value
    raise ImproperlyConfigured(f"{because} is set and {name} is not; set both, or the whole address instead.")
