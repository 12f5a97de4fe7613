"""The doctor: what it finds, over real sockets, and that it posts nothing and asks for the root alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import sqlite3
import ssl
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from test_rules import smallest
from wire.servers import Peer, Server, authority, closed_port, server_context, tunnel

from paytraq_direct import ChannelError, ChannelUri, Invoice, Outbox, Sender, certificate, doctor
from paytraq_direct.doctor import Finding, Way
from paytraq_direct.outbox.health import Health, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
ID = "1234567890abcdef"


@pytest.fixture(scope="module")
def ca_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file with the certificate of the authority that the tests trust."""
    path = tmp_path_factory.mktemp("ca") / "authority.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


def says(status: str = "404 Not Found", *headers: str) -> Callable[[Peer], None]:
    """Give the script of a server that answers so, whatever it is asked."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode())

    return script


def walked(server: Server, **options: Any) -> list[Finding]:
    """Give what is found on the way to a server."""
    return list(Way(ChannelUri(server.url()), **options).findings())


def levels(found: list[Finding]) -> list[tuple[str, str]]:
    """Give level and topic of findings."""
    return [(one.level, one.topic) for one in found]


def said(found: list[Finding], topic: str) -> str:
    """Give what was said about a topic."""
    return "\n".join(one.message for one in found if one.topic == topic)


def check(*arguments: object, **env: str) -> Any:
    """Run the doctor as a command."""
    return run("paytraq-check", "--doctor", *arguments, env={"XDG_CONFIG_HOME": "/nowhere", **env})


# --- nothing is posted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("through", ["the command", "the way"])
@pytest.mark.parametrize("status", ["200 OK", "302 Found", "404 Not Found", "405 Method Not Allowed", "500 Oops"])
def test_the_root_alone_is_asked_for(status: str, through: str) -> None:
    """All that reaches the host is one HEAD for its root: never the channel's path, no body, no second request."""
    with Server(says(status, f"Location: /ext/direct/inbox/{ID}")) as server:
        if through == "the way":
            assert {level for level, _ in levels(walked(server))} == {"ok"}
        else:
            assert check("--channel", "env:INBOX", INBOX=server.url()).returncode == 0
        assert server.hits == 1
        request = bytes(server.seen)
    assert re.fullmatch(rb"HEAD / HTTP/1\.1\r\n(?:[A-Za-z-]+: [^\r\n]+\r\n)+\r\n", request)
    assert b"content-length" not in request.lower()
    assert b"inbox" not in request
    assert ID.encode() not in request


# --- the way ----------------------------------------------------------------------------------------------------


def test_a_good_way(ca_bundle: Path) -> None:
    """Each step is told: connection, TLS version, certificate with its days, the answer, the clock."""
    with Server(says("200 OK", f"Date: {format_datetime(NOW, usegmt=True)}"), tls=server_context()) as server:
        found = walked(server, ca_bundle=ca_bundle, now=lambda: NOW)
    assert levels(found) == [("ok", name) for name in ("connection", "tls", "certificate", "answer", "clock")]
    assert said(found, "tls").startswith("TLSv1.3, trusted, in ")
    assert re.search(
        r"Testing cert .*, signed by .*Testing CA .*, good for 355,\d{3} more days, until 3000-01-01", said(found, "certificate")
    )  # fmt: skip
    assert "status 200 for its root; nothing was posted" in said(found, "answer")
    assert said(found, "clock") == "this machine's clock agrees with the server's"


def test_a_certificate_that_is_soon_over(ca_bundle: Path) -> None:
    """A certificate with few days left is a warning that says how many."""
    with Server(says(), tls=server_context("soon")) as server:
        found = walked(server, ca_bundle=ca_bundle)
    assert ("warning", "certificate") in levels(found)
    assert "good for 9 more days" in said(found, "certificate")


