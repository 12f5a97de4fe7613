"""The canary: the id of a channel, or a proxy's password, shows nowhere, whatever goes wrong."""

from __future__ import annotations

import itertools
import logging
import pickle
import socket
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from commands import run
from conftest import EXAMPLES
from test_cli import plain
from test_rules import smallest
from wire.servers import Peer, Server, closed_port

from paytraq_direct import ChannelUri, DeliveryError, Invoice, Outbox, PaytraqDirectError, Sender
from paytraq_direct.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = "Q7xW2vK9canary4mZt8R"
PASSWORD = "hunter2hunter2"  # noqa: S105 - it is the bait
INVOICE = Invoice(**smallest())


def _echo(peer: Peer) -> None:
    head = peer.request()
    peer.say(plain("404 " + CANARY, head, f"X-Echo: {CANARY}", f"Location: /ext/direct/inbox/{CANARY}"))


def _reset(peer: Peer) -> None:
    peer.request()
    peer.reset()


def _says(answer: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        peer.say(answer)

    return script


def _hang(peer: Peer) -> None:
    peer.request()
    peer.hang()


SCRIPTS: dict[str, Callable[[Peer], None]] = {
    "echo": _echo,
    "reset": _reset,
    "garbage": _says(f"GARBAGE {CANARY}\r\n\r\n".encode()),
    "redirect": _says(plain("302 Found", b"", f"Location: http://127.0.0.1/ext/direct/inbox/{CANARY}")),
    "gateway": _says(plain("502 Bad Gateway", CANARY.encode())),
    "silence": _hang,
    "html": _says(plain("200 OK", f"<html>{CANARY}".encode(), "Content-Type: text/html")),
}


def _everything_about(error: BaseException) -> str:
    """Give all that can be seen of an exception, and of what is behind it."""
    seen: list[object] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            todo += [one.__cause__, one.__context__]
    parts = [*traceback.format_exception(error)]
    for behind in seen:
        parts += [str(behind), repr(behind), repr(getattr(behind, "__dict__", "")), repr(getattr(behind, "args", ""))]
    return "\n".join(parts)


def _post(url: str, **options: Any) -> list[str]:
    """Send once and give every text that came of it."""
    said: list[str] = []
    with Sender(ChannelUri(url), deadline_s=1.0, **options) as sender:
        said += [repr(sender), str(sender.channel), f"{sender.channel!r} {sender.channel}", repr(sender.__dict__)]
        (result,) = sender.send_all([INVOICE])
        said += [repr(result), str(result), pickle.dumps(result).decode("latin-1")]
        try:
            sender.send(INVOICE)
        except DeliveryError as error:
            said += [_everything_about(error), pickle.dumps(error).decode("latin-1"), repr(error.body)]
    return said


def _canary_url(port: int, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{port}/ext/direct/inbox/{CANARY}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_that_python_shows_has_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Results, receipts, exceptions, their causes, pickles and logs at DEBUG never hold the id."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    with Server(SCRIPTS[name]) as server:
        said = _post(_canary_url(server.port))
    assert CANARY not in "\n".join(said)
    assert CANARY not in caplog.text
    assert CANARY not in "".join(repr(vars(record)) for record in caplog.records)


def test_no_connection_shows_it_either(caplog: pytest.LogCaptureFixture) -> None:
    """Refused connections, plain ports asked for TLS, unknown hosts and refusing proxies never show the id or a password."""
    caplog.set_level(logging.DEBUG)
    said = _post(_canary_url(closed_port()))
    with Server(_echo) as server:
        said += _post(_canary_url(server.port, "https"))
        said += _post(
            f"https://go.paytraq.com/ext/direct/inbox/{CANARY}", proxy=f"http://user:{PASSWORD}@127.0.0.1:{server.port}"
        )
    said += _post(
        f"https://go.paytraq.com/ext/direct/inbox/{CANARY}", proxy=f"http://user:{PASSWORD}@127.0.0.1:{closed_port()}"
    )

    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    said += _post(f"https://inbox.invalid/ext/direct/inbox/{CANARY}", wire=Wire(resolve=nowhere))
    everything = "\n".join(said) + caplog.text
    assert CANARY not in everything
    assert PASSWORD not in everything


OTHER = "tB5nL8canary1pXd3"


@pytest.mark.parametrize(
    ("path", "bait"),
    [
        (f"/ext/direct/{CANARY}/post", (CANARY,)), (f"/ext/direct/inbox/{CANARY}/{OTHER}", (CANARY, OTHER)),
        (f"/ext/direct/inbox/{CANARY}/", (CANARY,)), (f"/{OTHER}/{CANARY}/x1", (CANARY, OTHER, "/x1")),
        (f"/ext/direct/inbox/{CANARY[:6]}%{ord(CANARY[6]):02x}{CANARY[7:]}", (CANARY, f"%{ord(CANARY[6]):02x}{CANARY[7:]}")),
    ],
)  # fmt: skip
def test_an_answer_that_quotes_the_path_is_kept_without_it(tmp_path: Path, path: str, bait: tuple[str, ...]) -> None:
    """Of a path that an answer quotes, raw, decoded or in other letters, nothing that the masked form hides is kept."""

    def script(peer: Peer) -> None:
        asked = peer.request().split()[1].decode()
        quotes = [
            asked,
            unquote(asked),
            asked.upper(),
            unquote(asked).lower(),
            asked.rstrip("/")[:-4] + "...",
            asked[:-4],
        ]
        peer.say(plain(f"400 no {asked}", " ".join(quotes).encode(), f"Location: {asked}", f"X-Was: {unquote(asked)}"))

    with Server(script) as server, Outbox(tmp_path / "outbox.sqlite") as outbox:
        with Sender(f"http://127.0.0.1:{server.port}{path}", outbox=outbox) as sender:
            (result,) = sender.send_all([INVOICE])
        attempt = outbox.attempts(1)[0]
    kept = f"{result.body.decode()} {attempt.headers} {attempt.body.decode()}".lower()
    assert [word for word in bait if word.lower() in kept] == []
    assert CANARY[:8].lower() not in kept
    assert "…" in kept


@pytest.mark.parametrize("left", [4, 7, 8, len(CANARY) - 1])
def test_an_answer_cut_in_the_middle_of_the_path(left: int) -> None:
    """Where 64 KiB end, or the line went dead, in the middle of the id, the beginning of it is not kept either."""
    said = itertools.cycle([
        plain("400 X", b"x" * (65_536 - left) + CANARY.encode(), "Connection: close"),
        b"HTTP/1.1 400 X\r\nContent-Length: 99\r\n\r\nno " + CANARY[:left].encode(),
    ])  # fmt: skip

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(next(said))

    with Server(script) as server, Sender(_canary_url(server.port)) as sender:
        long, short = sender.send_all([INVOICE, INVOICE])
    assert long.body.endswith("x…".encode())
    assert short.body == "no …".encode()


def test_an_answer_that_quotes_nothing_is_kept_as_it_came() -> None:
    """What is no secret is not touched: the folders that every channel has, and short words like those of a path."""
    said = b"POST /ext/direct/inbox is not x1 " + bytes(range(256)) + CANARY[:3].encode()
    server = Server(_says(plain("404 Not Found", said, "Location: /ext/direct/inbox")))
    with server, Sender(f"http://127.0.0.1:{server.port}/ext/direct/{CANARY}/x1") as sender:
        (result,) = sender.send_all([INVOICE])
    assert result.body == said


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{CANARY}@example.com/x", f"https://example.com/x?{CANARY}", f"https://example.com/x#{CANARY}",
        f"ftp://example.com/{CANARY}", f"{CANARY}", f"http://example.com/{CANARY}", f"https://example.com/{CANARY}/..",
        f"https://exa mple.com/{CANARY}", f"https://example.com\\@{CANARY}.com/x", f"https://{CANARY * 20}.com/x",
    ],
)  # fmt: skip
def test_a_wrong_address_is_not_repeated(url: str) -> None:
    """What is wrong with an address is told without it."""
    with pytest.raises(PaytraqDirectError) as caught:
        ChannelUri(url)
    assert CANARY not in _everything_about(caught.value).replace(url, "") or url in _sources(caught.value)
    assert CANARY not in str(caught.value) + repr(caught.value) + repr(caught.value.__context__)


