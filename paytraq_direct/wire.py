"""One HTTP exchange: how far the bytes got, and the one complete answer, if there was one."""

from __future__ import annotations

import enum
import ipaddress
import math
import os
import re
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from paytraq_direct.answer import KEPT_BODY, AnswerReader, Body, Head, read_body
from paytraq_direct.blot import Blot
from paytraq_direct.connection import (
    CHUNK,
    DEFAULT_PORTS,
    READ,
    WRITE,
    Broken,
    Connection,
    Deadline,
    Late,
    Origin,
    Proxy,
    Trace,
    dial,
    tls_context,
    words_of,
)
from paytraq_direct.errors import ChannelError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

    _Key = tuple[str, tuple[tuple[str, str], ...]]  # a masked URL, and the headers that go with it

PUBLIC_AUTHORITIES: Final = DEFAULT_CA_BUNDLE_PATH
# A server may close an idle connection at the very moment it is used again; within a second none does.
MOST_IDLE_S: Final = 1.0
# The status is known by then; a body that drips must not hold up the news.
MOST_BODY_S: Final = 5.0

_OWN_HEADERS: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "cookie")
)
_MOST_TEMPLATES: Final = 256
# Its cookies and history stay empty, so every response may share them: they are half of what a response costs.
_BLANK: Final = requests.Response()
# Variables that other programs follow, and this one only names: what is not asked for has no say.
PROXY_VARIABLES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
TOO_LATE: Final = {
    "resolve": "the host name was not resolved within {0:g} s",
    "connect": "no connection came about within {0:g} s",
    "proxy": "the proxy opened no tunnel within {0:g} s",
    "tls": "the TLS handshake was not over within {0:g} s",
    "write": "it could not be written whole within {0:g} s",
    "answer": "no answer came within {0:g} s",
}
_MEANWHILE: Final = {"write": " while the document was being written", "answer": " before a complete answer came"}
_CUT: Final = "the answer's body was cut"

_is_header_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_is_header_value = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?").fullmatch
_is_target = re.compile(r"/[!-~]*").fullmatch


class Progress(enum.IntEnum):
    """How much of the HTTP request was handed to the socket."""

    NOTHING = 0
    STARTED = 1
    WHOLE = 2