@pytest.mark.parametrize(
    ("kind", "why", "shown"),
    [
        ("expired", "the server's certificate has expired", "for 127.0.0.1, localhost, good from "),
        ("other", "the server's certificate is for another address", "for other.example, good from "),
        ("untrusted", "the server's certificate was signed by an unknown authority", "for 127.0.0.1, localhost"),
        ("self-signed", "the server's certificate is signed by itself", "for no host"),
    ],
)
def test_a_certificate_that_is_not_trusted(ca_bundle: Path, kind: str, why: str, shown: str) -> None:
    """What is wrong with a certificate is told, and the certificate shown; no request is sent for it."""
    with Server(says(), tls=server_context(kind)) as server:
        found = walked(server, ca_bundle=ca_bundle)
        assert (server.connections, server.hits, bytes(server.seen)) == (2, 0, b"")
    assert levels(found)[-2:] == [("error", "tls"), ("error", "certificate")]
    assert why in said(found, "tls")
    assert shown in said(found, "certificate")


def test_nobody_there() -> None:
    """A closed port is an error, with what to look at."""
    (found,) = Way(ChannelUri(f"https://127.0.0.1:{closed_port()}/inbox/{ID}")).findings()
    assert (found.level, found.topic, found.message) == ("error", "connection", "connection refused")
    assert found.advice


def test_a_name_that_is_not_known() -> None:
    """A name that does not resolve is an error, and nothing more is tried."""
    (found,) = Way(ChannelUri(f"https://inbox.invalid/inbox/{ID}")).findings()
    assert levels([found]) == [("error", "name")]
    assert "inbox.invalid cannot be resolved" in found.message


def test_names_are_told_with_their_addresses() -> None:
    """A name is told with its addresses and time; one that leads into the own network is a warning."""
    with Server(says()) as server:
        uri = ChannelUri(f"http://inbox.example:{server.port}/inbox/{ID}", allow_http=True)
        addresses = [(2, ("127.0.0.1", server.port)), (2, ("10.0.0.7", server.port))]
        found = list(Way(uri, find=lambda *_: addresses, clock=lambda: 5.0).findings())
    assert found[0] == Finding("ok", "name", "inbox.example is 127.0.0.1, 10.0.0.7, in 0 ms")
    assert found[1][:3] == ("warning", "name", "127.0.0.1 is not a public address")


@pytest.mark.parametrize(
    "script", [lambda peer: (peer.head(), peer.say(b"SSH-2.0-x\r\n")), lambda peer: (peer.head(), peer.hang())],
    ids=["other talk", "silence"],
)  # fmt: skip
def test_no_answer(script: Callable[[Peer], None]) -> None:
    """A host that answers something else, or nothing within the deadline, is an error."""
    with Server(script) as server:
        found = walked(server, deadline_s=0.5)
    assert levels(found) == [("ok", "connection"), ("error", "answer")]


def test_plain_http_asked_for_tls(ca_bundle: Path) -> None:
    """An https channel to a plain port is told as a failure of TLS."""
    with Server(says()) as server:
        uri = ChannelUri(server.url().replace("http:", "https:"))
        found = list(Way(uri, ca_bundle=ca_bundle, deadline_s=2).findings())
    assert levels(found) == [("error", "tls")]


@pytest.mark.parametrize(
    ("ours", "age", "words"),
    [
        (dt.timedelta(seconds=59), None, None),
        (dt.timedelta(seconds=-59), None, None),
        (dt.timedelta(minutes=3), None, "3 minutes ahead of"),
        (dt.timedelta(seconds=-61), None, "61 seconds behind"),
        (dt.timedelta(hours=-2), None, "2 hours behind"),
        (dt.timedelta(days=400), None, "400 days ahead of"),
        (dt.timedelta(hours=1), "3600", None),
    ],
)
def test_a_clock_that_is_wrong(ours: dt.timedelta, age: str | None, words: str | None) -> None:
    """A clock that differs by a minute or more is a warning with how much; an answer from a cache counts with its age."""
    headers = [f"Date: {format_datetime(NOW, usegmt=True)}", *([f"Age: {age}"] if age else [])]
    with Server(says("200 OK", *headers)) as server:
        found = walked(server, now=lambda: NOW + ours)
    assert ("warning" if words else "ok", "clock") in levels(found)
    assert (words or "agrees") in said(found, "clock")


@pytest.mark.parametrize("date", ["", "Date: yesterday", "Date: Mon, 02 Nov 2026 09:00:00 GMT\r\nAge: old"])
def test_no_date_is_no_error(date: str) -> None:
    """An answer without a usable Date leaves the clock uncompared."""
    with Server(says("200 OK", *([date] if date else []))) as server:
        assert ("ok", "clock") in levels(found := walked(server))
    assert "no usable Date" in said(found, "clock")


