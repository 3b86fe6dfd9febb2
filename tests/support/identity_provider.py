"""A real OpenID Connect provider for the tests: canaille, with its data in memory.

It runs with the Python of `.venv-provider`, as `identity_provider.py REDIRECT_URI`, and prints its
issuer when it is ready. Besides canaille's own pages, it has two for tests: `/_test/groups` sets the
groups of a person, and `/_test/tamper` changes the next ID token.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
import sys
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from flask import Response, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

PASSWORD = "correct horse battery"
PEOPLE = ("vera", "olivia")
CLIENT_ID, CLIENT_SECRET = "portal", "only-for-tests-only-for-tests"


def main(redirect_uri: str) -> None:
    server = make_server("127.0.0.1", 0, _not_ready)  # the application needs to know the port
    issuer = f"http://127.0.0.1:{server.port}"
    key = RSAKey.generate_key(2048, {"kid": "one"})
    app = create_app(
        {
            "SECRET_KEY": secrets.token_hex(),
            "SERVER_NAME": issuer.removeprefix("http://"),
            "PREFERRED_URL_SCHEME": "http",
            "SESSION_COOKIE_SECURE": False,
            "WTF_CSRF_ENABLED": False,
            "CANAILLE": {"DATABASE": "memory", "SMTP": None, "EMAIL_CONFIRMATION": False, "LOGGING": None},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key.as_dict(private=True)],
                "USERINFO_MAPPING": {
                    "SUB": "{{ user.id }}",
                    "PREFERRED_USERNAME": "{{ user.user_name }}",
                    "GIVEN_NAME": "{{ user.given_name }}",
                    "EMAIL": "{{ user.preferred_email }}",
                },
            },
        }
    )
    with app.app_context(), Backend.instance.session():
        _fill(redirect_uri)
    _add_test_pages(app, key)
    server.app = app
    print(issuer, flush=True)  # noqa: T201 - the fixture waits for it
    server.serve_forever()


def _not_ready(_environ: Any, _start_response: Any) -> list[bytes]:
    raise RuntimeError("Nobody knows the port yet.")


def _fill(redirect_uri: str) -> None:
    for name in PEOPLE:
        person = models.User(
            user_name=name,
            formatted_name=name.capitalize(),
            given_name=name.capitalize(),
            family_name="Example",
            emails=[f"{name}@example.org"],
            password=PASSWORD,
        )
        Backend.instance.save(person)
    client = models.Client(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_name="Portal",
        client_uri="http://127.0.0.1",  # canaille trusts it, so nobody is asked for consent
        redirect_uris=[redirect_uri],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
        client_id_issued_at=dt.datetime.now(dt.UTC),
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


def _add_test_pages(app: Any, key: RSAKey) -> None:
    tamper: list[str] = []

    @app.post("/_test/groups")
    def set_groups() -> str:
        """The groups of one person, who is then in no other."""
        person = Backend.instance.get(models.User, user_name=request.json["name"])
        for group in Backend.instance.query(models.Group):
            group.members = [member for member in group.members if member != person]
            Backend.instance.save(group) if group.members else Backend.instance.delete(group)
        for name in request.json["groups"]:
            group = Backend.instance.get(models.Group, display_name=name) or models.Group(display_name=name, members=[])
            group.members = [*group.members, person]
            Backend.instance.save(group)
        return "ok"

    @app.post("/_test/tamper")
    def set_tamper() -> str:
        tamper.append(request.json["how"])
        return "ok"

    @app.before_request
    def forget_codes() -> None:
        """With the data in memory, canaille mixes up the codes of one client that were not used."""
        if request.path == "/oauth/authorize":
            for code in Backend.instance.query(models.AuthorizationCode):
                Backend.instance.delete(code)

    @app.after_request
    def change_token(response: Response) -> Response:
        if request.path == "/oauth/token" and response.status_code == 200 and tamper:
            body = json.loads(response.get_data())
            body["id_token"] = _tampered(body["id_token"], tamper.pop(), key)
            response.set_data(json.dumps(body))
        return response


def _tampered(token: str, how: str, key: RSAKey) -> str:
    claims = dict(jwt.decode(token, key, algorithms=["RS512"]).claims)
    if how == "unsigned":
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        return ".".join((*encoded, ""))
    if how == "foreign key":
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))
    changes: dict[str, Any] = {
        "nonce": {"nonce": "another"},
        "no audience": {"aud": []},
        "audience": {"aud": "another", "azp": CLIENT_ID},
        "issuer": {"iss": "https://evil.example.org"},
        "expired": {"exp": 1},
        "old": {"auth_time": 1},
    }
    return jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, **changes[how]}, key)


if __name__ == "__main__":
    main(sys.argv[1])