class Content(Protocol):
    """A body too long to be held at once: its size in bytes is known, and it comes in pieces, as often as asked."""

    @property
    def size(self) -> int:
        """How many bytes the pieces come to."""

    def pieces(self) -> Iterator[bytes]:
        """Give it from its beginning, no piece empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What became of one POST.

    ``status`` is that of a complete final answer, else None; ``reason``, ``headers`` and ``body`` (its
    beginning, as it came) belong to that answer, with the secret parts of the URL and other secrets blotted out.
    ``early`` when the answer began to arrive before the whole request was written. ``trouble`` says in
    English what went wrong, None when nothing did. ``stage`` is where it ended: resolve, connect, proxy,
    tls, write, answer, body, done. ``sent_at`` is when it began, in UTC.
    """

    progress: Progress
    status: int | None
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    early: bool
    trouble: str | None
    stage: str
    sent_at: datetime
    elapsed_ms: float

    def header(self, name: str) -> str | None:
        """Give the first value of a header in any letter case; None when the answer has no such header."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class _Errand(Trace):
    """What one exchange needs and what became of it so far. The only object that knows the real target."""

    __slots__ = ("answer", "body", "deadline", "early", "kept_bytes", "origin", "progress", "target")

    def __init__(
        self, origin: Origin, target: str, body: bytes | Content, deadline: Deadline, kept_bytes: int = KEPT_BODY
    ) -> None:
        super().__init__()
        self.kept_bytes = kept_bytes
        self.origin = origin
        self.target = target
        self.body = body
        self.deadline = deadline
        self.progress = Progress.NOTHING
        self.early = False
        self.answer: Head | None = None

    def __reduce_ex__(self, _protocol: object) -> str:
        raise TypeError("an exchange under way cannot be pickled")


class _MaskedRequest(requests.PreparedRequest):
    """A prepared request whose URL is the masked one; the errand that goes with it knows the real target."""

    errand: _Errand
    lines: bytes


class _SocketAdapter(BaseAdapter):
    """Carries prepared requests over connections of our own, and keeps those that are surely fresh."""

    def __init__(self, open_connection: Callable[[_Errand], Connection], clock: Callable[[], float]) -> None:
        super().__init__()
        self._open = open_connection
        self._clock = clock
        self._idle: dict[tuple[int, Origin], list[Connection]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def send(self, request: requests.PreparedRequest, *_args: object, **_options: object) -> requests.Response:
        """Do one exchange; its options are those of the errand, so what Session would pass is not looked at."""
        if not isinstance(request, _MaskedRequest):
            raise TypeError("this adapter carries the requests of its own Wire only")
        errand = request.errand
        kept = self._take(errand.origin)
        connection = kept or self._open(errand)
        try:
            reader = AnswerReader()
            come_before = _write(connection, request.lines, reader, errand, is_silent=kept is not None)
            head = _await_head(connection, reader, errand, come_before)
            errand.answer = head
            body = _finish_body(connection, head, reader.buffer, errand)
            errand.stage = "done" if body.whole else "body"
            is_fresh = body.exact and head.keeps_alive and not reader.buffer and errand.progress is Progress.WHOLE
        except BaseException:
            connection.close()
            raise
        if is_fresh and not errand.early:
            self._keep(errand.origin, connection)
        else:
            connection.close()
        return _response(request, head, body)

    def close(self) -> None:
        """Close every idle connection; later ones are closed after their exchange."""
        with self._lock:
            self._is_closed = True
            idle = [connection for stack in self._idle.values() for connection in stack]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _take(self, origin: Origin) -> Connection | None:
        """Give a connection that is surely fresh, closing those that are not."""
        key = (os.getpid(), origin)
        while True:
            with self._lock:
                stack = self._idle.get(key)
                if not stack:
                    return None
                connection = stack.pop()
            if self._clock() - connection.idle_since <= MOST_IDLE_S and not connection.is_readable():
                return connection
            connection.close()

    def _keep(self, origin: Origin, connection: Connection) -> None:
        now = connection.idle_since = self._clock()
        stale: list[Connection] = []
        with self._lock:
            if self._is_closed:
                stale.append(connection)
            else:
                stack = self._idle.setdefault((os.getpid(), origin), [])
                stack.append(connection)
                while now - stack[0].idle_since > MOST_IDLE_S:
                    stale.append(stack.pop(0))
        for old in stale:
            old.close()


class Wire:
    """Posts documents, each with one attempt, and reports how far the bytes got. Threads may share one.

    ``proxy`` is ``http://[user:password@]host:port`` and serves https only; ``ca_bundle`` is a PEM file (or
    a folder of hashed ones) to trust instead of the public authorities. No environment variable, netrc or
    cookie has a say. ``clock``, ``now`` and ``resolve`` are given by tests. Raises ChannelError when an
    option cannot be used.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        resolve: Callable[..., Any] = socket.getaddrinfo,
    ) -> None:
        self._clock = clock
        self._now = now
        self._resolve = resolve
        self._proxy = None if proxy is None else Proxy.from_text(proxy)
        self._ca_bundle = ca_bundle
        self._context = None if ca_bundle is None else tls_context(ca_bundle)
        self._lock = threading.Lock()
        self._templates: dict[_Key, tuple[requests.PreparedRequest, str]] = {}
        self._adapter = _SocketAdapter(self._open, clock)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers = CaseInsensitiveDict({"Accept-Encoding": "identity"})
        self._session.adapters.clear()
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)

    def __repr__(self) -> str:
        return f"<Wire proxy={self._proxy is not None} ca_bundle={self._ca_bundle is not None}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    @property
    def has_proxy(self) -> bool:
        """Tell whether exchanges go through a proxy, which can be done for https only."""
        return self._proxy is not None

    @staticmethod
    def reads_alike(url: str, host: str, port: int) -> bool:
        """Tell whether requests and the standard library take this host and port from a URL."""
        prepared = requests.PreparedRequest()
        try:
            prepared.prepare_url(url, None)
            origins = [_route(url)[0], _route(prepared.url or "")[0]]
        except Exception:  # noqa: BLE001 - requests lets several kinds through; all mean that it cannot read it
            return False
        return all(_plain_host(origin.host) == host and origin.port == port for origin in origins)

    def post(
        self,
        url: str,
        body: bytes | Content,
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        shown_url: str,
        secrets: Sequence[str] = (),
        kept_bytes: int = KEPT_BODY,
    ) -> Exchange:
        """Post a body once and say what became of it; redirects are not followed and nothing is repeated.

        ``deadline_s`` is for everything, name resolution and reading the answer included. ``shown_url`` is
        the URL with its secret masked: all that requests gets to see. ``secrets`` are what headers hold and the answer
        must not repeat, ``kept_bytes`` is how much of the answer's body is kept. Raises nothing for what happens on
        the network; ValueError or TypeError for arguments that make no sense, ChannelError for an http URL
        with a proxy. A KeyboardInterrupt passes through with the progress as its ``paytraq_progress``.
        """
        key = (shown_url, tuple(headers.items()))
        _check_arguments(body, {} if key in self._templates else headers, deadline_s)
        sent_at = self._now()
        started = self._clock()
        errand = _Errand(Origin("", "", 0), "", body, Deadline(deadline_s, self._clock), kept_bytes)
        trouble = None
        answered: requests.Response | None = None
        try:
            errand.origin, errand.target = _route(url)
            if self._proxy is None or errand.origin.scheme == "https":
                request = self._prepare(key, errand)
                answered = self._session.get_adapter(shown_url).send(request, stream=True)
        except Exception as error:  # noqa: BLE001 - the boundary: what counts is how far the bytes got
            trouble = self._explain(error, errand)
        except BaseException as stop:
            stop.paytraq_progress = errand.progress  # type: ignore[attr-defined] # the sender looks for it
            raise
        if answered is None and trouble is None:
            raise ChannelError("a proxy can be used for https only: leave out --proxy, or use an https channel")
        if errand.stage == "body":
            trouble = _CUT
        elapsed_ms = (self._clock() - started) * 1000
        head, kept = None, b""
        if answered is not None and errand.answer:
            head, kept = Blot(url, shown_url, secrets).answer(errand.answer, answered.content)
        return Exchange(
            progress=errand.progress,
            status=head.status if head else None,
            reason=head.reason if head else "",
            headers=head.headers if head else (),
            body=kept,
            early=errand.early,
            trouble=trouble,
            stage=errand.stage,
            sent_at=sent_at,
            elapsed_ms=elapsed_ms,
        )

    def _open(self, errand: _Errand) -> Connection:
        return dial(
            errand.origin,
            errand.deadline,
            errand,
            resolve=self._resolve,
            proxy=self._proxy,
            context=self._shared_context,
        )

    def _shared_context(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = tls_context(PUBLIC_AUTHORITIES)
            return self._context

    def _prepare(self, key: _Key, errand: _Errand) -> _MaskedRequest:
        """Give a request made from the template for a masked URL and headers."""
        template, fields = self._templates.get(key) or self._template(key)
        request = _MaskedRequest.__new__(_MaskedRequest)
        request.__dict__.update(template.__dict__)
        request.body = errand.body if isinstance(errand.body, bytes) else None
        request.errand = errand
        request.lines = (
            f"POST {errand.target} HTTP/1.1\r\nHost: {errand.origin.host_header}\r\n{fields}"
            f"Content-Length: {_size(errand.body)}\r\n\r\n"
        ).encode("ascii")
        return request

    def _template(self, key: _Key) -> tuple[requests.PreparedRequest, str]:
        """Let requests prepare a request, without its body, and keep it: this is most of what requests costs."""
        shown_url, headers = key
        prepared = self._session.prepare_request(requests.Request("POST", shown_url, headers=dict(headers)))
        prepared.headers.pop("Content-Length", None)  # that of an empty body
        fields = "".join([f"{name}: {value}\r\n" for name, value in prepared.headers.items()])
        if len(self._templates) >= _MOST_TEMPLATES:
            self._templates.clear()
        self._templates[key] = (prepared, fields)
        return prepared, fields

    def _explain(self, error: Exception, errand: _Errand) -> str:
        """Say what went wrong, and which option may help when the way to the server is barred."""
        stage = errand.stage
        words = TOO_LATE[stage].format(errand.deadline.seconds) if isinstance(error, Late) else words_of(error)
        if isinstance(error, OSError | Broken) and not isinstance(error, Late):
            words += _MEANWHILE.get(stage, "") if errand.progress else ""
        if errand.origin.scheme != "https" or stage not in ("resolve", "connect", "tls"):
            return words
        if self._proxy is None and (name := _first_set(PROXY_VARIABLES)):
            words += f"; {name} is set but not used by itself: --proxy env:{name} would use it"
        if stage == "tls" and self._ca_bundle is None and (name := _first_set(CA_VARIABLES)):
            words += f"; {name} is set but not used by itself: --ca-bundle PATH with its path would use it"
        return words


def _size(body: bytes | Content) -> int:
    return len(body) if isinstance(body, bytes) else body.size


def _check_arguments(body: bytes | Content, headers: Mapping[str, str], deadline_s: float) -> None:
    if not isinstance(body, bytes) and not hasattr(body, "pieces"):
        raise TypeError("the body must be bytes, or come in pieces")
    if not _size(body):
        raise ValueError("the body is empty")
    if isinstance(deadline_s, bool) or not isinstance(deadline_s, int | float):
        raise TypeError("the deadline must be a number of seconds")
    if not math.isfinite(deadline_s) or deadline_s <= 0:
        raise ValueError("the deadline must be a finite number of seconds above zero")
    for name, value in headers.items():
        if not _is_header_name(name) or not _is_header_value(value) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"the header {name!r} cannot be sent")


