"""Links are visited as a client would: over real sockets, within bounds, and never where only this network leads."""

from __future__ import annotations

import base64
import json
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from test_rules import smallest
from wire.servers import Peer, Server, authority, closed_port, server_context

from paytraq_direct import Invoice, links, signed, visit
from paytraq_direct.links import Links, Seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paytraq_direct import Fault

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
PDF = b"%PDF-1.7\n" + b"x" * 100


def answer(status: str = "200 OK", body: bytes = PDF, kind: str = "application/pdf", *headers: str) -> bytes:
    """Give a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(to: str, status: str = "302 Found") -> bytes:
    """Give a redirect."""
    return answer(status, b"", "text/html", f"Location: {to}")


def site(pages: dict[str, bytes]) -> Callable[[Peer], None]:
    """Give the script of a server with these pages; a HEAD gets the head alone, and what is not there is 404."""

    def script(peer: Peer) -> None:
        method, target, _ = peer.head().split(b" ", 2)
        page = pages.get(target.decode(), answer("404 Not Found", b"no"))
        peer.say(page.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == b"HEAD" else page)

    return script


def visitor(**options: Any) -> Links:
    """Give a visitor that may go to 127.0.0.1, and nowhere else that is not public."""
    allowed = {"is_allowed": lambda one: one == "127.0.0.1" or visit.is_public(one), "now": lambda: NOW}
    return Links(**{"deadline_s": 20.0, **allowed, **options})


def seen(server: Server, path: str = "/a.pdf", **options: Any) -> Seen:
    """Give what a visit to a page finds."""
    return visitor(**options).seen(f"http://127.0.0.1:{server.port}{path}")


def faults(link: str, name: str = "pdf", **options: Any) -> dict[str, Fault]:
    """Give the faults of an invoice with a link, by code, without the one about plain http."""
    found = visitor(**options).faults(Invoice(**smallest(**{name: link})))
    assert all(fault.severity == "warning" and fault.path == name and fault.value for fault in found)
    return {fault.code: fault for fault in found if fault.code != "PD-133"}


# --- what is there ----------------------------------------------------------------------------------------------


def test_a_pdf_is_good() -> None:
    """A PDF is asked for with HEAD and GET, without a body, and nothing is wrong with it."""
    with Server(site({"/a.pdf": answer()})) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a.pdf") == {}
        assert (server.hits, server.bodies) == (2, [])
        assert server.seen.startswith(b"HEAD /a.pdf HTTP/1.1\r\n")
        assert b"Content-Length" not in server.seen


def test_https_is_good(tmp_path: Path) -> None:
    """An https link is trusted by the authorities that are given, and no fault at all is left."""
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(site({"/a.pdf": answer()}), tls=server_context()) as server:
        invoice = Invoice(**smallest(pdf=f"https://127.0.0.1:{server.port}/a.pdf"))
        assert visitor(ca_bundle=tmp_path / "ca.pem").faults(invoice) == ()
        (fault,) = visitor().faults(invoice)
        assert fault.message == "pdf cannot be opened: the server's certificate was signed by an unknown authority"


@pytest.mark.parametrize(
    ("page", "code", "words"),
    [
        (answer(body=b"<html>", kind="text/html; charset=utf-8"), "PD-135", "text/html, and it does not begin with %PDF-"),
        (answer(body=b"<html>"), "PD-135", "application/pdf, and it does not begin with %PDF-"),
        (answer(kind="text/html"), "PD-135", "its content type is text/html"),
        (answer("404 Not Found"), "PD-131", "pdf is answered 404 Not Found"),
        (answer("403 Forbidden"), "PD-131", "pdf is answered 403 Forbidden"),
        (answer("299 Odd", b""), "PD-137", "it is empty"),
        (answer(body=b""), "PD-137", "it is empty"),
        (moved("/nowhere"), "PD-131", "404"),
        (answer("302 Found"), "PD-131", "302"),
    ],
)  # fmt: skip
def test_what_is_no_good_pdf_is_told(page: bytes, code: str, words: str) -> None:
    """A page in the place of a PDF, a failure and an empty file each have a code and say what came."""
    with Server(site({"/a.pdf": page})) as server:
        assert words in faults(f"http://127.0.0.1:{server.port}/a.pdf")[code].message


def test_a_page_may_be_what_document_uri_leads_to() -> None:
    """document_uri need not be a PDF."""
    with Server(site({"/a": answer(body=b"<html>", kind="text/html")})) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a", "document_uri") == {}


def test_what_is_packed_is_not_judged_by_its_bytes() -> None:
    """A body that comes packed although it was asked for plain is judged by its type alone."""
    page = answer("200 OK", b"\x1f\x8b", "application/pdf", "Content-Encoding: gzip")
    with Server(site({"/a.pdf": page, "/b.pdf": page.replace(b"application/pdf", b"text/html")})) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a.pdf") == {}
        assert "PD-135" in faults(f"http://127.0.0.1:{server.port}/b.pdf")


def test_a_server_that_knows_get_alone_is_good() -> None:
    """A HEAD that is refused, or not answered at all, does not count: signed links are often for GET alone."""

    def script(peer: Peer) -> None:
        if peer.head().startswith(b"HEAD"):
            if peer.number == 1:
                peer.reset()
            else:
                peer.say(answer("403 Forbidden", b""))
        else:
            peer.say(answer())

    with Server(script) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a.pdf") == {}
        assert faults(f"http://127.0.0.1:{server.port}/a.pdf") == {}
        assert server.hits == 4


def test_the_size_is_that_of_the_whole() -> None:
    """A file that is too large is told by its length alone, and never fetched whole."""

    def script(peer: Peer) -> None:
        is_get = peer.head().startswith(b"GET")
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\nContent-Type: application/pdf\r\n\r\n")
        for _ in range(600 * is_get):
            peer.say(PDF * 600)

    with Server(script) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a.pdf")["PD-137"].message == "pdf leads to 40 MB"


# --- redirects --------------------------------------------------------------------------------------------------


def _chain(length: int) -> dict[str, bytes]:
    return {f"/{step}": moved(f"/{step - 1}") for step in range(1, length + 1)} | {"/0": answer()}


def test_redirects_are_followed_and_told() -> None:
    """Up to five redirects are followed, and how many there were is said."""
    with Server(site(_chain(6))) as server:
        assert faults(f"http://127.0.0.1:{server.port}/0") == {}
        assert "once, at last to 127.0.0.1" in faults(f"http://127.0.0.1:{server.port}/1")["PD-132"].message
        assert "5 times" in faults(f"http://127.0.0.1:{server.port}/5")["PD-132"].message
        found = faults(f"http://127.0.0.1:{server.port}/6")
        assert found["PD-130"].message == "pdf cannot be opened: it is redirected more than 5 times"


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
def test_a_redirect_that_leads_back_is_told(status: str) -> None:
    """A circle is noticed when it closes."""
    with Server(site({"/a": moved("/b", status), "/b": moved("/a", status)})) as server:
        assert faults(f"http://127.0.0.1:{server.port}/a")["PD-130"].message.endswith("its redirects lead in a circle")
        assert server.hits == 2


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)", "http://a@127.0.0.1/", "http://[::1"],
)
def test_a_redirect_to_no_web_address_is_told(to: str) -> None:
    """What is neither http nor https, or cannot be read, is not followed."""
    with Server(site({"/a": moved(to)})) as server:
        assert "no http:// or https:// address" in faults(f"http://127.0.0.1:{server.port}/a")["PD-130"].message
        assert server.hits == 1


def test_a_redirect_beyond_ascii_is_followed() -> None:
    """A Location of raw UTF-8 leads where its percent-encoded form does."""
    pages = {"/a": answer("302 Found", b"", "text/html", "Location: /rēķins.pdf"), "/r%C4%93%C4%B7ins.pdf": answer()}
    with Server(site(pages)) as server:
        assert set(faults(f"http://127.0.0.1:{server.port}/a")) == {"PD-132"}


def test_plain_http_on_the_way_is_told(tmp_path: Path) -> None:
    """A link that is https and leads over http is as open to all as one that is http."""
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Server(site({"/a.pdf": answer()})) as plain:
        to = moved(f"http://127.0.0.1:{plain.port}/a.pdf")
        with Server(site({"/a": to}), tls=server_context()) as server:
            invoice = Invoice(**smallest(pdf=f"https://127.0.0.1:{server.port}/a"))
            found = {fault.code: fault.message for fault in visitor(ca_bundle=tmp_path / "ca.pem").faults(invoice)}
    assert set(found) == {"PD-132", "PD-133"}
    assert found["PD-133"] == "pdf leads over plain http, which others can read and change"


# --- where it may go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",  # noqa: S104 - asked about, not bound to
        "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, multicast and reserved addresses are not public, in no disguise."""
    assert not visit.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_public(address: str) -> None:
    """Other addresses are public, also when they are wrapped."""
    assert visit.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433"])