def test_through_a_proxy(ca_bundle: Path) -> None:
    """With a proxy, the way leads through its tunnel, and the root is asked for at its end."""
    with Server(says(), tls=server_context()) as server, Server(tunnel(server.port)) as proxy:
        found = walked(server, ca_bundle=ca_bundle, proxy=f"http://127.0.0.1:{proxy.port}")
        assert (server.hits, proxy.hits) == (1, 1)
    assert "and its tunnel to 127.0.0.1:" in said(found, "connection")
    assert {level for level, _ in levels(found)} == {"ok"}


def test_a_proxy_that_refuses() -> None:
    """A proxy that wants a password is an error of its own."""
    with Server(says("407 Proxy Authentication Required")) as proxy:
        found = list(
            Way(ChannelUri(f"https://go.paytraq.com/inbox/{ID}"), proxy=f"http://127.0.0.1:{proxy.port}").findings()
        )
    assert levels(found) == [("error", "proxy")]


def test_a_proxy_for_plain_http_is_refused() -> None:
    """A proxy serves https only, as when sending."""
    with pytest.raises(ChannelError, match="https only"):
        Way(ChannelUri(f"http://127.0.0.1/inbox/{ID}"), proxy="http://127.0.0.1:1")


# --- the address, the surroundings ------------------------------------------------------------------------------


def test_the_shape_of_the_address() -> None:
    """PayTraq's own host over https is good; another host, plain http and a short id are each a warning."""
    good = list(doctor.address(ChannelUri(f"https://go.paytraq.com/ext/direct/inbox/{ID}")))
    assert [one.message for one in good] == [
        "https://go.paytraq.com/ext/direct/inbox/…cdef, https, with an id of 16 characters"
    ]
    bad = list(doctor.address(ChannelUri("http://inbox.example/x/1234", allow_http=True)))
    assert levels(bad) == [("ok", "address"), *[("warning", "address")] * 3]
    assert "1234" not in repr(bad)
    here = list(doctor.address(ChannelUri(f"http://127.0.0.1/inbox/{ID}")))
    assert {level for level, _ in levels(here)} == {"ok"}


def test_variables_that_have_no_say() -> None:
    """Variables that other programs follow are named, never their values, unless the option is given."""
    environ = {
        "HTTPS_PROXY": "http://user:hunter2@proxy:1",
        "SSL_CERT_FILE": "/ca.pem",
        "PATH": "/bin",
        "ALL_PROXY": "",
    }
    found = list(doctor.surroundings(environ, proxy=None, ca_bundle=None))
    assert levels(found) == [("warning", "proxy"), ("warning", "tls")]
    assert "HTTPS_PROXY is set and not used" in found[0].message
    assert "hunter2" not in repr(found)
    found = list(doctor.surroundings(environ, proxy="http://user:hunter2@proxy:1", ca_bundle="/ca.pem"))
    assert found == [Finding("ok", "proxy", "through the proxy proxy:1, with a user and a password")]


DER = ssl.PEM_cert_to_DER_cert(authority().cert_pem.bytes().decode())


def test_a_certificate_is_read() -> None:
    """An authority's certificate is signed by itself; one that is cut off is no certificate."""
    found = certificate.read(DER)
    assert (found.subject, found.names) == (found.issuer, ())
    for cut in range(len(DER)):
        with pytest.raises((ValueError, IndexError)):
            certificate.read(DER[:cut])


@given(st.integers(0, len(DER) - 1), st.binary(min_size=1, max_size=4))
def test_no_certificate_is_too_odd(at: int, junk: bytes) -> None:
    """Whatever a server shows is read, or refused with an error that is caught where it is read."""
    with contextlib.suppress(ValueError, IndexError):
        certificate.read(DER[:at] + junk + DER[at + len(junk) :])


# --- the outbox -------------------------------------------------------------------------------------------------


