"""The table of socket-level scenarios: what the server does, and the outcome that must come of it."""

from __future__ import annotations

import functools
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .servers import OK, Peer, Server, closed_port, full_backlog, server_context, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

SMALL = b"<Sale>" + b"x" * 2_000 + b"</Sale>"
BIG = b"<Sale>" + b"x" * 32_000_000 + b"</Sale>"
DEADLINE_S = 0.6


@dataclass
class Place:
    """Where a document is posted: the URL, the options of the wire, the server whose record is the truth."""

    url: str
    truth: Server | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One thing that can happen, and what must be said of it; several outcomes where the kernel decides."""

    name: str
    outcome: str
    place: Callable[[ExitStack, Path], Place]
    document: bytes = SMALL
    status: int | None = None
    says: str = ""
    prompt: bool = False


def answering(raw: bytes) -> Callable[[Peer], None]:
    """Give a script that reads the whole request, says something and closes."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(raw)

    return script


def staying(raw: bytes) -> Callable[[Peer], None]:
    """Give a script that reads the whole request, says something and keeps the connection open."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(raw)
        peer.hang()

    return script


def early(raw: bytes, then: Callable[[Peer], object]) -> Callable[[Peer], None]:
    """Give a script that answers on the request's header block, leaving the body unread."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(raw)
        then(peer)

    return script


def plain(script: Callable[[Peer], object], **options: Any) -> Callable[[ExitStack, Path], Place]:
    """Give a place with a plain http server."""

    def place(stack: ExitStack, _ca: Path) -> Place:
        server = stack.enter_context(Server(script, **options))
        return Place(server.url(), server)

    return place


def secure(
    script: Callable[[Peer], object], kind: str = "good", host: str = "localhost"
) -> Callable[[ExitStack, Path], Place]:
    """Give a place with an https server."""

    def place(stack: ExitStack, ca: Path) -> Place:
        server = stack.enter_context(Server(script, tls=server_context(kind)))
        return Place(server.url(host), server, {"ca_bundle": ca})

    return place


def no_handshake(script: Callable[[Peer], object]) -> Callable[[ExitStack, Path], Place]:
    """Give a place whose server is asked for TLS and does something else."""

    def place(stack: ExitStack, ca: Path) -> Place:
        server = stack.enter_context(Server(script))
        # Its record counts TLS bytes, not HTTP ones, so it is not the truth about the request.
        return Place(server.url().replace("http:", "https:"), None, {"ca_bundle": ca})

    return place


def proxied(
    script: Callable[[Peer], object] | None, target: Callable[[Peer], object] | None = None
) -> Callable[[ExitStack, Path], Place]:
    """Give a place behind a proxy; without a script of its own the proxy does its work."""

    def place(stack: ExitStack, ca: Path) -> Place:
        server = stack.enter_context(Server(target or answering(OK), tls=server_context()))
        proxy = stack.enter_context(Server(script or tunnel(server.port)))
        return Place(server.url(), server, {"ca_bundle": ca, "proxy": f"http://user:word@127.0.0.1:{proxy.port}"})

    return place


def at_port(port: int) -> Place:
    """Give a place without a server of ours."""
    return Place(f"http://127.0.0.1:{port}/ext/direct/inbox/1234567890abcdef")


def refused(_stack: ExitStack, _ca: Path) -> Place:
    """Give a port that nobody listens on."""
    return at_port(closed_port())


def unreachable(stack: ExitStack, _ca: Path) -> Place:
    """Give a port whose queue is full."""
    return at_port(stack.enter_context(full_backlog()))


def proxy_refused(_stack: ExitStack, ca: Path) -> Place:
    """Give a proxy that nobody listens on."""
    return Place("https://localhost:1/x/1", None, {"ca_bundle": ca, "proxy": f"http://127.0.0.1:{closed_port()}"})


def resolving(resolve: Callable[..., Any]) -> Callable[[ExitStack, Path], Place]:
    """Give a place whose name is looked up by a function."""
    return lambda _stack, _ca: Place(
        "http://inbox.example/ext/direct/inbox/1234567890abcdef", None, {"resolve": resolve}
    )


