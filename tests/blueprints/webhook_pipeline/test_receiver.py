"""What the receiver accepts, rejects and forwards, with a broker whose responses are scripted."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blueprints.webhook_pipeline.conftest import ENVIRONMENT, SECRET, Clock, Secrets, an_event
from tests.blueprints.webhook_pipeline.shipped_code import receiver


class Taken:
    """A broker that takes everything, unless `error` says otherwise."""

    def __init__(self, error: Exception | None = None) -> None:
        self.messages: list[tuple[Any, str]] = []
        self.error = error

    def publish(self, webhook: Any, correlation_id: str) -> None:
        if self.error:
            raise self.error
        self.messages.append((webhook, correlation_id))


@pytest.fixture
def broker() -> Taken:
    return Taken()


def _answer(event: Any, gate: Any, broker: Taken) -> tuple[int, dict[str, Any], dict[str, str]]:
    found = receiver("handler").answer(event, gate, broker)
    assert set(found) == {"statusCode", "headers", "body"}
    return found["statusCode"], json.loads(found["body"]), found["headers"]


def test_it_hands_a_webhook_on_and_says_its_id(gate: Any, broker: Taken) -> None:
    status, body, headers = _answer(an_event(x_correlation_id="order-42"), gate, broker)
    assert (status, body) == (202, {"accepted": "order-42"})
    assert headers["cache-control"] == "no-store"
    ((webhook, correlation_id),) = broker.messages
    assert correlation_id == "order-42"
    assert webhook.body == b'{"paid": true}'
    assert (webhook.method, webhook.domain, webhook.path, webhook.query) == (
        "POST",
        "hooks.example.com",
        "/stripe",
        "v=2",
    )
    assert webhook.headers["x-signature"] == "sha256=0f"


def test_neither_the_secret_nor_a_cookie_is_handed_on(gate: Any, broker: Taken) -> None:
    _answer(an_event(cookie="session=1", authorization="Basic x"), gate, broker)
    ((webhook, _),) = broker.messages
    assert SECRET not in repr(webhook)
    assert not {"cookie", "authorization", "host", "x-webhook-secret"} & set(webhook.headers)


def test_an_id_of_another_shape_is_replaced(gate: Any, broker: Taken) -> None:
    _answer(an_event(x_correlation_id='"; DROP'), gate, broker)
    ((_, correlation_id),) = broker.messages
    assert len(correlation_id) == 36


@pytest.mark.parametrize("given", [None, "", "wrong", SECRET + " ", SECRET.upper(), "ü"])
def test_it_refuses_whoever_does_not_know_the_secret(gate: Any, broker: Taken, given: str | None) -> None:
    """And says nothing else: not that the domain, the method or the size is wrong too."""
    event = an_event("x" * 5000, x_webhook_secret=given, x_forwarded_host="elsewhere.example.com")
    event["requestContext"]["http"]["method"] = "GET"
    assert _answer(event, gate, broker)[:2] == (403, {"error": "forbidden"})
    assert broker.messages == []


def test_the_secret_is_compared_in_constant_time(gate: Any, broker: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(receiver("gate").hmac, "compare_digest", compare)
    _answer(an_event(), gate, broker)
    assert compared == [(SECRET.encode(), SECRET.encode())]


@pytest.mark.parametrize(
    "domain", [None, "", "example.com", "hooks.example.com.evil.net", "evil.net,hooks.example.com"]
)
def test_it_answers_for_its_own_domains_only(gate: Any, broker: Taken, domain: str | None) -> None:
    assert _answer(an_event(x_forwarded_host=domain), gate, broker)[:2] == (403, {"error": "unknown domain"})


@pytest.mark.parametrize("domain", ["pay.example.com", "HOOKS.example.com", "hooks.example.com."])
def test_a_domain_is_known_however_it_is_written(gate: Any, broker: Taken, domain: str) -> None:
    assert _answer(an_event(x_forwarded_host=domain), gate, broker)[0] == 202


def test_another_method_is_not_allowed(gate: Any, broker: Taken) -> None:
    event = an_event()
    event["requestContext"]["http"]["method"] = "get"
    status, _, headers = _answer(event, gate, broker)
    assert (status, headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("size", "status"), [(1000, 202), (1001, 413), (500_000, 413)])
@pytest.mark.parametrize("encoded", [True, False])
def test_the_size_is_of_the_bytes_themselves(
    gate: Any, broker: Taken, size: int, status: int, *, encoded: bool
) -> None:
    raw = b"x" * size
    event = an_event(base64.b64encode(raw).decode() if encoded else raw.decode())
    event["isBase64Encoded"] = encoded
    assert _answer(event, gate, broker)[0] == status


def test_a_body_is_handed_on_byte_for_byte(gate: Any, broker: Taken) -> None:
    event = an_event(base64.b64encode(bytes(range(256))).decode())
    event["isBase64Encoded"] = True
    _answer(event, gate, broker)
    assert broker.messages[0][0].body == bytes(range(256))


@pytest.mark.parametrize("body", ["not base64!", "YQ", 7, ["x"]])
def test_a_body_that_cannot_be_read_is_a_bad_request(gate: Any, broker: Taken, body: Any) -> None:
    event = an_event(body)
    event["isBase64Encoded"] = True
    assert _answer(event, gate, broker)[0] == 400


def test_headers_without_end_are_refused(gate: Any, broker: Taken) -> None:
    assert _answer(an_event(x_long="x" * 40_000), gate, broker)[0] == 431


def test_without_the_broker_the_sender_is_asked_to_try_again(gate: Any, caplog: pytest.LogCaptureFixture) -> None:
    broker = Taken(receiver("broker").Unavailable("StreamLostError"))
    with caplog.at_level(logging.INFO):
        status, body, headers = _answer(an_event(), gate, broker)
    assert (status, body["error"], headers["retry-after"]) == (503, "try again", "5")
    assert "StreamLostError" in caplog.text


def test_no_log_line_holds_the_secret_or_the_body(gate: Any, broker: Taken, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _answer(an_event("card 4111111111111111"), gate, broker)
        _answer(an_event(x_webhook_secret="wrong-secret-value"), gate, broker)
        _answer(an_event(x_forwarded_host="elsewhere.example.com"), gate, broker)
    assert "accepted" in caplog.text
    for hidden in (SECRET, "4111111111111111", "wrong-secret-value"):
        assert hidden not in caplog.text


def test_secrets_are_read_once_in_five_minutes(gate: Any, broker: Taken, secrets: Secrets, clock: Clock) -> None:
    for _ in range(5):
        _answer(an_event(), gate, broker)
    assert secrets.asked == 1
    clock.now += 301
    _answer(an_event(), gate, broker)
    assert secrets.asked == 2


def test_a_changed_secret_counts_from_its_first_call(gate: Any, broker: Taken, secrets: Secrets, clock: Clock) -> None:
    _answer(an_event(), gate, broker)
    secrets.values = dict.fromkeys(secrets.values, "rotated")
    clock.now += 31
    assert _answer(an_event(x_webhook_secret="rotated"), gate, broker)[0] == 202
    assert _answer(an_event(), gate, broker)[0] == 403


def test_a_flood_of_wrong_secrets_is_no_flood_of_readings(gate: Any, broker: Taken, secrets: Secrets) -> None:
    for number in range(200):
        _answer(an_event(x_webhook_secret=f"guess {number}"), gate, broker)
    assert secrets.asked == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=10,
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-webhook-secret", "X-Forwarded-Host", "content-type", "x-correlation-id"])
    | st.text(max_size=300),
    st.text() | ANYTHING,
    max_size=6,
)
EVENTS = ANYTHING | st.fixed_dictionaries(
    {},
    optional={
        "headers": HEADERS | ANYTHING,
        "requestContext": st.fixed_dictionaries({"http": ANYTHING}) | ANYTHING,
        "rawPath": ANYTHING,
        "rawQueryString": ANYTHING,
        "body": ANYTHING,
        "isBase64Encoded": ANYTHING,
    },
)


@settings(deadline=None)
@given(event=EVENTS)
def test_nobody_gets_in_with_any_event_but_by_the_secret(event: Any) -> None:
    broker = Taken()
    status, _, _ = _answer(event, _gate(), broker)
    assert status == 403
    assert broker.messages == []


@settings(deadline=None)
@given(event=EVENTS, extra=HEADERS)
def test_a_known_caller_gets_an_answer_to_anything(event: Any, extra: dict[str, Any]) -> None:
    """Whatever Cloudflare lets through: the response can be sent, and the forwarded message can be
    encoded.
    """
    event = event if isinstance(event, dict) else {}
    event["headers"] = {**extra, **an_event()["headers"]}
    broker = Taken()
    status, _, _ = _answer(event, _gate(), broker)
    assert status in {202, 400, 405, 413, 431}
    for webhook, correlation_id in broker.messages:
        for text in (webhook.path, webhook.query, correlation_id, *webhook.headers, *webhook.headers.values()):
            text.encode()
        assert all(len(name.encode()) < 256 for name in webhook.headers)


def _gate() -> Any:
    return receiver("gate").Gate.from_environment(ENVIRONMENT, receiver("vault").Vault(Secrets()))
