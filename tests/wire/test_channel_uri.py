"""The channel's URI: what it refuses, and that it shows itself to nobody."""

from __future__ import annotations

import copy
import dataclasses
import http.client
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.channel import Channel, ChannelUri
from paytraq_direct.errors import ChannelError
from paytraq_direct.wire import Progress, Wire

from .servers import OK, Peer, Server, closed_port, server_context

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARYcanary0007a3f9"
_GOOD = f"https://go.paytraq.com/ext/direct/inbox/{CANARY}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        CANARY,
        f" {_GOOD}",
        f"{_GOOD}\n",
        f"{_GOOD} x",
        f"{_GOOD}\t",
        f"{_GOOD}\x00",
        f"{_GOOD}\x7f",
        f"{_GOOD}?key=1",
        f"{_GOOD}?",
        f"{_GOOD}#x",
        f"{_GOOD}#",
        f"{_GOOD}\\x",
        f"{_GOOD}ī",
        f"{_GOOD}\u200b",
        f"http://go.paytraq.com/{CANARY}",
        f"ftp://go.paytraq.com/{CANARY}",
        f"//go.paytraq.com/{CANARY}",
        f"https:/go.paytraq.com/{CANARY}",
        f"https:go.paytraq.com/{CANARY}",
        f"https:///{CANARY}",
        f"https://:443/{CANARY}",
        f"https://user@go.paytraq.com/{CANARY}",
        f"https://user:pw@go.paytraq.com/{CANARY}",
        f"https://@go.paytraq.com/{CANARY}",
        f"https://evil.example\\@go.paytraq.com/{CANARY}",
        f"https://go.paytraq.com%2eevil.example/{CANARY}",
        f"https://go.paytraq.com./{CANARY}",
        f"https://.go.paytraq.com/{CANARY}",
        f"https://go..paytraq.com/{CANARY}",
        f"https://-go.paytraq.com/{CANARY}",
        f"https://go-.paytraq.com/{CANARY}",
        f"https://*.paytraq.com/{CANARY}",
        f"https://{'a' * 64}.com/{CANARY}",
        f"https://{'a.' * 130}com/{CANARY}",
        f"https://g\u043e.paytraq.com/{CANARY}",
        f"https://xn--zzz9999.com/{CANARY}",
        f"https://xn--a.com/{CANARY}",
        f"https://xn--/{CANARY}",
        f"https://127.1/{CANARY}",
        f"https://0x7f.1/{CANARY}",
        f"https://0x7f000001/{CANARY}",
        f"https://2130706433/{CANARY}",
        f"https://127.0.0.01/{CANARY}",
        f"https://0177.0.0.1/{CANARY}",
        f"https://1.2.3.4.5/{CANARY}",
        f"https://256.1.1.1/{CANARY}",
        f"https://a.1/{CANARY}",
        f"https://[::1%25eth0]/{CANARY}",
        f"https://[::1%eth0]/{CANARY}",
        f"https://[::g]/{CANARY}",
        f"https://[]/{CANARY}",
        f"https://[::1/{CANARY}",
        f"https://::1/{CANARY}",
        f"https://[v1.x]/{CANARY}",
        f"https://go.paytraq.com:0/{CANARY}",
        f"https://go.paytraq.com:65536/{CANARY}",
        f"https://go.paytraq.com:https/{CANARY}",
        f"https://go.paytraq.com:/{CANARY}",
        f"https://go.paytraq.com:-1/{CANARY}",
        f"https://go.paytraq.com:044/{CANARY}",
        f"https://go.paytraq.com:4 43/{CANARY}",
        f"https://go.paytraq.com:٤/{CANARY}",
        "https://go.paytraq.com",
        "https://go.paytraq.com/",
        f"{_GOOD}%2e",
        f"{_GOOD}%2E",
        f"{_GOOD}%2fx",
        f"{_GOOD}%2F",
        f"{_GOOD}%5c",
        f"{_GOOD}%5C",
        f"{_GOOD}%00",
        f"{_GOOD}%0a",
        f"{_GOOD}%7F",
        f"{_GOOD}%",
        f"{_GOOD}%4",
        f"{_GOOD}%zz",
        f"{_GOOD}/..",
        f"{_GOOD}/../x",
        f"{_GOOD}/./x",
        f"{_GOOD}/.",
        f"https://go.paytraq.com/../{CANARY}",
        f"{_GOOD}//x",
        f"{_GOOD}//",
        f"https://go.paytraq.com//{CANARY}",
        f"{_GOOD}<x>",
        f'{_GOOD}"',
        f"{_GOOD}{{x}}",
        f"{_GOOD}|",
        f"{_GOOD}^",
        f"{_GOOD}`",
        f"{_GOOD}[x]",
        f"{_GOOD}{'x' * 3_000}",
        f"http://10.0.0.1/{CANARY}",
        f"http://localhost.example/{CANARY}",
        f"http://128.0.0.1/{CANARY}",
        f"http://[::2]/{CANARY}",
        None,
        7,
        _GOOD.encode(),
    ],
)
def test_a_doubtful_address_is_refused_without_repeating_it(text: Any) -> None:
    """Whatever two programs could read differently is refused, and the message keeps the secret."""
    with pytest.raises(ChannelError) as caught:
        ChannelUri(text)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(pickle.dumps(caught.value))
    assert CANARY not in shown.replace(repr(text), "")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "uri", "masked"),
    [
        (_GOOD, _GOOD, "https://go.paytraq.com/ext/direct/inbox/…a3f9"),
        (
            "HTTPS://GO.PayTraq.com:443/ext/direct/inbox/AbC",
            "https://go.paytraq.com/ext/direct/inbox/AbC",
            "https://go.paytraq.com/ext/direct/inbox/…",
        ),
        (
            "https://h.example:8443/api/webhooks/x/123456789012",
            "https://h.example:8443/api/webhooks/x/123456789012",
            "https://h.example:8443/api/webhooks/…/…9012",
        ),
        ("https://h.example/12345678901", "https://h.example/12345678901", "https://h.example/…"),
        ("https://h.example/inbox", "https://h.example/inbox", "https://h.example/…"),
        ("https://h.example/ext/secret/", "https://h.example/ext/secret/", "https://h.example/ext/…"),
        ("https://h.example/a;b=c/d%20e", "https://h.example/a;b=c/d%20e", "https://h.example/…/…"),
        ("http://127.9.9.9:80/x", "http://127.9.9.9/x", "http://127.9.9.9/…"),
        ("http://localhost:8080/x", "http://localhost:8080/x", "http://localhost:8080/…"),
        ("http://[0:0::1]:80/x", "http://[::1]/x", "http://[::1]/…"),
        ("https://xn--mnchen-3ya.de/x", "https://xn--mnchen-3ya.de/x", "https://xn--mnchen-3ya.de/…"),
    ],
)
def test_an_address_is_normalised_and_masked(text: str, uri: str, masked: str) -> None:
    """Scheme and host in lower case, the scheme's own port left out; of the id at most four characters are shown."""
    channel_uri = ChannelUri(text)

    assert uri == channel_uri.reveal()
    assert masked == channel_uri.masked == str(channel_uri) == f"{channel_uri}"
    assert f"ChannelUri({masked!r})" == repr(channel_uri)
    with Wire() as wire:
        assert Channel(channel_uri, wire).uri is channel_uri


