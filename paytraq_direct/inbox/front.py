"""The wire side of the inbox: a bounded HTTP/1.1 server on sockets, which can also misbehave on demand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct.inbox.script import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLAIN: Final = ("Content-Type", "text/plain; charset=utf-8")
MOST_CONNECTIONS: Final = 64
HEAD_BYTES: Final = 65_536
HEAD_PATIENCE_S: Final = 10.0
BODY_PATIENCE_S: Final = 60.0
IDLE_PATIENCE_S: Final = 30.0

_GLANCE_S: Final = 0.2
_MOST_DIGITS: Final = 12


class Request(NamedTuple):
    """The header block of a request; ``length`` is that of its body, None where none is told properly."""

    method: str
    target: str
    headers: dict[str, str]
    length: int | None
    keeps: bool

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Gone(Exception):
    """The client went away, or took too long."""


class Refused(Exception):
    """What came is no request that can be answered as one; ``status`` is the answer all the same."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Peer:
    """One connection, as whoever answers it sees it."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self._sock = sock
        self._stopping = stopping
        self._pending = bytearray()
        self.is_idle = False
        """Whether it says nothing between two requests, or before the first."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self) -> Request:
        """Read a header block. Raises Gone, and Refused for what is none."""
        if not self._pending:
            self.is_idle = True
            self._fill(time.monotonic() + IDLE_PATIENCE_S)
            self.is_idle = False
        until = time.monotonic() + HEAD_PATIENCE_S
        while (end := self._pending.find(b"\r\n\r\n")) < 0:
            if len(self._pending) > HEAD_BYTES:
                raise Refused(431, f"a header block has at most {HEAD_BYTES:,} bytes")
            self._fill(until)
        head = bytes(self._pending[:end])
        del self._pending[: end + 4]
        return _request(head)

    def body(self, length: int) -> bytes:
        """Read a body. Raises Gone when it does not come whole, or in time."""
        until = time.monotonic() + BODY_PATIENCE_S
        while len(self._pending) < length:
            self._fill(until)
        body = bytes(self._pending[:length])
        del self._pending[:length]
        return body

    def answer(self, status: int, headers: Sequence[tuple[str, str]], body: bytes, *, with_body: bool = True) -> None:
        """Send a whole answer."""
        lines = [f"HTTP/1.1 {status} {reason(status)}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1", "replace")
        self.send(head + (body if with_body else b""))

    def send(self, data: bytes) -> None:
        """Send bytes as they are. Raises Gone."""
        try:
            self._sock.settimeout(BODY_PATIENCE_S)
            self._sock.sendall(data)
        except OSError:
            raise Gone from None

    def linger(self, seconds: float = BODY_PATIENCE_S * 60) -> bool:
        """Do nothing until the front stops, the client goes, or the time is over; tell whether that was the end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._stopping.wait(min(_GLANCE_S, max(0.0, until - time.monotonic()))):
                return False
            if self._has_gone():
                return False
        return True

    def reset(self) -> None:
        """Close with RST in place of FIN."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.close()

    def drain(self) -> None:
        """Close so that an answer which was sent is not lost to a reset: read what still comes, for a moment."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self._sock.settimeout(_GLANCE_S)
            for _ in range(MOST_CONNECTIONS):
                if not self._sock.recv(HEAD_BYTES):
                    break

    def hang_up(self) -> None:
        """End the connection from another thread: whoever reads from it finds its end."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def turn_away(self) -> None:
        """Say that there is no room; what the client is sending meanwhile must not cost it the answer."""
        with contextlib.suppress(Gone, OSError):
            self.answer(503, [("Retry-After", "1"), ("Connection", "close")], b"too many connections\n")
            self.drain()
        self.close()

    def close(self) -> None:
        """Close."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _fill(self, until: float) -> None:
        while not self._stopping.is_set() and time.monotonic() < until:
            self._sock.settimeout(_GLANCE_S)
            try:
                data = self._sock.recv(HEAD_BYTES)
            except TimeoutError:
                continue
            except OSError:
                break
            if data:
                self._pending += data
                return
            break
        raise Gone

    def _has_gone(self) -> bool:
        try:
            self._sock.settimeout(0.0)
            return self._sock.recv(1, socket.MSG_PEEK) == b""
        except (BlockingIOError, TimeoutError):
            return False
        except OSError:
            return True


def converse(peer: Peer, answered: Callable[[Request, Peer], bool]) -> None:
    """Have the requests of a connection answered one by one, for as long as each says that it goes on."""
    while True:
        try:
            request = peer.request()
            if not answered(request, peer) or not request.keeps:
                break
        except Refused as refused:
            peer.answer(refused.status, [PLAIN, ("Connection", "close")], f"{refused.why}\n".encode())
            break
    peer.drain()


def _request(head: bytes) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise Refused(400, "this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise Refused(400, "a header line has no name")
        key = name.lower()
        if key in {"content-length", "host"} and key in headers:
            raise Refused(400, f"{name} is given twice")
        headers[key] = value.strip()
    length = headers.get("content-length", "")
    is_number = length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS
    is_plain = is_number and "transfer-encoding" not in headers
    keeps = parts[2] != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
    return Request(parts[0], parts[1], headers, int(length) if is_plain else None, keeps)


class Front:
    """Listens, and has each connection served in a thread of its own, at most so many at a time.

    A new connection takes the place of one that has said nothing for the longest; when all are busy it is told so.
    """

    def __init__(self, host: str, port: int, serve: Callable[[Peer], None]) -> None:
        self._serve = serve
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._peers: dict[Peer, threading.Thread] = {}
        self._doors = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._listener = socket.create_server((host, port), family=_family(host), backlog=MOST_CONNECTIONS)
        self._listener.settimeout(_GLANCE_S)
        self._accepting = threading.Thread(target=self._accept, name="inbox", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def stopping(self) -> threading.Event:
        """Set once it stops."""
        return self._stopping

    @property
    def connections(self) -> int:
        """How many are served at this moment."""
        with self._lock:
            return len(self._peers)

    def start(self) -> None:
        """Take connections from now on."""
        self._accepting.start()

    def stop(self) -> None:
        """End: take no more, let go of what hangs, and wait for what is being answered."""
        self._stopping.set()
        if self._accepting.is_alive():
            self._accepting.join()
        self._listener.close()
        with self._lock:
            threads = list(self._peers.values())
        for thread in threads:
            thread.join(_GLANCE_S * 10)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except (TimeoutError, OSError):
                continue
            peer = Peer(sock, self._stopping)
            if not self._has_room():
                self._turn_away(peer)
                continue
            thread = threading.Thread(target=self._answer, args=(peer,), name="inbox connection", daemon=True)
            with self._lock:
                self._peers[peer] = thread
            thread.start()

    def _turn_away(self, peer: Peer) -> None:
        """Turn a connection away without keeping the next one waiting; one too many even for that is closed."""
        if not self._doors.acquire(blocking=False):
            peer.close()
            return

        def turn_away() -> None:
            try:
                peer.turn_away()
            finally:
                self._doors.release()

        threading.Thread(target=turn_away, name="inbox door", daemon=True).start()

    def _has_room(self) -> bool:
        """Make room for a connection, at the cost of the one that has been idle longest; tell whether there is any."""
        with self._lock:
            if len(self._peers) < MOST_CONNECTIONS:
                return True
            idle = next((peer for peer in self._peers if peer.is_idle), None)
            if idle is not None:
                del self._peers[idle]
        if idle is not None:
            idle.hang_up()
        return idle is not None

    def _answer(self, peer: Peer) -> None:
        try:
            self._serve(peer)
        except (Gone, OSError):
            pass  # a client that goes away in the middle is nobody's fault
        finally:
            peer.close()
            with self._lock:
                self._peers.pop(peer, None)


def _family(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
