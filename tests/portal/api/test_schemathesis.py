"""Schemathesis reads the committed OpenAPI document, and tries to break what it promises.

All of its checks are on but the one for slow answers, because no test here times anything. Calls run
in the real application on the real database. In the first test each call is undone, so that all meet
the same story; in the second, calls build on each other. The choices are the same in each run.
SCHEMATHESIS_EXAMPLES=3 also tries each limit of each value, as its phase of coverage does, and a larger
number makes more calls up.
"""

from __future__ import annotations

import json
import os
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import got_request_exception, request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connections, transaction
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from portal.api.published import COMMITTED, resolved
from tests.portal.api.story import Story
from tests.portal.api.story import story as story  # noqa: PLC0414 - the fixture, shared

pytestmark = pytest.mark.long

SEED: Final = 20260301
EXAMPLES: Final = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
"""How many calls of each operation the phase of fuzzing makes, and half the number of chains of calls."""
LOOKS_FURTHER: Final = "SCHEMATHESIS_EXAMPLES" in os.environ
"""Whether each limit of each value is tried as well, which takes minutes."""


@dataclass
class Portal:
    """The WSGI application. Schemathesis calls it in threads of its own, one at a time, on the connection
    of the test. Calls leave nothing behind unless they are `kept`. `errors` are those of the portal.
    """

    kept: bool = False
    application: Callable[..., Any] = field(default_factory=get_wsgi_application)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = connections["default"]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        connections["default"] = self._connection
        with transaction.atomic():
            response = self.application(environ, start_response)
            content = b"".join(response)
            response.close()
            transaction.set_rollback(not self.kept)
        return [content]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """As Django's own test client does, keep the connection open after a request."""
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        got_request_exception.connect(self._note)
        self._connection.inc_thread_sharing()
        try:
            yield
        finally:
            self._connection.dec_thread_sharing()
            got_request_exception.disconnect(self._note)
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)

    def _note(self, **_more: Any) -> None:
        self.errors.append(traceback.format_exc())


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Portal]:
    """Schemathesis 4.32 hands settings of the network on to werkzeug, which refuses them. It keeps a cache in the
    folder in which it runs.
    """
    monkeypatch.chdir(tmp_path)
    send = WSGITransport.send

    def without_network(self: WSGITransport, case: Any, *, session: Any = None, **options: Any) -> Any:
        local = {name: value for name, value in options.items() if name not in _NETWORK}
        return send(self, case, session=session, **local)

    monkeypatch.setattr(WSGITransport, "send", without_network)
    application = Portal()
    with application.in_use():
        yield application


_NETWORK: Final = ("max_redirects", "verify", "cert", "proxies")


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return loaded


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for methods in document()["paths"].values():
        for method, operation in methods.items():
            yield operation["operationId"], method, operation


def configuration(story: Story, folder: Path, phases: Collection[str], examples: int) -> SchemathesisConfig:
    """Dora calls, and charlie, of another team, must not read what she reads."""
    callers = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {story.tokens[name]}"}]}
        for name in ("dora", "charlie")
    ]
    (folder / "people.json").write_text(json.dumps({"auth": callers}))
    dictionaries = {
        _dictionary(operation_id, name): {"values": [value]}
        for operation_id, values in story.values.items()
        for name, value in values.items()
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "workers": 1,
            "continue-on-failure": True,
            "auth": {"wfc": {"path": str(folder / "people.json"), "user": "dora", "peers": ["dora", "charlie"]}},
            "dictionaries": dictionaries,
            "parameters": _real(story, "*"),
            "operations": [
                {
                    "include-operation-id": operation_id,
                    "parameters": _real(story, operation_id),
                    "checks": {"positive_data_acceptance": {"expected-statuses": _accepted(method, operation)}},
                }
                for operation_id, method, operation in operations()
            ],
            "generation": {"mode": "all", "deterministic": True, "max-examples": examples, "database": "none"},
            "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
        },
        base_dir=str(folder),
    )


def _dictionary(operation_id: str, name: str) -> str:
    return f"{operation_id}_{name}".replace("*", "all").replace(".", "_")


def _real(story: Story, operation_id: str) -> dict[str, Any]:
    """Most values of these parameters exist, the rest are invented."""
    return {
        name: {"dictionary": _dictionary(operation_id, name), "probability": 0.8}
        for name in story.values.get(operation_id, {})
    }


def _accepted(method: str, operation: Mapping[str, Any]) -> list[str]:
    """The answers that well-formed values may have. What changes something may break a rule that no schema can
    express, such as a name in use, and a cursor may be of another list; other calls are never refused
    with 422, but for a size that a blueprint does not have.
    """
    statuses = ["2xx", "304", "403", "404", "409"]
    names = {resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
    may_be_refused = method != "get" or "cursor" in names or operation["operationId"] == "catalogue_compare"
    return [*statuses, "422"] if may_be_refused else statuses


def run(story: Story, portal: Portal, folder: Path, *phases: str, examples: int) -> dict[str, Counter[int]]:
    """Let schemathesis call in these phases. Returns the statuses of the answers by operation id."""
    schema = schemathesis.openapi.from_dict(document(), config=configuration(story, folder, phases, examples))
    schema.app = portal
    schema.config.base_url = "http://localhost/api/v1"
    found, statuses = dict[str, str](), defaultdict[str, Counter[int]](Counter)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found |= _failures(event)
            for case_id, interaction in event.recorder.interactions.items():
                assert interaction.response is not None
                operation_id = event.recorder.cases[case_id].value.operation.definition.raw["operationId"]
                statuses[operation_id][interaction.response.status_code] += 1
        elif isinstance(event, events.NonFatalError):
            found[event.label] = repr(event.value)
        elif isinstance(event, events.FatalError):
            raise event.exception
    assert not found, "\n\n".join([f"{len(found)} kinds of failures", *found.values(), *portal.errors[:3]])
    return statuses


def test_schemathesis_finds_nothing(story: Story, portal: Portal, tmp_path: Path) -> None:
    """Of those who look further, every operation is also carried out at least once."""
    phases = ("examples", "coverage", "fuzzing") if LOOKS_FURTHER else ("examples", "fuzzing")
    statuses = run(story, portal, tmp_path, *phases, examples=EXAMPLES)
    assert statuses.keys() == {operation_id for operation_id, *_ in operations()}
    refused = {name: counts for name, counts in statuses.items() if not any(200 <= one < 300 for one in counts)}
    assert len(refused) < len(statuses) / 10
    assert refused == {} or not LOOKS_FURTHER


def test_schemathesis_finds_nothing_in_calls_that_build_on_each_other(
    story: Story, portal: Portal, tmp_path: Path
) -> None:
    portal.kept = True
    statuses = run(story, portal, tmp_path, "stateful", examples=2 * EXAMPLES)
    assert any(201 in counts for counts in statuses.values()), statuses


def _failures(event: events.ScenarioFinished) -> dict[str, str]:
    """One failure of each kind."""
    found = {}
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info is not None:
                failure, interaction = check.failure_info.failure, event.recorder.interactions[case_id]
                answer = interaction.response
                shown = f"{answer.status_code} {answer.content[:500]!r}" if answer is not None else "no answer"
                sent = check.failure_info.code_sample
                kind = f"{event.label}, {check.name}: {failure.title}"
                found[kind] = f"{kind}\n{failure.message}\n{sent}\n{shown}"
    return found