def test_plain_http_is_let_through_when_asked() -> None:
    """``allow_http`` is for people who know their network."""
    assert ChannelUri("http://inbox.example/x", allow_http=True).scheme == "http"


def test_paytraq_is_known() -> None:
    """Only PayTraq's own host counts, not one that looks like it."""
    assert ChannelUri(_GOOD).is_paytraq
    assert not ChannelUri("https://go.paytraq.com.example/x").is_paytraq


def test_equality_and_hash_go_by_value() -> None:
    """The same address in another spelling is the same channel; text is never equal to it."""
    one, other = ChannelUri(_GOOD), ChannelUri(_GOOD.replace("https://go", "HTTPS://GO"))

    assert one == other
    assert {one: 1}[other] == 1
    assert one != ChannelUri(_GOOD + "0")
    assert one != _GOOD


def test_the_secret_cannot_be_reached_by_accident() -> None:
    """No pickle, JSON, vars, asdict, state or assignment; a copy is the thing itself."""
    uri: Any = ChannelUri(_GOOD)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(uri, protocol)
    for reach in (json.dumps, vars, dataclasses.asdict, lambda it: it.__getstate__()):
        with pytest.raises(TypeError) as caught:
            reach(uri)
        assert CANARY not in str(caught.value)
    for name in ("masked", "new", "_uri"):
        with pytest.raises(AttributeError):
            setattr(uri, name, "x")
    with pytest.raises(AttributeError):
        del uri.masked
    assert copy.copy(uri) is uri
    assert copy.deepcopy([uri])[0] is uri
    assert CANARY not in f"{uri!s}{uri!r}{uri:>99}{[uri]}{dir(uri)}" + "%s %r" % (uri, uri)  # noqa: UP031 - on purpose


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_properly(text: str) -> None:
    """No text whatever raises anything but ChannelError, and what is taken comes back the same."""
    for candidate in (text, f"https://{text}/abcdefghijkl", f"https://h.example/{text}"):
        try:
            uri = ChannelUri(candidate)
        except ChannelError:
            continue
        assert ChannelUri(uri.reveal()) == uri
        with Wire() as wire:
            assert repr(Channel(uri, wire))


