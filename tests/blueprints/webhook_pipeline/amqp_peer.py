"""A small AMQP broker over TLS: it logs in, opens channels, and confirms, refuses or breaks as a
test tells it.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.blueprints.webhook_pipeline.shipped_code import receiver


def certificate(folder: Path, host: str) -> tuple[str, Path]:
    """A certificate that is its own authority, for one host name: its PEM, and the file with key
    and certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "peer.pem"
    path.write_bytes(secret + pem)
    return pem.decode(), path


class Peer:
    """`plan` says what happens to the next messages: ack, nack, unroutable, close, cut or silence.
    Then it acks.

    `deaf_to` names methods (Channel.Open, Confirm.Select …) that are read and never answered.
    """

    def __init__(self, pem: Path, plan: list[str] | None = None) -> None:
        receiver("broker")
        import pika  # noqa: PLC0415 - it lies in the receiver's wheel, which is on the path by now

        self.pika = pika
        self.plan = plan or []
        self.deaf_to: tuple[str, ...] = ()
        self.messages: list[tuple[str, Any, bytes]] = []
        self.logins: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        # A blocked accept is woken by shutdown, not by close.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def cut(self) -> None:
        """Break every connection without a word."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            try:
                connection = self._context.wrap_socket(plain, server_side=True)
            except OSError:
                plain.close()
                continue
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._talk(connection)
        connection.close()

    def _talk(self, connection: socket.socket) -> None:
        spec = self.pika.spec
        buffer = connection.recv(8)
        assert buffer == b"AMQP\x00\x00\x09\x01"
        able = {"capabilities": {"publisher_confirms": True, "basic.nack": True}}
        self._say(connection, 0, spec.Connection.Start(server_properties=able, mechanisms="PLAIN"))
        buffer, message, delivered = b"", [], 0
        while True:
            read = connection.recv(65536)
            if not read:
                return
            buffer += read
            while True:
                used, frame = self.pika.frame.decode_frame(buffer)
                if not frame:
                    break
                buffer = buffer[used:]
                kind = type(getattr(frame, "method", frame)).__name__
                if kind == "StartOk":
                    self.logins.append(frame.method.response)
                    self._say(connection, 0, spec.Connection.Tune(channel_max=10, frame_max=131072, heartbeat=60))
                elif kind in {"Publish", "Header", "Body"}:
                    message.append(frame)
                    size = sum(len(part.fragment) for part in message[2:])
                    if len(message) > 1 and size >= message[1].body_size:
                        delivered += 1
                        self._taken(connection, message, delivered)
                        message = []
                elif not self._answered(connection, frame, kind):
                    return

    def _answered(self, connection: socket.socket, frame: Any, kind: str) -> bool:
        spec = self.pika.spec
        owner = getattr(frame, "method", frame)
        answers = {
            spec.Connection.Open: spec.Connection.OpenOk,
            spec.Channel.Open: spec.Channel.OpenOk,
            spec.Confirm.Select: spec.Confirm.SelectOk,
            spec.Channel.Close: spec.Channel.CloseOk,
            spec.Connection.Close: spec.Connection.CloseOk,
        }
        if type(owner).NAME in self.deaf_to:
            return True
        if answer := answers.get(type(owner)):
            self._say(connection, frame.channel_number, answer())
        return not (kind == "Close" and isinstance(owner, spec.Connection.Close))

    def _taken(self, connection: socket.socket, message: list[Any], tag: int) -> None:
        spec = self.pika.spec
        publish, header, *bodies = message
        body = b"".join(part.fragment for part in bodies)
        step = self.plan.pop(0) if self.plan else "ack"
        number = publish.channel_number
        if step == "silence":
            return
        if step == "cut":
            connection.shutdown(socket.SHUT_RDWR)
            return
        if step == "close":
            close = spec.Connection.Close(reply_code=320, reply_text="shut down", class_id=0, method_id=0)
            self._say(connection, 0, close)
            return
        if step == "unroutable":
            returned = spec.Basic.Return(reply_code=312, reply_text="NO_ROUTE", exchange="", routing_key="")
            self._say(connection, number, returned)
            connection.sendall(self.pika.frame.Header(number, len(body), header.properties).marshal())
            connection.sendall(self.pika.frame.Body(number, body).marshal())
        if step == "nack":
            self._say(connection, number, spec.Basic.Nack(delivery_tag=tag))
            return
        if step == "ack":
            self.messages.append((publish.method.routing_key, header.properties, body))
        self._say(connection, number, spec.Basic.Ack(delivery_tag=tag))

    def _say(self, connection: socket.socket, number: int, method: Any) -> None:
        connection.sendall(self.pika.frame.Method(number, method).marshal())
