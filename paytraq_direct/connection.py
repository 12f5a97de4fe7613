"""One socket with one deadline over everything it does: name, connect, proxy, TLS, writing, reading."""

from __future__ import annotations

import base64
import contextlib
import errno
import ipaddress
import math
import os
import queue
import selectors
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct.answer import AnswerReader, NotAnAnswer
from paytraq_direct.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK: Final = 65_536
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE

# select() cannot watch descriptors above 1024, which a sender of many invoices may well have.
_Poller: type[selectors.SelectSelector | selectors.PollSelector]
if sys.platform == "win32":
    _Poller = selectors.SelectSelector
else:
    _Poller = selectors.PollSelector

_TRUST_FAULTS: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself, which is an unknown authority",
    19: "was signed by an unknown authority",
    20: "was signed by an unknown authority",
    21: "was signed by an unknown authority",
    62: "is for another host",
    64: "is for another address",
}
_SOCKET_FAULTS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was reset",
    errno.EPIPE: "the server closed the connection",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.EHOSTUNREACH: "the host cannot be reached",
    errno.ETIMEDOUT: "the network gave up waiting for the host",
}


class Broken(Exception):
    """The exchange cannot go on; the text says why, in words that hold no secret."""


class Late(Broken):
    """The deadline is over."""


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Give ``host:port`` as CONNECT wants it, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_header(self) -> str:
        """Give the value of the Host header; the scheme's own port is left out."""
        authority = self.authority
        return authority.rpartition(":")[0] if self.port == DEFAULT_PORTS[self.scheme] else authority


class Trace:
    """Where an exchange stands, written down as it goes, since no exception tells it afterwards.

    ``stage`` is one of resolve, connect, proxy, tls, write, answer, body, done.
    """

    __slots__ = ("stage",)

    def __init__(self) -> None:
        self.stage = "resolve"


class Deadline:
    """A moment after which nothing is waited for any more; ``seconds`` is what was granted in all."""

    __slots__ = ("_clock", "_ends_at", "seconds")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._ends_at = clock() + seconds

    def left(self) -> float:
        """Give the seconds that are left, always above zero. Raises Late when there are none."""
        left = self._ends_at - self._clock()
        if left <= 0:
            raise Late
        return left

    def share(self, parts: int) -> Deadline:
        """Give a deadline that takes an equal part of the time left."""
        return Deadline(self.left() / parts, self._clock)

    def at_most(self, seconds: float) -> Deadline:
        """Give a deadline that ends with this one, and after so many seconds at the latest."""
        return Deadline(min(self._ends_at - self._clock(), seconds), self._clock)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An http proxy that opens tunnels; user and password go to it alone and are never shown."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def from_text(cls, text: str) -> Proxy:
        """Read ``http://[user:password@]host:port``. Raises ChannelError, which does not repeat the text."""
        trouble = "a proxy is written as http://host:port or http://user:password@host:port"
        try:
            parts = urllib.parse.urlsplit(text)
            host, port, user, password = parts.hostname, parts.port, parts.username, parts.password
        except (ValueError, TypeError, AttributeError):
            host = port = None
        if not host or not port or not text.isascii() or not text.isprintable() or " " in text:
            raise ChannelError(trouble)
        if parts.scheme != "http" or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ChannelError(trouble)
        if user is None:
            return cls(host, port)
        pair = f"{urllib.parse.unquote(user)}:{urllib.parse.unquote(password or '')}"
        return cls(host, port, "Basic " + base64.b64encode(pair.encode()).decode("ascii"))