def slow_name(stack: ExitStack, _ca: Path) -> Place:
    """Give a name whose look-up hangs."""
    over = threading.Event()
    stack.callback(over.set)
    return Place("http://inbox.example/x/1", None, {"resolve": lambda *_a, **_k: over.wait(10) and []})


def dead_then_alive(stack: ExitStack, _ca: Path) -> Place:
    """Give a name with a hanging address, a refusing one and one that works."""
    dead = stack.enter_context(full_backlog())
    server = stack.enter_context(Server(answering(OK)))
    ports = (dead, closed_port(), server.port)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    return Place("http://inbox.example/x/1", server, {"resolve": lambda *_a, **_k: found})


def raising(error: Exception) -> Callable[..., Any]:
    """Give a look-up that fails."""

    def resolve(*_args: object, **_options: object) -> None:
        raise error

    return resolve


def redirecting(status: int) -> Callable[[ExitStack, Path], Place]:
    """Give a place that points elsewhere; the other server must see nothing."""

    def place(stack: ExitStack, _ca: Path) -> Place:
        other = stack.enter_context(Server(answering(OK)))

        def nothing_came() -> None:
            other.stop()
            assert other.connections == 0

        stack.callback(nothing_came)
        raw = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        server = stack.enter_context(Server(answering(raw)))
        return Place(server.url(), server)

    return place