def test_the_secret_shows_up_nowhere(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ca_bundle: Path,
) -> None:
    """Not in logs, output, verdicts, messages, or answers that quote the path, whether it goes well or badly."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 9)
    path = f"/ext/direct/inbox/{CANARY}"
    quoting = f"HTTP/1.1 404 no {path}\r\nLocation: {path}\r\nContent-Length: {len(path)}\r\n\r\n{path}".encode()
    scripts = [
        lambda peer: (peer.request(), peer.say(OK)),
        lambda peer: (peer.request(), peer.say(quoting)),
        lambda peer: peer.request(),
        lambda peer: peer.reset(),
        lambda peer: (peer.request(), peer.say(path.encode())),
    ]
    shown = []
    for tls in (None, server_context(), server_context("untrusted")):
        for script in scripts:
            with Server(script, tls=tls) as server, Wire(ca_bundle=ca_bundle) as wire:
                channel = Channel(ChannelUri(server.url("localhost").replace("1234567890abcdef", CANARY)), wire)
                verdict = channel.post(b"<Sale/>", deadline_s=5)
                shown.append(f"{verdict!r}{channel!r}{wire!r}{vars(wire)}{pickle.dumps(verdict)!r}")
    with Wire() as wire:
        nowhere = ChannelUri(f"http://127.0.0.1:{closed_port()}{path}")
        shown.append(repr(Channel(nowhere, wire).post(b"<Sale/>", deadline_s=5)))

    output = capsys.readouterr()
    assert len(shown) == 16
    assert CANARY not in "".join(shown) + caplog.text + output.out + output.err
    assert all(CANARY not in str(vars(record)) for record in caplog.records)


def test_an_interruption_says_how_far_the_bytes_got(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C passes through with ``paytraq_progress`` and without the secret, before sending and after."""
    import signal  # noqa: PLC0415 - POSIX's way to interrupt the main thread
    import threading  # noqa: PLC0415

    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    main = threading.main_thread().ident or 0
    over = threading.Event()

    def after_sending(peer: Peer) -> None:
        peer.request()
        signal.pthread_kill(main, signal.SIGINT)
        peer.hang()

    def while_resolving(*_args: object, **_options: object) -> list[Any]:
        signal.pthread_kill(main, signal.SIGINT)
        over.wait(10)
        return []

    seen = []
    with Server(after_sending) as server, Wire(resolve=while_resolving) as wire:
        for host in ("127.0.0.1", "localhost"):
            uri = ChannelUri(server.url(host).replace("1234567890abcdef", CANARY))
            with pytest.raises(KeyboardInterrupt) as caught:
                Channel(uri, wire).post(b"<Sale/>", deadline_s=10)
            error: BaseException | None = caught.value
            seen.append(getattr(error, "paytraq_progress", None))
            while error:
                assert CANARY not in f"{error!r}{error}{vars(error)}"
                error = error.__cause__ or error.__context__
    over.set()

    assert len(seen) == 2
    assert seen[0] in (Progress.STARTED, Progress.WHOLE)  # it may come before the whole is written down
    assert seen[1] is Progress.NOTHING
