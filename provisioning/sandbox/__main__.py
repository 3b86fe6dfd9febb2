"""Runs the sandbox: `python -m provisioning.sandbox --port 4566 --speed 60 --state .state/sandbox`.

ministack reads its settings from the environment on import, so they are set first.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from provisioning.sandbox.launch import DEFAULT_PORT, DEFAULT_SPEED, DEFAULT_STATE

HOST = "127.0.0.1"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="A simulated AWS account on this machine.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free port (default %(default)s)")
    parser.add_argument(
        "--speed", type=float, default=DEFAULT_SPEED, help="1 is as slow as AWS, 0 does not wait (default %(default)g)"
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help="folder for the state, which the next start loads"
    )
    parser.add_argument("--no-permissions", action="store_true", help="allow every call, for comparisons of speed")
    options = parser.parse_args(arguments)
    if options.speed < 0:
        parser.error(f"--speed is {options.speed:g}; it must be 0 or more.")
    return options


def listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(512)
    return listener


def environment(port: int, state: Path) -> dict[str, str]:
    """Ministack's settings: loopback only, HTTP only, no containers, no real credentials."""
    return {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{state / 'no-docker.sock'}",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "current"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "objects"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "CRITICAL"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def main() -> int:
    options = parse()
    state: Path = options.state.resolve()
    try:
        state.mkdir(parents=True, exist_ok=True)
        listener = listen(options.port)
    except OSError as error:
        where = f"on port {options.port} with its state in {state}"
        sys.stderr.write(f"The sandbox can't start {where}: {error.strerror}.\n")
        return 2
    os.environ.update(environment(listener.getsockname()[1], state))
    from provisioning.sandbox.server import run  # noqa: PLC0415 - it imports ministack, which reads the environment

    run(listener, options.speed, state, permissions=not options.no_permissions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
