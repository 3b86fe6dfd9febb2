"""The process: installs the add-on in ministack, serves both, and saves the state on a timer and at
the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from provisioning.sandbox import api, control, event_bus, notifications, resources, schemas, work
from provisioning.sandbox.cloudformation import change_set_creation
from provisioning.sandbox.cloudformation import install as install_cloudformation
from provisioning.sandbox.iam import assume_role
from provisioning.sandbox.iam.access import ENFORCEMENT
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import app, router
from provisioning.sandbox.services import ecs_tasks
from provisioning.sandbox.services import install as install_services
from provisioning.sandbox.stacks import operations, recovery, signals
from provisioning.sandbox.state import State

GRACE_SECONDS = 0.3
_FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")


def _start_no_programs(event: str, _arguments: tuple[Any, ...]) -> None:
    """Ministack would run Lambda code and scripts as programs; here no program may be started at
    all.
    """
    if event in _FORBIDDEN:
        raise PermissionError("The sandbox starts no other programs: uploaded code is stored, never run.")


def install() -> None:
    """Installs everything of ours in ministack, before the first request."""
    schemas.install()
    resources.register()
    operations.install()
    signals.install()
    install_services()
    assume_role.install()
    install_cloudformation()
    # ministack would load about 400 botocore models (350 MB) on the first call to a service that it
    # does not know.
    router.put("KNOWN_AWS_SERVICE_NAMES", api.known_services())


async def _serve(listener: socket.socket, state: State) -> None:
    loop = asyncio.get_running_loop()
    work.start(loop)
    event_bus.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    config.graceful_timeout = GRACE_SECONDS
    config.shutdown_timeout = GRACE_SECONDS
    port = listener.getsockname()[1]
    api.serve_at(f"http://127.0.0.1:{port}")
    server = asyncio.create_task(serve(control.around(app.app), config, shutdown_trigger=stop.wait))
    await _until_it_answers(port, server)
    background = [asyncio.create_task(notifications.deliver()), asyncio.create_task(state.keep_saving())]
    await asyncio.sleep(0)
    recovery.carry_on()
    change_set_creation.carry_on()
    ecs_tasks.end_interrupted()
    print(f"sandbox ready on http://127.0.0.1:{port}", flush=True)  # noqa: T201
    await stop.wait()
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    state.save_now()
    await asyncio.wait([server], timeout=1)


async def _until_it_answers(port: int, server: asyncio.Task[None]) -> None:
    request = f"GET /_sandbox/status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while not server.done():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        if b" 200" in answer[:20]:
            return
        await asyncio.sleep(0.01)
    server.result()


def run(listener: socket.socket, speed: float, folder: Path, *, permissions: bool = True) -> None:
    """Serves until SIGTERM or SIGINT."""
    sys.addaudithook(_start_no_programs)
    PACE.set_speed(speed)
    ENFORCEMENT.on = permissions
    state = State(folder)
    state.prepare()
    install()
    asyncio.run(_serve(listener, state))
    # Threads of handlers that wait for signals or callbacks would keep the process alive.
    os._exit(0)