def test_this_machine_is_not_visited(host: str) -> None:
    """However this machine is written, it is not connected to, and the finding says what would."""
    with Server(site({"/": answer()})) as server:
        found = faults(f"http://{host}:{server.port}/", is_allowed=visit.is_public)
        assert server.connections == 0
    assert "which is not a public address; it was not opened" in found["PD-134"].message
    assert "--allow-private" in (found["PD-134"].suggestion or "")


@pytest.mark.parametrize(
    "to", ["http://10.0.0.7/", "http://127.0.0.2/", "https://169.254.169.254/latest", "http://[::1]/"]
)
def test_a_redirect_to_a_private_address_is_refused(to: str) -> None:
    """A redirect is held to the same, and where it leads is not connected to: the tests would notice."""
    with Server(site({"/a": moved(to)})) as server:
        found = faults(f"http://127.0.0.1:{server.port}/a")
    assert set(found) == {"PD-134"}
    assert to.split("/")[2].strip("[]") in found["PD-134"].message


def test_a_host_with_one_private_address_is_refused() -> None:
    """A host that is public and private at once is not visited at all: which of them a client gets, nobody knows."""

    def find(*_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, ("93.184.216.34", 80)), (socket.AF_INET, ("10.0.0.7", 80))]

    assert "at 10.0.0.7" in faults("https://both.example/", find=find)["PD-134"].message