def _with_doubts(path: Path, count: int = 2) -> None:
    """Make an outbox with doubts in it."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.reset()

    with Server(script) as server, Outbox(path) as outbox, Sender(ChannelUri(server.url()), outbox=outbox) as sender:
        list(sender.send_all(Invoice(**smallest(document_ref=f"INV-{number}")) for number in range(count)))


def test_no_outbox_is_made(tmp_path: Path) -> None:
    """An outbox that is not there yet is good, and is not made by looking."""
    path = tmp_path / "deep" / "outbox.sqlite"
    found = list(doctor.ledger(path, look(path)))
    assert levels(found) == [("ok", "outbox"), ("ok", "disk")]
    assert list(tmp_path.iterdir()) == []


def test_doubts_are_told_and_nothing_is_changed(tmp_path: Path) -> None:
    """Counts by state and the oldest doubt are told; the file is left as it is."""
    path = tmp_path / "outbox.sqlite"
    _with_doubts(path)
    before = path.read_bytes()
    found = list(doctor.ledger(path, look(path)))
    assert levels(found) == [("ok", "outbox"), ("warning", "outbox"), ("ok", "disk")]
    assert found[0].message == f"{path}: whole, can be written; 2 in doubt"
    assert found[1].message.startswith("INV-0 is in doubt since 20")
    assert path.read_bytes() == before


def _spoil(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 8192)


def _of_another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (id)")
    connection.close()


def _without_key(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM setting")
    connection.close()


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_spoil, "it is damaged"),
        (lambda path: path.write_bytes(b"hello " * 1000), "it is not an outbox"),
        (_of_another, "a database of another program"),
        (_without_key, "it lacks its key"),
        (_newer, "written by a newer paytraq_direct"),
    ],
)
def test_a_broken_outbox_is_1(tmp_path: Path, harm: Callable[[Path], object], words: str) -> None:
    """An outbox that cannot be used is an error that says why and what to do, and the exit code is 1."""
    path = tmp_path / "outbox.sqlite"
    Outbox(path).close()
    harm(path)
    result = check("--outbox", path)
    assert (result.returncode, words in result.stdout.decode()) == (1, True)


def test_a_folder_in_the_place_of_an_outbox_is_1(tmp_path: Path) -> None:
    """What is no file cannot be an outbox, and a file is no folder for one."""
    (tmp_path / "file").write_text("x")
    assert check("--outbox", tmp_path).returncode == 1
    assert check("--outbox", tmp_path / "file" / "outbox.sqlite").returncode == 1
    assert check("--outbox", tmp_path / ("x" * 5_000)).returncode == 1


def test_an_outbox_that_is_being_written(tmp_path: Path) -> None:
    """An outbox that another program writes to is not called broken."""
    path = tmp_path / "outbox.sqlite"
    Outbox(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = list(doctor.ledger(path, look(path)))
    other.close()
    assert levels(found)[:2] == [("ok", "outbox"), ("warning", "outbox")]


def test_little_space_and_open_files_are_warnings(tmp_path: Path) -> None:
    """A full disk is told before it is full, and an outbox that others can read is told."""
    path = tmp_path / "outbox.sqlite"
    assert levels(list(doctor.ledger(path, Health(exists=True, free_bytes=5_000_000))))[-1] == ("warning", "disk")
    Outbox(path).close()
    assert not look(path).is_open
    path.chmod(0o644)
    assert ("warning", "outbox") in levels(list(doctor.ledger(path, look(path))))


# --- the command ------------------------------------------------------------------------------------------------


def test_alone_it_needs_no_channel() -> None:
    """--doctor alone looks at what needs no channel, and all is well."""
    result = check()
    shown = result.stdout.decode()
    assert (result.returncode, result.stderr) == (0, b"")
    assert re.search(
        r"^ok +versions +paytraq_direct \S+, Python 3\.\S+ on .*requests .*lxml .*OpenSSL .*SQLite ", shown
    )
    assert "channel: none is given" in shown
    assert "\x1b" not in shown


def _sources(tmp_path: Path, url: str) -> dict[str, tuple[list[object], dict[str, str], str]]:
    config, kept = tmp_path / "config.toml", tmp_path / "inbox.uri"
    kept.write_text(url)
    kept.chmod(0o600)
    config.write_text('[channels.acme]\naddress = "env:ACME"\nclients = ["AS Acme"]\n')
    return {
        "option": (["--channel", url], {}, "channel: from --channel, the address itself"),
        "env:": (["--channel", "env:INBOX"], {"INBOX": url}, "channel: from --channel, its address kept in env:INBOX"),
        "file:": (["--channel", f"file:{kept}"], {}, f"channel: from --channel, its address kept in file:{kept}"),
        "variable": ([], {"PAYTRAQ_CHANNEL": url}, "channel: from the variable PAYTRAQ_CHANNEL, the address itself"),
        "config": (
            ["--channel", "acme", "--config", config], {"ACME": url},
            "channel: from --channel, acme of the config, its address kept in env:ACME",
        ),
        "by-client": (
            ["--channel", "by-client", "--config", config], {"ACME": url},
            "channel: from --channel, acme of the config, its address kept in env:ACME",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("source", ["option", "env:", "file:", "variable", "config", "by-client"])
def test_each_setting_says_where_it_comes_from(tmp_path: Path, source: str) -> None:
    """Option, variable, file, config and default are told apart, without the address."""
    with Server(says()) as server:
        arguments, env, words = _sources(tmp_path, server.url())[source]
        result = check(*arguments, **env)
        assert server.hits == 1
    assert (result.returncode, words in result.stdout.decode()) == (0, True)
    assert ID not in result.stdout.decode()
    assert "from the default place" in result.stdout.decode()


def test_a_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    """The file with an address is a secret, and a warning when others of the machine can read it."""
    (tmp_path / "inbox.uri").write_text(f"http://127.0.0.1:{closed_port()}/inbox/{ID}")
    (tmp_path / "inbox.uri").chmod(0o644)
    assert "others of this machine can read" in check("--channel", f"file:{tmp_path}/inbox.uri").stdout.decode()


def test_json_is_one_object_for_each_finding() -> None:
    """--json prints level, topic, message and advice of each finding on a line."""
    result = check("--json", "--channel", "env:INBOX", INBOX=f"http://127.0.0.1:{closed_port()}/inbox/{ID}")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 5
    assert {tuple(line) for line in lines} == {("level", "topic", "message", "advice")}
    assert lines[-1] == {
        "level": "error", "topic": "connection", "message": "connection refused",
        "advice": "check the line, the firewall, and whether a proxy is needed (--proxy)",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--channel", "env:NOT_SET"], 2, "the environment variable NOT_SET is not set"),
        (["--channel", "nobody"], 2, "neither an https:// address"),
        (["--channel", "http://inbox.example/x/1234567890"], 2, "must begin with https://"),
        (["--config", "/nowhere.toml"], 2, "there is no such file"),
        (
            ["--channel", "https://127.0.0.1/x/1234567890", "--ca-bundle", "/nowhere"],
            2,
            "the CA bundle /nowhere cannot",
        ),
        (["--proxy", "socks5://proxy:1"], 2, "a proxy is written as http://host:port or"),
        (["--channel", "https://inbox.invalid/x/1234567890"], 5, "inbox.invalid cannot be resolved"),
        (["--channel", "sandbox"], 0, "the sandbox is on this machine"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, words: str) -> None:
    """A setting that cannot be used is 2, a channel that is not reached 5, and the rest is looked at all the same."""
    result = check(*arguments)
    assert (result.returncode, words in result.stdout.decode(), result.stderr) == (code, True, b"")
    assert "outbox" in result.stdout.decode()


@pytest.mark.parametrize("arguments", [["it.json"], ["--links"], ["--fix"]])
def test_doctor_looks_at_no_invoice(arguments: list[str]) -> None:
    """A FILE or its options beside --doctor are wrong usage."""
    result = check(*arguments)
    assert (result.returncode, b"--doctor looks at no invoice" in result.stderr) == (2, True)


def test_options_of_the_doctor_go_with_it(tmp_path: Path) -> None:
    """--channel and the like have no say without --doctor, and are refused."""
    (tmp_path / "it.json").write_text(json.dumps(smallest()))
    for option in (["--channel", "sandbox"], ["--outbox", "x"], ["--config", "x"], ["--no-config"], ["--allow-http"]):
        result = run("paytraq-check", tmp_path / "it.json", *option)
        assert (result.returncode, f"{option[0]} goes with --doctor".encode() in result.stderr) == (2, True)
    assert "x" not in os.listdir(tmp_path)  # noqa: PTH208