def _sources(error: BaseException) -> str:
    """Give the source lines of a traceback, which show this file's own text."""
    return "".join(traceback.format_exception(error))


def _commands(tmp_path: Path, port: int) -> list[tuple[list[str], dict[str, str]]]:
    """Give command lines on which the address stands, in its place and in every wrong one."""
    url = _canary_url(port)
    (tmp_path / "inbox.uri").write_text(f"\n {url}\n")
    (tmp_path / "broken.uri").write_text(f"{url} and more")
    file, bare = str(EXAMPLES / "smallest.json"), url.removeprefix("http://")
    options = ["--deadline", "--retry-for", "--operation", "--ca-bundle", "--proxy", "--no-such", "--chanel"]
    return [
        ([file, "--channel", url], {}),
        ([file, "--channel", url, "--json"], {}),
        ([file, f"--channel={url}"], {}),
        ([file, "--channel", "env:INBOX"], {"INBOX": url}),
        ([file, "--channel", f"file:{tmp_path}/inbox.uri"], {}),
        ([file], {"PAYTRAQ_CHANNEL": url}),
        ([file, "--channel", f"file:{tmp_path}/broken.uri"], {}),
        ([file, "--channel", "env:INBOX"], {"INBOX": f"{url}?x"}),
        ([file, "--channel", bare], {}),
        ([file, "--channel", f"env:{url}"], {}),
        ([file, "--channel", f"file:{url}"], {}),
        ([file, url], {}),
        ([bare], {}),
        ([url, "--check"], {}),
        ([file, f"--channel{url}"], {}),
        *(([file, "--channel", "sandbox", option, url], {}) for option in options),
        *(([file, "--channel", "sandbox", f"{option}={bare}"], {}) for option in options),
    ]  # fmt: skip