def _dies_in_body(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
    peer.reset()


def _resets(peer: Peer) -> None:
    peer.request()
    peer.reset()


def _resets_unread(peer: Peer) -> None:
    peer.reset()


def _resets_on_first_bytes(peer: Peer) -> None:
    peer.read(1_000)
    peer.reset()


def _closes_on_first_bytes(peer: Peer) -> None:
    peer.read(10)


def _drips_head(peer: Peer) -> None:
    peer.request()
    peer.drip(OK * 9)


def _drips_body(peer: Peer) -> None:
    peer.request()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    peer.drip(b"x" * 900)


def _drips_whole(peer: Peer) -> None:
    peer.request()
    peer.drip(OK, 0.001)


def _endless_continue(peer: Peer) -> None:
    peer.request()
    while not peer.server.stopping.wait(0.05):
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")


def _continue_then_reads(peer: Peer) -> None:
    peer.head()
    peer.say(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
    peer.pending[:0] = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(BIG)
    peer.request()
    peer.say(OK)


def _speaks_first(peer: Peer) -> None:
    peer.say(OK)
    peer.read()
    peer.hang()


def _half_early_then_reads(peer: Peer) -> None:
    """Begin the answer before the body is read, end it after: it cannot be about the whole document."""
    head = peer.head()
    peer.say(b"HTTP/1.1 200 OK\r\n")
    peer.pending[:0] = head + b"\r\n\r\n"
    peer.request()
    peer.say(b"Content-Length: 0\r\n\r\n")


def _half_closes(peer: Peer) -> None:
    peer.head()
    peer.sock.shutdown(socket.SHUT_WR)
    peer.hang()


def _garbage_record(peer: Peer) -> None:
    peer.request()
    with peer.raw() as sock:
        sock.sendall(b"\x99\x99not a TLS record at all")


def _no_goodbye(peer: Peer) -> None:
    peer.request()
    peer.raw().close()


def _no_goodbye_after(raw: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(raw)
        peer.raw().close()

    return script


def _tls_drip(peer: Peer) -> None:
    peer.sock.recv(100)
    peer.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 500)


def _says_and_closes(raw: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.sock.recv(65_536)
        peer.say(raw)

    return script


def _proxy_says(raw: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.head()
        peer.say(raw)

    return script


def _hangs(peer: Peer) -> None:
    peer.hang()


def _reads_and_hangs(peer: Peer) -> None:
    peer.request()
    peer.hang()


def _head(status_line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([status_line, *headers, "", ""]).encode() + body


def _simple(status: int, *headers: str) -> bytes:
    return _head(f"HTTP/1.1 {status} Some Reason", *headers, "Content-Length: 4", body=b"text")


_RESET = Peer.reset
_S = Scenario
_LONG_LINE = "X-Long: " + "x" * 70_000
_EARLY_413 = _head("HTTP/1.1 413 Too Big", "Content-Length: 0")
_BOTH = functools.partial(_head, "HTTP/1.1 200 OK")

_NOTHING_SENT = [
    _S(
        "name does not exist",
        "deferred",
        resolving(raising(socket.gaierror(-2, "Name or service not known"))),
        says="cannot be resolved",
    ),
    _S("name cannot be written", "deferred", resolving(raising(UnicodeError("label"))), says="UnicodeError"),
    _S("name without addresses", "deferred", resolving(lambda *_a, **_k: [])),
    _S("name look-up hangs", "deferred", slow_name, says="not resolved within"),
    _S("connection refused", "deferred", refused, says="connection refused", prompt=True),
    _S("connection attempt hangs", "deferred", unreachable, says="no connection"),
    _S(
        "plain http where TLS is asked",
        "deferred",
        no_handshake(_says_and_closes(b"HTTP/1.1 400 Bad\r\n\r\n")),
        says="TLS",
    ),
    _S("close in the handshake", "deferred", no_handshake(_says_and_closes(b"")), says="closed the connection"),
    _S("reset in the handshake", "deferred", no_handshake(_resets_on_first_bytes), says="reset"),
    _S("handshake hangs", "deferred", no_handshake(_hangs), says="TLS handshake"),
    _S("handshake drips", "deferred", no_handshake(_tls_drip)),
    _S("handshake alert", "deferred", no_handshake(_says_and_closes(b"\x15\x03\x03\x00\x02\x02\x28")), says="TLS"),
    _S(
        "TLS too old",
        "deferred",
        no_handshake(_says_and_closes(b"\x15\x03\x01\x00\x02\x02\x46")),
        says="PROTOCOL_VERSION",
    ),
    _S(
        "certificate of a stranger",
        "deferred",
        secure(answering(OK), "untrusted"),
        says="unknown authority",
        prompt=True,
    ),
    _S("certificate has expired", "deferred", secure(answering(OK), "expired"), says="expired", prompt=True),
    _S("certificate for another host", "deferred", secure(answering(OK), "other"), says="another host", prompt=True),
    _S(
        "certificate for another address",
        "deferred",
        secure(answering(OK), "other", "127.0.0.1"),
        says="another address",
    ),
    _S("client certificate wanted, TLS 1.2", "deferred", secure(answering(OK), "client-cert-1.2"), says="TLS"),
    _S("proxy refused", "deferred", proxy_refused, says="connection refused"),
    _S("proxy hangs", "deferred", proxied(_hangs), says="proxy"),
    _S("proxy drips", "deferred", proxied(lambda peer: peer.drip(OK * 9)), says="proxy"),
    _S("proxy closes", "deferred", proxied(_proxy_says(b"")), says="proxy"),
    _S("proxy wants a password", "deferred", proxied(_proxy_says(_simple(407))), says="password"),
    _S("proxy answers 502", "deferred", proxied(_proxy_says(_simple(502))), says="502"),
    _S("proxy answers 429", "deferred", proxied(_proxy_says(_simple(429))), says="429"),
    _S("proxy redirects", "deferred", proxied(_proxy_says(_simple(302, "Location: http://x/"))), says="302"),
    _S("proxy answers garbage", "deferred", proxied(_proxy_says(b"SSH-2.0-x\r\n")), says="no HTTP answer"),
    _S(
        "proxy opens and speaks on",
        "deferred",
        proxied(_proxy_says(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")),
        says="something else",
    ),
    _S("proxy opens and closes", "deferred", proxied(_proxy_says(b"HTTP/1.1 200 OK\r\n\r\n"))),
]

_DELIVERED = [
    _S("200", "delivered", plain(answering(OK)), status=200, prompt=True),
    _S("200, big document", "delivered", plain(answering(OK)), BIG, status=200, prompt=True),
    _S("200 over TLS 1.3", "delivered", secure(answering(OK)), status=200, prompt=True),
    _S("200 over TLS 1.2", "delivered", secure(answering(OK), "good-1.2"), status=200, prompt=True),
    _S("200 over TLS, big document", "delivered", secure(answering(OK)), BIG, status=200, prompt=True),
    _S("200 through a proxy", "delivered", proxied(None), status=200, prompt=True),
    _S("200 at the third address", "delivered", dead_then_alive, status=200),
    _S("200 without a reason", "delivered", plain(answering(_head("HTTP/1.1 200"))), status=200),
    _S("200 of HTTP/1.0", "delivered", plain(answering(_head("HTTP/1.0 200 OK"))), status=200),
    _S(
        "200 with bare line feeds", "delivered", plain(answering(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")), status=200
    ),
    _S("200 in single bytes", "delivered", plain(_drips_whole), status=200),
    _S("body to the end of the connection", "delivered", plain(answering(_BOTH(body=b"hello"))), status=200),
    _S("body cut", "delivered", plain(answering(_BOTH("Content-Length: 100", body=b"hello"))), status=200, says="cut"),
    _S("body reset", "delivered", plain(_dies_in_body), status=200, says="cut"),
    _S("body stalls", "delivered", plain(staying(_BOTH("Content-Length: 100", body=b"hello"))), status=200, says="cut"),
    _S("body drips", "delivered", plain(_drips_body), status=200, says="cut"),
    _S("body without an end", "delivered", plain(staying(_BOTH(body=b"hello"))), status=200, says="cut"),
    _S(
        "chunks",
        "delivered",
        plain(answering(_BOTH("Transfer-Encoding: chunked", body=b"2\r\nOK\r\n0\r\n\r\n"))),
        status=200,
        prompt=True,
    ),
    _S(
        "chunk size is no number",
        "delivered",
        plain(staying(_BOTH("Transfer-Encoding: chunked", body=b"zz\r\n"))),
        status=200,
        says="cut",
        prompt=True,
    ),
    _S(
        "chunk size is enormous",
        "delivered",
        plain(staying(_BOTH("Transfer-Encoding: chunked", body=b"f" * 9_000))),
        status=200,
        says="cut",
        prompt=True,
    ),
    _S(
        "chunks end in the middle",
        "delivered",
        plain(answering(_BOTH("Transfer-Encoding: chunked", body=b"5\r\nhe"))),
        status=200,
        says="cut",
    ),
    _S(
        "gzip that is none",
        "delivered",
        plain(answering(_BOTH("Content-Encoding: gzip", "Content-Length: 4", body=b"nope"))),
        status=200,
        prompt=True,
    ),
    _S(
        "an HTML page",
        "delivered",
        plain(answering(_BOTH("Content-Type: text/html", "Content-Length: 6", body=b"<html>"))),
        status=200,
    ),
    _S(
        "length is no number",
        "delivered",
        plain(staying(_BOTH("Content-Length: two", body=b"OK"))),
        status=200,
        prompt=True,
    ),
    _S(
        "two lengths",
        "delivered",
        plain(staying(_BOTH("Content-Length: 2", "Content-Length: 3", body=b"OK"))),
        status=200,
        prompt=True,
    ),
    _S(
        "negative length", "delivered", plain(staying(_BOTH("Content-Length: -1", body=b"OK"))), status=200, prompt=True
    ),
    _S(
        "unknown coding",
        "delivered",
        plain(staying(_BOTH("Transfer-Encoding: rot13", body=b"OK"))),
        status=200,
        prompt=True,
    ),
    _S(
        "header line without a colon", "delivered", plain(answering(_BOTH("nonsense", "Content-Length: 0"))), status=200
    ),
    _S("long header line", "delivered", plain(answering(_BOTH(_LONG_LINE, "Content-Length: 0"))), status=200),
    _S("150 headers", "delivered", plain(answering(_BOTH(*["X-A: b"] * 150, "Content-Length: 0"))), status=200),
    _S("100 and then 200", "delivered", plain(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)), status=200),
    _S(
        "102, 103 and then 200",
        "delivered",
        plain(answering(_head("HTTP/1.1 102 P") + _head("HTTP/1.1 103 E", "A: b") + OK)),
        status=200,
    ),
    _S("100 while the document is written", "delivered", plain(_continue_then_reads), BIG, status=200, prompt=True),
    _S("TLS closed without a goodbye after 200", "delivered", secure(_no_goodbye_after(OK)), status=200),
    _S(
        "TLS closed without a goodbye in the body",
        "delivered",
        secure(_no_goodbye_after(_BOTH("Content-Length: 9"))),
        status=200,
        says="cut",
    ),
    _S(
        "TLS closed without a goodbye where the close ends the body",
        "delivered",
        secure(_no_goodbye_after(_BOTH(body=b"hello"))),
        status=200,
        says="cut",
    ),
    _S("a second answer behind the first", "delivered", plain(answering(OK + _simple(500))), status=200),
]

_IN_DOUBT = [
    _S(
        "never read, big document",
        "in_doubt",
        plain(_hangs, receive_buffer=4_096),
        BIG,
        says="could not be written whole",
    ),
    _S("read, no answer", "in_doubt", plain(_reads_and_hangs), says="no answer came within"),
    _S("read, no answer, TLS", "in_doubt", secure(_reads_and_hangs), says="no answer came within"),
    _S("read, no answer, proxy", "in_doubt", proxied(None, _reads_and_hangs), says="no answer came within"),
    _S("read, closed", "in_doubt", plain(answering(b"")), says="closed", prompt=True),
    _S("read, reset", "in_doubt", plain(_resets), says="reset", prompt=True),
    _S("reset unread, small document", "deferred in_doubt", plain(_resets_unread), prompt=True),
    _S("reset unread, big document", "deferred in_doubt", plain(_resets_unread), BIG, prompt=True),
    _S("reset in the middle", "in_doubt", plain(_resets_on_first_bytes), BIG, says="while the document", prompt=True),
    _S("closed in the middle", "in_doubt", plain(_closes_on_first_bytes), BIG, prompt=True),
    _S("end of the answers in the middle", "in_doubt", plain(_half_closes), BIG, says="closed", prompt=True),
    _S("200 before the document was read", "in_doubt", plain(early(OK, _hangs)), BIG, status=200, prompt=True),
    _S("200 before the document was read, TLS", "in_doubt", secure(early(OK, _hangs)), BIG, status=200, prompt=True),
    _S(
        "200 begun before the document was read",
        "in_doubt",
        plain(_half_early_then_reads),
        BIG,
        status=200,
        prompt=True,
    ),
    _S("200 before anything was asked, big document", "in_doubt", plain(_speaks_first), BIG, status=200),
    _S(
        "early answer is garbage",
        "in_doubt",
        plain(early(b"what?\r\n", _hangs)),
        BIG,
        says="no HTTP answer",
        prompt=True,
    ),
    _S("early header block is cut", "in_doubt", plain(early(b"HTTP/1.1 413 Too", Peer.reset)), BIG),
    _S("status line cut", "in_doubt", plain(answering(b"HTTP/1.1 200")), prompt=True),
    _S("status line only", "in_doubt", plain(answering(b"HTTP/1.1 200 OK\r\n")), prompt=True),
    _S("header name cut", "in_doubt", plain(answering(b"HTTP/1.1 200 OK\r\nContent-Le")), prompt=True),
    _S(
        "header line without the blank one",
        "in_doubt",
        plain(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")),
        prompt=True,
    ),
    _S("blank line cut", "in_doubt", plain(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r")), prompt=True),
    _S("header block stalls", "in_doubt", plain(staying(b"HTTP/1.1 200 OK\r\nContent-Le"))),
    _S("header block drips", "in_doubt", plain(_drips_head)),
    _S("header block drips, TLS", "in_doubt", secure(_drips_head)),
    _S("header block too big", "in_doubt", plain(answering(_BOTH(*["X-A: " + "b" * 1_000] * 300))), prompt=True),
    _S("header block without end", "in_doubt", plain(staying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000)), prompt=True),
    _S("too many header lines", "in_doubt", plain(answering(_BOTH(*["A: b"] * 1_001))), prompt=True),
    _S("garbage", "in_doubt", plain(staying(b"SSH-2.0-OpenSSH\r\n")), prompt=True),
    _S("blank line first", "in_doubt", plain(staying(b"\r\n" + OK)), prompt=True),
    *[
        _S(
            f"status line {line}",
            "in_doubt",
            plain(staying(line.encode() + b"\r\nContent-Length: 0\r\n\r\n")),
            prompt=True,
        )
        for line in (
            "HTTP/1.1 0200 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 99 x",
            "HTTP/1.1 099 x",
            "HTTP/2 200 OK",
            "HTTP/0.9 200 OK",
            "HTTP/1.2 200 OK",
            "HTTP/1.1  200 OK",
            "http/1.1 200 OK",
            "HTTP/1.1 200OK",
            "HTTP/1.1 +20 OK",
            "ICY 200 OK",
            "HTTP/1.1\t200 OK",
            " HTTP/1.1 200 OK",
            "HTTP/1.1 20 0",
        )
    ],
    _S("100 without end", "in_doubt", plain(_endless_continue)),
    _S(
        "100 in a flood",
        "in_doubt",
        plain(staying(b"HTTP/1.1 100 Continue\r\n\r\n" * 200)),
        says="without end",
        prompt=True,
    ),
    _S("100 as the last word", "in_doubt", plain(answering(b"HTTP/1.1 100 Continue\r\n\r\n")), prompt=True),
    _S("103 as the last word", "in_doubt", plain(answering(_head("HTTP/1.1 103 E", "A: b"))), prompt=True),
    _S("101", "in_doubt", plain(staying(_head("HTTP/1.1 101 Switching", "Upgrade: x"))), says="101", prompt=True),
    _S("199 and then 200", "in_doubt", plain(staying(_head("HTTP/1.1 199 x") + OK)), prompt=True),
    _S("garbage record after the document", "in_doubt", secure(_garbage_record), says="TLS", prompt=True),
    _S("TLS closed without a goodbye", "in_doubt", secure(_no_goodbye), says="closed", prompt=True),
    _S("TLS reset in the middle", "in_doubt", secure(_resets_on_first_bytes), BIG, prompt=True),
    _S("client certificate wanted, TLS 1.3", "deferred in_doubt", secure(answering(OK), "client-cert")),
    *[
        _S(f"status {status}", "in_doubt", plain(answering(_simple(status))), status=status)
        for status in (201, 202, 203, 206, 226, 502, 503, 504, 520, 524, 527, 600, 999)
    ],
    _S("status 204", "in_doubt", plain(answering(_head("HTTP/1.1 204 No Content"))), status=204, prompt=True),
]

_ANSWERED = [
    *[
        _S(f"status {status}", "rejected", plain(answering(_simple(status))), status=status)
        for status in (
            300,
            304,
            400,
            401,
            403,
            404,
            405,
            409,
            410,
            411,
            413,
            415,
            422,
            426,
            451,
            499,
            500,
            501,
            505,
            511,
            528,
            599,
        )
    ],
    *[_S(f"redirect {status}", "rejected", redirecting(status), status=status) for status in (301, 302, 303, 307, 308)],
    *[
        _S(f"status {status}", "deferred", plain(answering(_simple(status))), status=status)
        for status in (408, 425, 429)
    ],
    _S("503 with Retry-After", "deferred", plain(answering(_simple(503, "retry-AFTER: 3"))), status=503),
    _S("429 cut before its blank line", "in_doubt", plain(answering(b"HTTP/1.1 429 Busy\r\nRetry-After: 3\r\n"))),
    _S("early 413, server stops reading", "rejected", plain(early(_EARLY_413, _hangs)), BIG, 413, prompt=True),
    _S("early 413 and close", "rejected", plain(early(_EARLY_413, Peer.read)), BIG, 413, prompt=True),
    _S("early 413, TLS", "rejected", secure(early(_EARLY_413, _hangs)), BIG, 413, prompt=True),
    _S("early 413, TLS 1.2", "rejected", secure(early(_EARLY_413, _hangs), "good-1.2"), BIG, 413, prompt=True),
    _S("early 429", "deferred", plain(early(_simple(429), _hangs)), BIG, 429, prompt=True),
    _S(
        "early 503 with Retry-After",
        "deferred",
        plain(early(_simple(503, "Retry-After: 9"), _hangs)),
        BIG,
        503,
        prompt=True,
    ),
    _S("early 503", "in_doubt", plain(early(_simple(503), _hangs)), BIG, 503, prompt=True),
    _S(
        "early 413 behind 100",
        "rejected",
        plain(early(b"HTTP/1.1 100 C\r\n\r\n" + _EARLY_413, _hangs)),
        BIG,
        413,
        prompt=True,
    ),
]

SCENARIOS = [*_NOTHING_SENT, *_DELIVERED, *_IN_DOUBT, *_ANSWERED]