def _route(url: str) -> tuple[Origin, str]:
    """Split a URL into where to connect and what to ask for there. Raises ValueError without quoting it."""
    parts = urllib.parse.urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not host.isascii() or not _is_target(target) or parts.username:
        raise ValueError("not a usable URL")
    port = parts.port
    return Origin(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port), target


def _write(connection: Connection, lines: bytes, reader: AnswerReader, errand: _Errand, *, is_silent: bool) -> int:
    """Write the request, listening all the while; a complete final answer ends the writing.

    ``is_silent`` when it was seen just now that nothing waits to be read, so the first bytes may go at once.
    Gives how many bytes of answers had come by the time the request was written whole. After a failed
    write, a complete answer that is already waiting still counts; else the failure is raised.
    """
    errand.stage = "write"
    for piece in _pieces(lines, errand.body):
        left = memoryview(piece)
        while left:
            errand.deadline.left()  # a socket that always has room is never waited for
            if not is_silent and connection.is_readable() and connection.listen(reader):
                return reader.received
            is_silent = False
            try:
                sent = _hand_over(connection, left, errand)
            except OSError:
                while not connection.listen(reader):
                    connection.wait(errand.deadline)
                return reader.received
            left = left[sent:]
            if not sent:
                connection.wait(errand.deadline, READ | WRITE)
    errand.progress = Progress.WHOLE
    return reader.received