@pytest.mark.parametrize("script", ["echo", "html"])
def test_no_command_prints_it(tmp_path: Path, script: str) -> None:
    """Whatever is asked of paytraq-send, rightly or wrongly, neither output holds the id."""
    with Server(SCRIPTS[script]) as server:
        for arguments, env in _commands(tmp_path, server.port):
            result = run("paytraq-send", *arguments, env=env)
            assert CANARY.encode() not in result.stdout + result.stderr, arguments


def _examinations(tmp_path: Path, port: int) -> list[tuple[list[str], dict[str, str]]]:
    """Give command lines of the doctor on which the address, or a proxy's password, stands in every place."""
    url, proxy = _canary_url(port), f"http://user:{PASSWORD}@127.0.0.1:{port}"
    (tmp_path / "inbox.uri").write_text(url)
    (tmp_path / "config.toml").write_text('[channels.acme]\naddress = "env:ACME"\n')
    secure = _canary_url(port, "https")
    bare = url.removeprefix("http://")
    return [
        (["--channel", url], {}),
        (["--channel", secure], {}),
        (["--channel", "env:INBOX"], {"INBOX": url}),
        (["--channel", "env:INBOX"], {"INBOX": f"{url}?x"}),
        (["--channel", f"file:{tmp_path}/inbox.uri"], {}),
        (["--channel", "acme", "--config", f"{tmp_path}/config.toml"], {"ACME": url}),
        ([], {"PAYTRAQ_CHANNEL": url}),
        (["--channel", bare], {}),
        (["--channel", f"env:{url}"], {}),
        (["--channel", f"file:{url}"], {}),
        (["--channel", secure, "--proxy", proxy], {}),
        (["--channel", secure, "--proxy", "env:P"], {"P": proxy}),
        (["--channel", secure, "--proxy", f"{proxy}/path"], {}),
        (["--channel", secure], {"HTTPS_PROXY": proxy, "ALL_PROXY": proxy, "http_proxy": proxy}),
        *(([option, text], {}) for option in ("--proxy", "--ca-bundle", "--outbox", "--config") for text in (url, bare)),
        *(([option, url], {}) for option in ("--deadline", "--rule", "--no-such")),
        ([url], {}),
    ]  # fmt: skip


@pytest.mark.parametrize("style", [[], ["--json"]])
def test_the_doctor_prints_neither(tmp_path: Path, style: list[str]) -> None:
    """Whatever paytraq-check --doctor is asked, neither output holds the id or a password, and the host never gets the path."""
    with Server(SCRIPTS["gateway"]) as server:
        for arguments, env in _examinations(tmp_path, server.port):
            result = run("paytraq-check", "--doctor", *style, *arguments, env=env, cwd=tmp_path)
            for bait in (CANARY, PASSWORD):
                assert bait.encode() not in result.stdout + result.stderr, arguments
        assert CANARY.encode() not in server.seen
        assert PASSWORD.encode() not in server.seen


def test_a_host_that_echoes_is_not_believed() -> None:
    """What a host answers is not shown, whatever it holds."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(f"HTTP/1.1 200 {CANARY}\r\nDate: {CANARY}\r\nLocation: /{CANARY}\r\n\r\n".encode())

    with Server(script) as server:
        result = run("paytraq-check", "--doctor", "--channel", "env:INBOX", env={"INBOX": _canary_url(server.port)})
    assert (result.returncode, CANARY.encode() in result.stdout + result.stderr) == (0, False)


def test_the_bait_would_be_seen() -> None:
    """The canary is found where it is: in what reveal() gives."""
    assert CANARY in _everything_about(ValueError(ChannelUri(_canary_url(1)).reveal()))
