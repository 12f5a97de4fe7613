"""Which connections are used again, and what never passes from one exchange to another."""

from __future__ import annotations

import contextlib
import itertools
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from paytraq_direct.channel import Channel, ChannelUri, Verdict
from paytraq_direct.connection import Connection, Deadline, Origin
from paytraq_direct.wire import Progress, Wire, _Errand, _hand_over

from .scenarios import BIG, SMALL, answering
from .servers import OK, Peer, Server, authority, server_context, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def post(wire: Wire, server: Server, document: bytes = SMALL, host: str = "127.0.0.1") -> Verdict:
    """Post one document to a server."""
    return Channel(ChannelUri(server.url(host)), wire).post(document, deadline_s=5)


def _again_and_again(raw: bytes = OK) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.say(raw)

    return script


@pytest.mark.parametrize("tls", [False, True])
def test_a_fresh_connection_is_used_again(tls: bool, ca_bundle: Path) -> None:  # noqa: FBT001 - pytest gives it
    """Five documents in a row need one connection, with TLS too."""
    context = server_context() if tls else None
    with Server(_again_and_again(), tls=context) as server, Wire(ca_bundle=ca_bundle) as wire:
        outcomes = [post(wire, server).outcome for _ in range(5)]

    assert outcomes == ["delivered"] * 5
    assert (server.connections, server.hits) == (1, 5)


def test_a_post_over_a_kept_connection_takes_four_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call gives up the interpreter's lock: one look whether it is fresh, one send, one wait, one recv."""
    calls: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        method = getattr(Connection, name)

        def call(*args: object) -> Any:
            calls.append(name)
            return method(*args)

        return call

    with Server(_again_and_again()) as server, Wire() as wire:
        post(wire, server)
        for name in ("is_readable", "transmit", "wait", "receive"):
            monkeypatch.setattr(Connection, name, counted(name))
        post(wire, server)

    assert calls == ["is_readable", "transmit", "wait", "receive"]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: Foo, CLOSE\r\n\r\nOK",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nbad line\r\n\r\nOK",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        OK + b"\r\n",
    ],
)
def test_a_doubtful_connection_is_not_used_again(raw: bytes) -> None:
    """Where the end of an answer can be doubted, the next document gets a connection of its own."""
    with Server(_again_and_again(raw)) as server, Wire() as wire:
        outcomes = [post(wire, server).outcome for _ in range(3)]

    assert outcomes == ["delivered"] * 3
    assert server.connections == 3


def test_an_answer_pushed_ahead_is_not_taken_for_the_next_one() -> None:
    """What arrives between two exchanges belongs to neither, so the second document gets its own answer."""
    pushed = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        if peer.number == 1:
            peer.say(OK)
            peer.server.stopping.wait(0.05)
            peer.say(OK)
            pushed.set()
            peer.hang()
        peer.say(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    with Server(script) as server, Wire() as wire:
        first = post(wire, server).outcome
        assert pushed.wait(5)
        second = post(wire, server).outcome

    assert (first, second, server.connections) == ("delivered", "rejected", 2)


def test_a_connection_closed_while_idle_is_replaced() -> None:
    """A server that closes after its answer costs a new connection, never a doubt."""
    with Server(answering(OK)) as server, Wire() as wire:
        outcomes = []
        for _ in range(5):
            outcomes.append(post(wire, server).outcome)
            for thread, _ in list(server._peers):
                thread.join(5)

    assert outcomes == ["delivered"] * 5
    assert (server.connections, server.hits) == (5, 5)


def test_a_connection_closed_at_the_moment_of_use_is_a_doubt() -> None:
    """The second document left, so it is not posted again by itself, although the connection was an old one."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(OK)
        peer.read()

    with Server(script) as server, Wire() as wire:
        outcomes = [post(wire, server).outcome for _ in range(2)]

    assert outcomes == ["delivered", "in_doubt"]
    assert (server.connections, server.hits) == (1, 2)


@pytest.mark.parametrize(("idle_s", "connections"), [(0.9, 1), (1.1, 2)])
def test_a_connection_idle_for_more_than_a_second_is_not_used(idle_s: float, connections: int) -> None:
    """The clock is the wire's own, so it can be given."""
    now = [0.0]
    with Server(_again_and_again()) as server, Wire(clock=lambda: now[0]) as wire:
        post(wire, server)
        now[0] += idle_s
        post(wire, server)

    assert connections == server.connections


def test_a_connection_with_an_early_answer_is_not_used_again() -> None:
    """The rest of a refused document must not be taken for the next request."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(b"HTTP/1.1 413 Too Big\r\nContent-Length: 0\r\n\r\n")
        while peer.read():
            pass

    with Server(script) as server, Wire() as wire:
        outcomes = [post(wire, server, BIG).outcome for _ in range(2)]

    assert outcomes == ["rejected"] * 2
    assert server.connections == 2


def test_threads_share_a_wire() -> None:
    """Eight threads post a hundred documents; each arrives once and gets the answer to itself."""

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(peer.last_body), peer.last_body))

    documents = [b"<Sale>%d</Sale>" % number for number in range(100)]
    with Server(script) as server, Wire() as wire, ThreadPoolExecutor(8) as threads:
        answers = [verdict.exchange.body for verdict in threads.map(lambda one: post(wire, server, one), documents)]

    assert documents == answers
    assert sorted(documents) == sorted(server.bodies)
    assert server.connections <= 8


def test_cookies_do_not_come_back() -> None:
    """Nothing from one exchange reaches another."""
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: trap=cookie-trap; Path=/\r\nContent-Length: 0\r\n\r\n"
    with Server(_again_and_again(raw)) as server, Wire() as wire:
        post(wire, server)
        post(wire, server)

    assert server.hits == 2
    assert b"trap" not in server.seen


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_bundle: Path) -> None:
    """Proxies, netrc, authorities and key logs from the environment are traps that nobody steps into."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login trap password trap\n")
    netrc.chmod(0o600)
    keys = tmp_path / "keys"
    with Server(lambda peer: peer.read()) as trap, Server(_again_and_again(), tls=server_context()) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
        with Wire(ca_bundle=ca_bundle) as wire:
            trusted = post(wire, server)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_bundle))
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_bundle))
        with Wire() as wire:
            untrusted = post(wire, server)
        with Server(_again_and_again()) as plain, Wire() as wire:
            post(wire, plain)

    assert trusted.outcome == "delivered"
    assert untrusted.outcome == "deferred"
    assert "HTTPS_PROXY is set" in untrusted.message
    assert "--proxy env:HTTPS_PROXY" in untrusted.message
    assert "REQUESTS_CA_BUNDLE is set" in untrusted.message
    assert "--ca-bundle PATH" in untrusted.message
    assert str(trap.port) not in untrusted.message
    assert trap.connections == 0
    assert not keys.exists()
    assert b"uthorization" not in server.seen + plain.seen