def tls_context(ca_bundle: str | os.PathLike[str]) -> ssl.SSLContext:
    """Give the TLS settings: version 1.2 at least, certificate and host name checked against these authorities.

    The context is built by hand, so that no environment variable adds authorities or writes session
    keys to a file. Raises ChannelError naming the file when it cannot be loaded.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    path = os.fspath(ca_bundle)
    try:
        if os.path.isdir(path):  # noqa: PTH112 - a path may come as text
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        trouble = "holds no certificates in PEM form"
    except (OSError, ValueError) as error:
        trouble = f"cannot be read: {getattr(error, 'strerror', None) or 'bad path'}"
    else:
        return context
    raise ChannelError(f"the CA bundle {path} {trouble}")


def words_of(error: BaseException) -> str:
    """Say what a socket or TLS error means; the text of the error itself is never repeated."""
    if isinstance(error, Broken | NotAnAnswer):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = _TRUST_FAULTS.get(error.verify_code) or f"cannot be trusted (code {error.verify_code})"
        return f"the server's certificate {fault}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the server closed the connection"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or type(error).__name__})"
    if isinstance(error, OSError) and error.errno in _SOCKET_FAULTS:
        return _SOCKET_FAULTS[error.errno]
    return f"the network failed ({errno.errorcode.get(getattr(error, 'errno', None) or 0) or type(error).__name__})"


class Connection:
    """A connected socket that never blocks by itself: waiting is a step of its own, under a deadline."""

    __slots__ = ("_descriptor", "_poller", "_socket", "idle_since", "is_tls")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._descriptor = sock.fileno()
        self._poller = _Poller()
        self._poller.register(self._descriptor, READ)
        self.is_tls = False
        self.idle_since = 0.0

    def wait(self, deadline: Deadline, events: int = READ) -> None:
        """Wait until there is something to read, or room to write if that is asked for. Raises Late."""
        if events == READ:
            if self._pending():
                deadline.left()
                return
            while not self._poller.select(deadline.left()):
                pass
            return
        self._poller.modify(self._descriptor, events)
        try:
            while not self._poller.select(deadline.left()):
                pass
        finally:
            self._poller.modify(self._descriptor, READ)

    def is_readable(self) -> bool:
        """Tell whether bytes, the end or an error are waiting to be read."""
        return self._pending() or bool(self._poller.select(0))

    def receive(self) -> bytes | None:
        """Give what has arrived: empty at the end of the stream, None when there is nothing yet."""
        try:
            return self._socket.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLZeroReturnError:
            return b""

    def listen(self, reader: AnswerReader) -> bool:
        """Hand what has arrived to a reader; True when it has the head of a final answer. Raises Broken at the end."""
        data = self.receive()
        if data == b"":
            raise Broken("the server closed the connection")
        reader.feed(data or b"")
        return reader.head is not None

    def transmit(self, data: memoryview) -> int:
        """Hand over as many bytes as there is room for now and say how many; 0 when there is no room."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        """Do the handshake. Raises Late, or OSError with the reason."""
        secured = context.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self._socket = secured
        self.is_tls = True
        secured.settimeout(deadline.left())
        try:
            secured.do_handshake()
        except TimeoutError:
            raise Late from None
        secured.setblocking(False)

    @property
    def secured(self) -> ssl.SSLSocket | None:
        """The TLS socket, for whoever wants to look at its certificate; None without TLS."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    def close(self) -> None:
        """Let go of the socket."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._poller.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _pending(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0


def dial(
    origin: Origin,
    deadline: Deadline,
    trace: Trace,
    *,
    resolve: Callable[..., Any] = socket.getaddrinfo,
    proxy: Proxy | None = None,
    context: Callable[[], ssl.SSLContext],
) -> Connection:
    """Open a connection to an origin, through the proxy if there is one, TLS included.

    Raises Broken, Late or OSError; ``trace.stage`` then says where it ended.
    """
    trace.stage = "resolve"
    nearest = (proxy.host, proxy.port) if proxy else (origin.host, origin.port)
    addresses = look_up(*nearest, deadline, resolve)
    trace.stage = "connect"
    connection = Connection(_reach_any(addresses, deadline))
    try:
        if proxy:
            trace.stage = "proxy"
            _open_tunnel(connection, origin, proxy, deadline)
        if origin.scheme == "https":
            trace.stage = "tls"
            connection.start_tls(context(), origin.host, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def look_up(
    host: str, port: int, deadline: Deadline, resolve: Callable[..., Any] = socket.getaddrinfo
) -> list[tuple[Any, ...]]:
    """Give family and address of each address of a host, looked up in a thread that the deadline can leave behind.

    Raises Late or Broken.
    """
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).version == 4:  # noqa: PLR2004 - the version is its name
            return [(socket.AF_INET, (host, port))]
        return [(socket.AF_INET6, (host, port, 0, 0))]
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work() -> None:
        try:
            found.put([(entry[0], entry[4]) for entry in resolve(host, port, type=socket.SOCK_STREAM)])
        except Exception as error:  # noqa: BLE001 - it is handed to the thread that asked
            found.put(error)

    threading.Thread(target=work, name="paytraq-resolve", daemon=True).start()
    try:
        answer = found.get(timeout=deadline.left())
    except queue.Empty:
        raise Late from None
    if isinstance(answer, list) and answer:
        return answer
    raise Broken(f"the host name {host} cannot be resolved ({_short(answer)})")


def _short(answer: object) -> str:
    if isinstance(answer, socket.gaierror) and answer.strerror:
        return answer.strerror
    return type(answer).__name__ if isinstance(answer, Exception) else "no address"


def _reach_any(addresses: list[tuple[Any, ...]], deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; each gets an equal part of the time left."""
    failure: Exception = Broken("no address")
    for position, (family, address) in enumerate(addresses):
        part = deadline.share(len(addresses) - position)
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            failure = error
            continue
        try:
            sock.settimeout(math.nextafter(part.left(), math.inf))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
        except TimeoutError:
            failure = Late()
            sock.close()
        except OSError as error:
            failure = error
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


def _open_tunnel(connection: Connection, origin: Origin, proxy: Proxy, deadline: Deadline) -> None:
    """Ask the proxy for a tunnel; only the host and port of the origin are told to it."""
    lines = [f"CONNECT {origin.authority} HTTP/1.1", f"Host: {origin.authority}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    left = memoryview("\r\n".join([*lines, "", ""]).encode("ascii"))
    while left:
        connection.wait(deadline, WRITE)
        left = left[connection.transmit(left) :]
    reader = AnswerReader()
    while reader.head is None:
        connection.wait(deadline)
        connection.listen(reader)
    status = reader.head.status
    if status == 407:  # noqa: PLR2004 - the status is its name
        raise Broken("the proxy wants a user and a password, or other ones (status 407)")
    if not 200 <= status < 300:  # noqa: PLR2004
        raise Broken(f"the proxy refused the tunnel (status {status})")
    if reader.buffer:
        # A TLS server never speaks first, so these bytes are the proxy's own and would be taken for the server's.
        raise Broken("the proxy sent something else after opening the tunnel")