def test_what_was_looked_up_is_where_it_goes() -> None:
    """A name is looked up once for each request, and the connection goes to what was looked at, not to a second answer."""
    with Server(site({"/a.pdf": answer()})) as server:
        asked = []

        def find(host: str, *_: object) -> list[tuple[Any, ...]]:
            asked.append(host)
            return [(socket.AF_INET, ("127.0.0.1", server.port))]

        assert faults("http://bills.example/a.pdf", find=find) == {}
        assert asked == ["bills.example", "bills.example"]
        assert b"Host: bills.example\r\n" in server.seen


# --- bounds -----------------------------------------------------------------------------------------------------


def test_nobody_there_is_told() -> None:
    """A closed port and a name that does not resolve are told in words."""
    assert faults(f"http://127.0.0.1:{closed_port()}/")["PD-130"].message == "pdf cannot be opened: connection refused"
    assert "cannot be resolved" in faults("https://bills.invalid/a.pdf")["PD-130"].message


def _head_then(act: Callable[[Peer], None]) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        if peer.head().startswith(b"GET"):
            act(peer)
        else:
            peer.say(answer())

    return script


def _endless(peer: Peer) -> None:
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not peer.server.stopping.is_set():
        peer.say(b"1000\r\n" + b"%PDF-".ljust(4096) + b"\r\n")


