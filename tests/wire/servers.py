"""A socket server that does what a script says and writes down what truly arrived; a proxy; certificates."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Self

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
_PATIENCE_S = 10.0


class Peer:
    """One accepted connection, as the script of a server sees it."""

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.pending = bytearray()
        self.last_body = b""
        self._fresh = True

    def read(self, size: int = 65_536) -> bytes:
        """Read something and write it down; empty at the end."""
        data = self.sock.recv(size)
        if data and self._fresh:
            self._fresh = False
            self.server.count_hit()
        self.server.seen += data
        self.pending += data
        return data

    def head(self) -> bytes:
        """Read to the end of a request's header block, which is taken off what is pending."""
        while b"\r\n\r\n" not in self.pending:
            if not self.read():
                raise ConnectionResetError
        end = self.pending.index(b"\r\n\r\n")
        head = bytes(self.pending[:end])
        del self.pending[: end + 4]
        return head

    def request(self) -> bytes:
        """Read one whole request and write its body down."""
        head = self.head()
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(self.pending) < length:
            if not self.read():
                raise ConnectionResetError
        self.last_body = bytes(self.pending[:length])
        self.server.bodies.append(self.last_body)
        del self.pending[:length]
        self._fresh = True
        return head

    def say(self, *pieces: bytes) -> None:
        """Send bytes."""
        for piece in pieces:
            self.sock.sendall(piece)

    def drip(self, data: bytes, gap_s: float = 0.05) -> None:
        """Send bytes one by one until the server is stopped."""
        for position in range(len(data)):
            self.say(data[position : position + 1])
            if self.server.stopping.wait(gap_s):
                return

    def hang(self) -> None:
        """Do nothing until the server is stopped."""
        self.server.stopping.wait(_PATIENCE_S)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def raw(self) -> socket.socket:
        """Give the TCP socket below TLS, to misbehave on; closing it is the caller's part."""
        return socket.socket(fileno=self.sock.detach())


class Server:
    """Listens on loopback; each connection is served by the script, in a thread of its own.

    ``hits`` counts the requests of which a first byte arrived, ``bodies`` has the whole bodies, ``seen`` every byte
    after decryption.
    """

    def __init__(
        self, script: Callable[[Peer], object], *, tls: ssl.SSLContext | None = None, receive_buffer: int | None = None
    ) -> None:
        self.stopping = threading.Event()
        self.connections = 0
        self.hits = 0
        self.bodies: list[bytes] = []
        self.seen = bytearray()
        self._script = script
        self._tls = tls
        self._lock = threading.Lock()
        self._peers: list[tuple[threading.Thread, Peer]] = []
        self._listener = socket.socket()
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, host: str = "127.0.0.1") -> str:
        """Give a channel URL on this server."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/ext/direct/inbox/1234567890abcdef"

    def count_hit(self) -> None:
        """Count a request."""
        with self._lock:
            self.hits += 1

    def stop(self) -> None:
        """End every script and wait for it; the record is complete afterwards."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes accept()
        self._accepting.join(_PATIENCE_S)
        for thread, peer in self._peers:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own shutdown, which would pull the rug from under the thread that reads.
                socket.socket.shutdown(peer.sock, socket.SHUT_RDWR)
            thread.join(_PATIENCE_S)
            assert not thread.is_alive()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            self.connections += 1
            peer = Peer(self, sock, self.connections)
            thread = threading.Thread(target=self._serve, args=(peer,))
            self._peers.append((thread, peer))
            thread.start()

    def _serve(self, peer: Peer) -> None:
        sock = peer.sock
        sock.settimeout(_PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls:
                peer.sock = self._tls.wrap_socket(sock, server_side=True)
            self._script(peer)
        except (OSError, ValueError):
            pass  # the client went away, which is its right
        finally:
            peer.sock.close()
            sock.close()


def closed_port() -> int:
    """Give a port that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Give a port that answers no connection attempt, since its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def tunnel(target_port: int) -> Callable[[Peer], None]:
    """Give the script of a proxy that opens its tunnel to a port, whatever it is asked for."""

    def script(peer: Peer) -> None:
        peer.head()
        with socket.create_connection(("127.0.0.1", target_port)) as target:
            peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(target, peer.sock))
            back.start()
            _pump(peer.sock, target)
            back.join(_PATIENCE_S)

    return script


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@functools.cache
def authority() -> trustme.CA:
    """Give the authority that the tests trust."""
    return trustme.CA()


@functools.cache
def stranger() -> trustme.CA:
    """Give an authority that nobody trusts."""
    return trustme.CA()


@functools.cache
def server_context(kind: str = "good") -> ssl.SSLContext:
    """Give a server's TLS settings: good, other (host), expired, soon (over), self-signed, untrusted, old, client-cert or client-cert-1.2."""
    now = dt.datetime.now(dt.UTC)
    signer = stranger() if kind == "untrusted" else authority()
    names = ("other.example",) if kind == "other" else ("127.0.0.1", "localhost")
    over = now + dt.timedelta(days=9, hours=12) if kind == "soon" else now - dt.timedelta(days=1)
    start = now - dt.timedelta(days=9)
    leaf = (
        signer.issue_cert(*names, not_before=start, not_after=over)
        if kind in {"expired", "soon"}
        else signer.issue_cert(*names)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    if kind == "self-signed":
        with stranger().cert_pem.tempfile() as cert, stranger().private_key_pem.tempfile() as key:
            context.load_cert_chain(cert, key)
    if kind.startswith("client-cert"):
        context.verify_mode = ssl.CERT_REQUIRED
        authority().configure_trust(context)
    if kind.endswith("1.2"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