def test_a_proxy_is_told_host_port_and_its_own_password_only(ca_bundle: Path) -> None:
    """The channel travels inside the tunnel, the proxy's password outside of it."""
    with (
        Server(_again_and_again(), tls=server_context()) as server,
        Server(tunnel(server.port)) as proxy,
        Wire(proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}", ca_bundle=ca_bundle) as wire,
    ):
        verdict = post(wire, server, host="localhost")
        shown = f"{wire!r}{vars(wire)}"

    assert "p@ss" not in shown
    assert "p%40ss" not in shown
    assert "dXNlcjpwQHNz" not in shown
    head = bytes(proxy.seen).partition(b"\r\n\r\n")[0]
    assert verdict.outcome == "delivered"
    assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % server.port)
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in head
    assert b"inbox" not in proxy.seen
    assert b"uthorization" not in server.seen


def test_a_request_is_what_paytraq_documents() -> None:
    """One POST with application/xml exactly, the length, nothing to decode, and the bytes as they are."""
    with Server(_again_and_again()) as server, Wire() as wire:
        post(wire, server)

    lines = bytes(server.seen).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0] == "POST /ext/direct/inbox/1234567890abcdef HTTP/1.1"
    assert lines[1] == f"Host: 127.0.0.1:{server.port}"
    assert "Content-Type: application/xml" in lines
    assert "Accept-Encoding: identity" in lines
    assert f"Content-Length: {len(SMALL)}" in lines
    assert any(line.startswith("User-Agent: paytraq_direct/") for line in lines)
    assert len(lines) == 6
    assert server.bodies == [SMALL]


def test_a_huge_answer_is_not_held() -> None:
    """Of 50 MB of answer 64 KiB are kept, and the rest is never in memory."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n", *[b"x" * 50_000] * 1_000)

    with Server(script) as server, Wire() as wire:
        post(wire, server)
        tracemalloc.start()
        verdict = post(wire, server)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert verdict.outcome == "delivered"
    assert len(verdict.exchange.body) == 65_536
    assert "the answer's body was cut" in verdict.notes
    assert peak < 2_000_000


def test_a_document_that_is_always_taken_does_not_outlive_the_deadline() -> None:
    """The deadline counts while there is always room to write: here every look at the clock takes 0.6 s."""
    looks = itertools.count()
    with Server(_again_and_again()) as server, Wire(clock=lambda: next(looks) * 0.6) as wire:
        verdict = post(wire, server, BIG[:640_000])

    assert (verdict.outcome, verdict.exchange.stage) == ("in_doubt", "write")
    assert server.bodies == []


@pytest.mark.parametrize(("is_tls", "progress"), [(True, Progress.STARTED), (False, Progress.NOTHING)])
@pytest.mark.parametrize("failure", [BrokenPipeError(32, "gone"), KeyboardInterrupt(), None])
def test_a_failed_first_write_is_nothing_only_when_that_is_sure(
    failure: BaseException | None,
    is_tls: bool,  # noqa: FBT001 - pytest gives it
    progress: Progress,
) -> None:
    """A plain socket that fails or has no room took nothing; TLS may have let half a record go, Ctrl-C anything."""

    class Stub:
        def __init__(self) -> None:
            self.is_tls = is_tls

        def transmit(self, _data: memoryview) -> int:
            if failure:
                raise failure
            return 0

    stub: Any = Stub()
    errand = _Errand(Origin("https", "h", 443), "/x", b"x", Deadline(9))
    with contextlib.suppress(OSError, KeyboardInterrupt):
        _hand_over(stub, memoryview(b"x"), errand)

    assert errand.progress == (Progress.STARTED if isinstance(failure, KeyboardInterrupt) else progress)


def test_a_closed_wire_keeps_nothing() -> None:
    """After close() an exchange still works and leaves no connection behind."""
    with Server(_again_and_again()) as server:
        wire = Wire()
        wire.close()
        assert post(wire, server).outcome == "delivered"
        assert post(wire, server).outcome == "delivered"

    assert server.connections == 2


def test_old_tls_is_refused(ca_bundle: Path) -> None:
    """The floor is TLS 1.2, and names and certificates are checked."""
    wire: Any = Wire(ca_bundle=ca_bundle)
    context = wire._shared_context()

    assert context.minimum_version.name == "TLSv1_2"
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.keylog_filename is None
    assert len(context.get_ca_certs()) == 1
    assert authority().cert_pem.bytes() == ca_bundle.read_bytes()
    wire.close()