def test_an_endless_body_is_bounded() -> None:
    """A body without end is read to its first 64 KiB, and judged by them."""
    with Server(_head_then(_endless)) as server:
        found = seen(server)
    assert found.trouble is None
    assert (found.start or b"").startswith(b"%PDF-")
    assert len(found.start or b"") <= links.MOST_BYTES


def test_no_more_is_read_than_is_needed() -> None:
    """Once 64 KiB of a body have come, the rest is not waited for."""

    def act(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nContent-Type: application/pdf\r\n\r\n")
        peer.say(PDF.ljust(2 * links.MOST_BYTES))
        peer.hang()

    with Server(_head_then(act)) as server:
        began = time.monotonic()
        found = seen(server, visit_s=8)
        assert time.monotonic() - began < 4
    assert (found.status, len(found.start or b"")) == (200, links.MOST_BYTES)


@pytest.mark.parametrize("act", [Peer.hang, lambda peer: peer.drip(answer(), 0.3)], ids=["silence", "drip"])
def test_a_slow_answer_is_given_up(act: Callable[[Peer], None]) -> None:
    """An answer that does not come, or comes byte by byte, is waited for as long as a visit may take."""
    with Server(_head_then(act)) as server:
        began = time.monotonic()
        found = seen(server, visit_s=0.5)
        assert time.monotonic() - began < 5
    assert found.trouble == "no answer came within 0.5 s"


def test_a_body_that_does_not_come_is_told() -> None:
    """A head without any of its body is not taken for an empty file."""

    def act(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        peer.hang()

    with Server(_head_then(act)) as server:
        assert "nothing of what it leads to came in time" in str(seen(server, visit_s=0.5).trouble)


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 200 OK\r\n" + b"X-Big: " + b"x" * 300_000, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2_000 + b"\r\n", b"SSH-2.0-\r\n"],
    ids=["one huge header", "many headers", "no HTTP"],
)  # fmt: skip
def test_huge_headers_and_other_talk_are_told(said: bytes) -> None:
    """A header block without end, and what is no HTTP at all, is a finding, not a failure."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(said)
        peer.hang()

    with Server(script) as server:
        assert "answer" in str(seen(server, visit_s=5).trouble)


def test_each_link_is_visited_once_and_several_at_a_time() -> None:
    """Links that repeat are visited once; slow ones are waited for together."""
    together: list[int] = []

    def script(peer: Peer) -> None:
        peer.head()
        together.append(peer.number)
        while len(together) < 4 and not peer.server.stopping.wait(0.01):
            pass
        peer.say(answer())

    with Server(script) as server:
        many = [f"http://127.0.0.1:{server.port}/{number}.pdf" for number in range(4)]
        found = visitor()
        found.visit(many * 3)
        assert [found.seen(link).status for link in many] == [200] * 4
        assert server.hits == 8


def test_the_deadline_is_for_all_of_them() -> None:
    """Once the time for all is over, the rest is not visited, and says so."""
    with Server(_head_then(Peer.hang)) as server:
        found = visitor(deadline_s=0.3)
        first, second = (f"http://127.0.0.1:{server.port}/{name}" for name in "ab")
        assert "no answer came" in str(found.seen(first).trouble)
        hits = server.hits
        assert found.seen(second).trouble == "it was not visited: the time for all the links was over"
        assert server.hits == hits


@given(st.binary(max_size=300))
def test_whatever_is_answered_is_a_finding(junk: bytes) -> None:
    """No bytes after a redirect or an answer make a visit raise."""
    for start in (b"HTTP/1.1 302 Found\r\nLocation: ", b"HTTP/1.1 200 OK\r\n"):
        with Server(lambda peer, said=start + junk + b"\r\n\r\n": (peer.head(), peer.say(said))) as server:  # type: ignore[misc]
            visitor(is_allowed=lambda one: one == "127.0.0.1", visit_s=2, find=_only_here(server)).seen(
                f"http://127.0.0.1:{server.port}/"
            )


def _only_here(server: Server) -> Any:
    def find(host: str, *_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, ("127.0.0.1" if host == "127.0.0.1" else "10.0.0.1", server.port))]

    return find


# --- signed links -----------------------------------------------------------------------------------------------

_POLICY = base64.b64encode(
    json.dumps({"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": 1793610900}}}]}).encode()
).decode()


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261102T090000Z&X-Amz-Expires=900&X-Amz-Signature=00",
        "x-amz-date=20261102T090000Z&x-amz-expires=900",
        "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20261102T090000Z&X-Goog-Expires=900",
        "GoogleAccessId=a&Expires=1793610900&Signature=b",
        "sv=2024-08-04&se=2026-11-02T09%3A15%3A00Z&sr=b&sp=r&sig=abc",
        "sv=2024-08-04&se=2026-11-02T09:15Z&sig=abc",
        "Expires=1793610900&Signature=a&Key-Pair-Id=b",
        f"Policy={_POLICY.translate(str.maketrans('+=/', '-_~'))}&Signature=a&Key-Pair-Id=b",
        "exp=1793610900", "expires=1793610900000", "expires=2026-11-02T11:15:00%2B02:00", "expires=2026-11-02T11:15:00+02:00",
        "exp=1793610900&expires=1900000000",
    ],
)  # fmt: skip
def test_a_signed_link_that_dies_soon_is_told(query: str) -> None:
    """Amazon's, Google's, Azure's, CloudFront's and home-made links tell when they die, and a quarter of an hour is short."""
    link = f"https://files.example/a.pdf?{query}"
    assert signed.dies_at(link) == NOW + timedelta(minutes=15)
    (fault,) = links.faults_of("pdf", link, Seen(status=200, start=PDF), NOW)
    assert fault.message == "pdf dies in 15 minutes; the client may open it next week, or next year"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(days=-1), "died on 2026-11-01 at 09:00 UTC"),
        (timedelta(0), "died on 2026-11-02 at 09:00 UTC"),
        (timedelta(seconds=59), "dies within a minute"),
        (timedelta(hours=1), "dies in 1 hour"),
        (timedelta(days=29, hours=23), "dies in 29 days"),
    ],
)
def test_how_long_it_lives_is_told(after: timedelta, words: str) -> None:
    """The rest of a link's life is told in the largest unit; one that is over, with its day."""
    link = f"https://files.example/a.pdf?exp={int((NOW + after).timestamp())}"
    (fault,) = links.faults_of("pdf", link, Seen(status=200, start=PDF), NOW)
    assert words in fault.message


@pytest.mark.parametrize(
    "query",
    [
        f"exp={int((NOW + timedelta(days=30)).timestamp())}", "exp=5", "exp=never", "se=2026-11-02", "expires=",
        "X-Amz-Date=20261102T090000Z", "X-Amz-Date=soon&X-Amz-Expires=900", "X-Amz-Expires=900", "Policy=xyz", "Policy=W10=",
        "exp=99999999999999999999", "expires=0001-01-01T00:00:00%2B14:00", "X-Amz-Date=99991231T235959Z&X-Amz-Expires=9",
    ],
)  # fmt: skip
def test_a_link_that_lives_or_does_not_tell_is_good(query: str) -> None:
    """Thirty days are enough, and what is no moment is not taken for one."""
    assert list(links.faults_of("pdf", f"https://files.example/a.pdf?{query}", Seen(status=200, start=PDF), NOW)) == []


@given(st.text(max_size=60), st.sampled_from(["exp", "Expires", "se", "Policy", "X-Amz-Date", "X-Goog-Expires"]))
def test_no_query_is_too_odd(text: str, name: str) -> None:
    """Whatever stands in a query, there is a moment or there is none."""
    moment = signed.dies_at(f"https://a.example/?sig=1&X-Amz-Expires=9&X-Goog-Date=20261102T090000Z&{name}={text}")
    assert moment is None or moment.tzinfo is UTC


# --- the command ------------------------------------------------------------------------------------------------


def _file(tmp_path: Path, **more: Any) -> Path:
    path = tmp_path / "it.json"
    path.write_text(json.dumps(smallest(**more), indent=1))
    return path


def test_the_command_shows_the_place(tmp_path: Path) -> None:
    """--links warns with the place in the user's own file, exit 0; --strict lets it count."""
    with Server(site({"/a.pdf": answer(body=b"<html>", kind="text/html")})) as server:
        file = _file(tmp_path, pdf=f"http://127.0.0.1:{server.port}/a.pdf", document_uri="https://bills.invalid/")
        result = run("paytraq-check", "--links", "--allow-private", "--json", file)
        strict = run("paytraq-check", "--links", "--allow-private", "--strict", file)
        plain = run("paytraq-check", file)
    (told,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.returncode, strict.returncode, plain.returncode, plain.stderr) == (0, 3, 0, b"")
    found = {(fault["code"], fault["path"], fault["severity"]) for fault in told["faults"]}
    assert found == {
        ("PD-130", "document_uri", "warning"), ("PD-133", "pdf", "warning"), ("PD-135", "pdf", "warning"),
    }  # fmt: skip
    lines = file.read_text().splitlines()
    for fault in told["faults"]:
        assert lines[fault["line"] - 1][fault["column"] - 1 :].startswith(f'"{fault["value"][:10]}')


@pytest.mark.parametrize("name", ["-", "it.jsonl", "it.xml"])
def test_every_kind_of_input_has_its_links_visited(tmp_path: Path, name: str) -> None:
    """Standard input, one invoice a line and finished documents are visited like the rest, each link once in a run."""
    with Server(site({"/a.pdf": answer("410 Gone")})) as server:
        invoice = smallest(pdf=f"http://127.0.0.1:{server.port}/a.pdf")
        text = json.dumps(invoice) + "\n"
        if name.endswith("xml"):
            text = run("paytraq-send", "-", "--xml", data=text.encode()).stdout.decode()
        else:
            text *= 3
        (tmp_path / name).write_text(text)
        result = run("paytraq-check", "--links", "--allow-private", name, cwd=tmp_path, data=text.encode())
        assert (result.returncode, server.hits) == (0, 2)
    assert result.stderr.count(b"warning PD-131: pdf is answered 410 Gone") == (1 if name.endswith("xml") else 3)


def test_the_command_stays_away_from_private_addresses(tmp_path: Path) -> None:
    """Without --allow-private nothing connects to this machine."""
    with Server(site({})) as server:
        result = run("paytraq-check", "--links", _file(tmp_path, pdf=f"http://127.0.0.1:{server.port}/a.pdf"))
        assert (result.returncode, server.connections) == (0, 0)
    assert b"warning PD-134: pdf leads to 127.0.0.1, at 127.0.0.1, which is not a public address" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--links"], b"name a FILE"),
        (["--links", "FILE", "--fix"], b"--links goes with neither"),
        (["--allow-private", "FILE"], b"--allow-private goes with --links"),
        (["--deadline", "5", "FILE"], b"--deadline goes with"),
        (["--links", "--deadline", "0", "FILE"], b"--deadline must be above 0"),
        (["--links", "--proxy", "http://p:1", "FILE"], b"--proxy goes with --doctor"),
        (["--links", "--ca-bundle", "/nowhere", "FILE"], b"the CA bundle /nowhere cannot be read"),
    ],
)
def test_options_without_a_say_are_refused(tmp_path: Path, arguments: list[str], words: bytes) -> None:
    """An option that would be ignored is wrong usage."""
    given_ = [str(_file(tmp_path)) if one == "FILE" else one for one in arguments]
    result = run("paytraq-check", *given_)
    assert (result.returncode, words in result.stderr) == (2, True)