def _pieces(lines: bytes, body: bytes | Content) -> Iterator[bytes | memoryview]:
    """Give the header lines and the body as they are handed to the socket. Raises Broken when they are not as said."""
    if isinstance(body, bytes):
        yield b"".join((lines, body[:CHUNK]))
        rest = memoryview(body)
        yield from (rest[start : start + CHUNK] for start in range(CHUNK, len(body), CHUNK))
        return
    yield lines
    left = body.size
    for piece in body.pieces():
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise Broken("what was to be sent changed its size")


def _hand_over(connection: Connection, piece: memoryview, errand: _Errand) -> int:
    """Hand bytes to the socket, and write down first that some may have left: a Ctrl-C can come in between."""
    before = errand.progress
    errand.progress = Progress.STARTED
    sent = 0
    try:
        sent = connection.transmit(piece)
    except OSError:
        if not connection.is_tls:
            errand.progress = before
        raise
    if not sent and not connection.is_tls:  # TLS may have handed over half a record all the same
        errand.progress = before
    return sent


def _await_head(connection: Connection, reader: AnswerReader, errand: _Errand, come_before: int) -> Head:
    while reader.head is None:
        errand.stage = "answer"
        connection.wait(errand.deadline)
        connection.listen(reader)
    errand.early = reader.starts_at < come_before
    return reader.head


def _finish_body(connection: Connection, head: Head, buffer: bytearray, errand: _Errand) -> Body:
    deadline = errand.deadline.at_most(MOST_BODY_S)

    def more() -> bytes:
        data = None
        while data is None:
            connection.wait(deadline)
            data = connection.receive()
        return data

    return read_body(head, buffer, more, errand.kept_bytes)


def _response(request: _MaskedRequest, head: Head, body: Body) -> requests.Response:
    response = requests.Response.__new__(requests.Response)
    response.__dict__.update(_BLANK.__dict__)
    response.status_code = head.status
    response.reason = head.reason
    response.headers = CaseInsensitiveDict(head.headers)
    response.request = request
    response.url = request.url or ""
    response._content = body.kept  # noqa: SLF001 - what every adapter of requests does when it has the body
    return response


def route(url: str) -> tuple[Origin, str]:
    """Split a link into where to connect and what to ask for there, written as a browser would ask for it.

    A host beyond ASCII becomes its IDNA form, a path beyond ASCII is percent-encoded, a fragment is left out. Raises
    ValueError without quoting the link.
    """
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(urllib.parse.urldefrag(url).url, None)
    except requests.RequestException:
        raise ValueError("not a usable URL") from None
    return _route(prepared.url or "")


def _plain_host(host: str) -> str:
    return ipaddress.IPv6Address(host).compressed if ":" in host else host


def _first_set(names: tuple[str, ...]) -> str | None:
    return next((name for name in names if os.environ.get(name)), None)
