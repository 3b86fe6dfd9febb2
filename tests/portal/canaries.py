"""Where secrets may enter the portal: one entry each, which plants a canary and returns it.

To add an entry point, write a function with `@plants("…")` and the fields that it covers. A password
field that no entry covers fails `test_canaries.py`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pyotp import TOTP
from pytest_django import Settings

from portal.identity.second_factor import remove_second_factor
from provisioning.lifecycle.services.invitations import invite
from provisioning.lifecycle.services.tokens import create_personal_token, create_service_token
from provisioning.models import Role
from tests.portal.conftest import People
from tests.portal.test_request_form_secrets import RAW_BLUEPRINT, RAW_TEMPLATE

PASSWORD = "correct horse battery"
API = {"content_type": "application/json"}


def canary(name: str) -> str:
    return f"canary-{name}-{secrets.token_hex(8)}"


@dataclass
class Field:
    """What an entry point uses. `echoed` are the answers that must not repeat what was sent."""

    people: People
    settings: Settings
    echoed: list[HttpResponse]

    def bob(self) -> Client:
        client = Client(raise_request_exception=False)
        assert client.post("/sign-in/", {"username": "bob", "password": PASSWORD}).status_code == 302
        return client


@dataclass(frozen=True)
class Entry:
    name: str
    covers: frozenset[str]
    plant: Callable[[Field], list[str]]


ENTRIES: list[Entry] = []


def plants(name: str, *covers: str) -> Callable[[Callable[[Field], list[str]]], Callable[[Field], list[str]]]:
    def register(plant: Callable[[Field], list[str]]) -> Callable[[Field], list[str]]:
        ENTRIES.append(Entry(name, frozenset(covers), plant))
        return plant

    return register


def licensed(field: Field, folder: Path) -> None:
    """A catalogue with a raw template that has a NoEcho parameter."""
    (folder / "licensed").mkdir()
    (folder / "licensed" / "blueprint.hcl").write_text(RAW_BLUEPRINT)
    (folder / "licensed" / "template.json").write_text(json.dumps(RAW_TEMPLATE))
    field.settings.BLUEPRINTS_DIR = folder


@plants("a password typed as user name, and a wrong one", "sign_in/password")
def signing_in(field: Field) -> list[str]:
    planted = [canary("user-name"), canary("wrong")]
    answer = Client().post("/sign-in/", {"username": planted[0], "password": "x"})
    assert answer.status_code != 302  # the form shows the user name again, to the person who typed it
    field.echoed.append(Client().post("/sign-in/", {"username": "bob", "password": planted[1]}))
    return planted


@plants("the password of signing in again", "identity/sign_in_again_password")
def signing_in_again(field: Field) -> list[str]:
    planted = canary("again")
    field.settings.SIGN_IN_AGAIN_MINUTES = 0
    field.echoed.append(field.bob().post("/profile/second-factor/start/", {"sign_in_again_password": planted}))
    field.settings.SIGN_IN_AGAIN_MINUTES = 15
    return [planted]


@plants(
    "a changed password",
    "PasswordForm.current_password",
    "PasswordForm.new_password",
    "PasswordForm.new_password_again",
)
def changing_the_password(field: Field) -> list[str]:
    old, new, other = canary("old"), canary("new"), canary("other")
    bob = field.bob()
    for sent in ((old, new, new), (PASSWORD, new, other)):
        data = dict(zip(("current_password", "new_password", "new_password_again"), sent, strict=True))
        field.echoed.append(bob.post("/profile/password/", data))
    assert (
        bob.post(
            "/profile/password/", {"current_password": PASSWORD, "new_password": new, "new_password_again": new}
        ).status_code
        == 302
    )
    field.people.bob.refresh_from_db()
    field.people.bob.set_password(PASSWORD)
    field.people.bob.save()
    return [old, new, other]


@plants("a second factor and its recovery codes")
def second_factor(field: Field) -> list[str]:
    """Both are shown to bob alone, once."""
    bob = field.bob()
    assert bob.post("/profile/second-factor/start/").status_code == 302
    page = re.sub(r"<[^>]*>", "", bob.get("/profile/second-factor/").content.decode())
    key = max((re.sub(r"\s", "", found) for found in re.findall(r"(?:[A-Z2-7]{4} ?){6,}", page)), key=len)
    answer = bob.post("/profile/second-factor/confirm/", {"code": TOTP(key).now()})
    codes = list(answer.context["codes"])
    assert len(codes) >= 8
    remove_second_factor(field.people.bob, actor=field.people.bob)
    return [key, *codes]


@plants("a NoEcho parameter, typed where its secret's ARN belongs", "BlueprintForm.sensitive")
def no_echo(field: Field) -> list[str]:
    planted = canary("no-echo")
    form = field.people.form(questions={}) | {"input_Licence": planted}
    bob = field.bob()
    for path in ("", "preview/", "preflight/"):
        field.echoed.append(bob.post(f"/catalogue/licensed/request/{path}", form))
    return [planted]


@plants("a portal error while a secret is sent")
def portal_error(field: Field) -> list[str]:
    planted = canary("error")
    bob = field.bob()
    answer = bob.post("/catalogue/licensed/request/", {"size": "dev", "input_Licence": planted, "place": "\x00"})
    field.echoed.append(answer)
    return [planted]


@plants("Terraform text and a file")
def terraform(field: Field) -> list[str]:
    planted = [canary("pasted"), canary("uploaded"), canary("broken")]
    bob = field.bob()
    url = "/catalogue/licensed/import/"
    field.echoed.append(bob.post(url, {"text": f'Licence = "{planted[0]}"\n'}))
    file = SimpleUploadedFile("secret.tfvars", f'Licence = "{planted[1]}"\n'.encode())
    field.echoed.append(bob.post(url, {"file": file}))
    field.echoed.append(bob.post(url, {"text": f'Licence = {{ "{planted[2]}'}))
    return planted


@plants("tokens, and a wrong one")
def tokens(field: Field) -> list[str]:
    """A token is shown once, in the answer that creates it."""
    people, wrong = field.people, canary("token")
    personal = create_personal_token(actor=people.bob, name="laptop", scopes=["read"], days=30)
    service = create_service_token(actor=people.alice, team=people.payments, name="deploys", scopes=["read"], days=30)
    planted = [personal.text, service.text, wrong]
    for text in planted:
        field.echoed.append(Client().get("/api/v1/me", headers={"Authorization": f"Bearer {text}"}))
    assert [answer.status_code for answer in field.echoed[-3:]] == [200, 200, 401]
    return planted


@plants("a body of the API, with and without the permission")
def api(field: Field) -> list[str]:
    planted = canary("api")
    text = create_personal_token(actor=field.people.bob, name="ci", scopes=["read", "operate"], days=30).text
    body = {
        "blueprint": "licensed",
        "size": "dev",
        "inputs": {"Licence": planted},
        "name": "x",
        "team": "payments",
        "nonsense": planted,
    }
    for path in ("/api/v1/environments", "/api/v1/plans", "/api/v1/nowhere"):
        headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": secrets.token_hex(8)}
        field.echoed.append(Client(raise_request_exception=False).post(path, body, headers=headers, **API))
    return [planted, text]


@plants("the link of an invitation, and the password of the new account", "NewAccountForm.password")
def invitation(field: Field) -> list[str]:
    people, password = field.people, canary("new-account")
    token = invite(actor=people.alice, team=people.payments, email="dave@example.com", role=Role.VIEWER).token
    dave = Client(raise_request_exception=False)
    assert dave.get(f"/invitation/{token}/").status_code == 302
    field.echoed.append(dave.post("/invitation/", {"username": "", "password": password}))
    assert dave.post("/invitation/", {"username": "dave", "password": password}).status_code == 302
    return [token, password]


@plants("the link that sets a password", "people/new_password1", "people/new_password2")
def password_link(field: Field) -> list[str]:
    charlie, planted = field.people.charlie, canary("set")
    token = default_token_generator.make_token(charlie)
    visitor = Client(raise_request_exception=False)
    form = visitor.get(f"/set-password/{urlsafe_base64_encode(force_bytes(charlie.pk))}/{token}/")
    assert form.status_code == 302
    field.echoed.append(visitor.post(form.url, {"new_password1": planted, "new_password2": "else"}))  # type: ignore[attr-defined]
    assert visitor.post(form.url, {"new_password1": planted, "new_password2": planted}).status_code == 302  # type: ignore[attr-defined]
    return [planted, token]


@plants("the client secret of single sign-on")
def single_sign_on(field: Field) -> list[str]:
    planted = canary("sso")
    field.settings.SSO_CLIENT_SECRET = planted
    return [planted]
