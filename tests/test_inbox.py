"""The inbox of one's own: what it takes, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import logging
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from test_rules import smallest

from paytraq_direct import Invoice, Sender, render, send
from paytraq_direct.inbox import site
from paytraq_direct.inbox.arrival import examine
from paytraq_direct.inbox.front import MOST_CONNECTIONS
from paytraq_direct.inbox.keep import Keep
from paytraq_direct.inbox.script import Script
from paytraq_direct.inbox.server import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INVOICE = Invoice(**smallest())
XML = {"Content-Type": "application/xml"}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Give an open inbox."""
    with Inbox() as inbox:
        yield inbox


def ask(
    inbox: Inbox,
    method: str = "POST",
    path: str | None = None,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    """Make one request and give status, text and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", inbox.port, timeout=30)
    target = inbox.channel.reveal().partition(f":{inbox.port}")[2] if path is None else path
    connection.request(method, target, body, XML if headers is None else headers)
    answer = connection.getresponse()
    found = (answer.status, answer.read().decode(), dict(answer.getheaders()))
    connection.close()
    return found


def test_a_document_is_taken_and_kept(inbox: Inbox) -> None:
    """A good document is answered 200 and kept with its record."""
    receipt = send(INVOICE, inbox.channel)
    (arrival,) = inbox.arrivals
    assert (receipt.status, receipt.sha256) == (200, arrival.sha256)
    assert (arrival.document, arrival.invoice, arrival.faults) == (render(INVOICE), INVOICE, ())


@pytest.mark.parametrize(
    ("before", "after", "status", "codes"),
    [
        ("<PayTermType>1", "<PayTermType>3", 400, ["PD-032"]),
        ("sales_invoice", "invoice", 400, ["PD-060"]),
        ("<Qty>1", "<Qty>1,0", 200, ["PD-042"]),
        ("</Header>", "</Header><Foo/>", 200, ["PD-092"]),
    ],
)
def test_a_breach_of_what_is_documented_is_400(
    inbox: Inbox, before: str, after: str, status: int, codes: list[str]
) -> None:
    """A documented fact that is broken is refused with the faults as text; what only we ask for is kept as a remark."""
    document = render(Invoice(**smallest(pay_term_type=1, pay_term_days=3))).replace(before.encode(), after.encode())
    found = ask(inbox, body=document)
    (arrival,) = inbox.arrivals
    assert (found[0], sorted(fault.code for fault in arrival.faults)) == (status, sorted(codes))
    if status == 400:
        assert found[1].splitlines() == [str(fault) for fault in arrival.faults]


def test_what_is_no_document_is_refused(inbox: Inbox) -> None:
    """Wrong methods, addresses, kinds and sizes have the answers that HTTP has for them, and nothing is kept."""
    assert ask(inbox, "GET")[0] == 405
    assert ask(inbox, "PUT", body=b"x")[2]["Allow"] == "POST"
    assert ask(inbox, path="/ext/direct/inbox/other", body=b"x")[0] == 404
    assert ask(inbox, path="/", body=b"x")[0] == 404
    assert ask(inbox, body=b"x", headers={"Content-Type": "text/xml"})[0] == 415
    assert ask(inbox, headers={**XML, "Transfer-Encoding": "chunked"})[0] == 411
    assert ask(inbox, headers={**XML, "Content-Length": "99999999"})[0] == 413
    assert ask(inbox, headers={**XML, "Content-Length": "-1"})[0] == 411
    assert inbox.arrivals == []


def test_connections_are_kept(inbox: Inbox) -> None:
    """Several documents come over one connection."""
    with Sender(inbox.channel) as sender:
        assert [result.status for result in sender.send_all([INVOICE] * 3)] == [200, 200, 200]
    assert len(inbox.arrivals) == 3


def test_many_may_post_at_once(inbox: Inbox) -> None:
    """Posts from several threads all arrive."""
    threads = [threading.Thread(target=send, args=(INVOICE, inbox.channel)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(inbox.arrivals) == 8


def test_a_client_that_goes_away_is_no_arrival(inbox: Inbox) -> None:
    """Half a document is none."""
    target = inbox.channel.reveal().partition(f":{inbox.port}")[2]
    with socket.create_connection(("127.0.0.1", inbox.port)) as client:
        client.sendall(
            f"POST {target} HTTP/1.1\r\nContent-Type: application/xml\r\nContent-Length: 100\r\n\r\nhalf".encode()
        )
    send(INVOICE, inbox.channel)
    assert len(inbox.arrivals) == 1


def test_it_says_nothing_and_leaves_nothing(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """An inbox logs and prints nothing, and its thread ends with it."""
    caplog.set_level(logging.DEBUG)
    before = threading.active_count()
    with Inbox() as inbox:
        send(INVOICE, inbox.channel)
        ask(inbox, "GET", "/secret")
        assert str(inbox.channel.reveal()) not in repr(vars(inbox.arrivals[0].invoice.__class__))
    assert [thread for thread in threading.enumerate() if thread.name == "inbox"] == []
    assert threading.active_count() <= before + 2
    assert (caplog.text, capfd.readouterr()) == ("", ("", ""))


def test_every_arrival_is_told() -> None:
    """Whoever opened the inbox hears of each document, also of one that was refused."""
    told: list[bool] = []
    with Inbox(lambda arrival: told.append(arrival.is_taken)) as inbox:
        send(INVOICE, inbox.channel)
        ask(inbox, body=b"<Sale")
    assert told == [True, False]


# --- what it keeps, and how strict it is ------------------------------------------------------------------------

UBL = b"""<?xml version="1.0"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
  xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">
  <c:ID>U-1</c:ID><c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
  <a:AccountingSupplierParty><a:Party><a:PartyLegalEntity><c:RegistrationName>SIA S</c:RegistrationName>
  </a:PartyLegalEntity></a:Party></a:AccountingSupplierParty>
  <a:LegalMonetaryTotal><c:PayableAmount currencyID="EUR">121.00</c:PayableAmount></a:LegalMonetaryTotal>
</Invoice>"""


@pytest.mark.parametrize(
    ("mode", "statuses"), [("documented", [200, 200, 400, 400, 200]), ("strict", [200, 400, 400, 400, 200]), ("lenient", [200] * 5)]
)  # fmt: skip
def test_how_strict_it_is(mode: Any, statuses: list[int]) -> None:
    """Documented facts by default; our own contract too when it is strict; nothing at all when it is lenient."""
    good = render(INVOICE)
    documents = [
        good,
        good.replace(b"<Qty>1<", b"<Qty>1,0<"),
        good.replace(b"sales_invoice", b"invoice"),
        b"<Sale",
        UBL,
    ]
    with Inbox(mode=mode) as inbox:
        assert [ask(inbox, body=document)[0] for document in documents] == statuses
        assert [arrival.answer for arrival in inbox.arrivals] == list(map(str, statuses))


def test_a_ubl_document_is_taken_for_what_it_is(inbox: Inbox) -> None:
    """The channel takes UBL too: it is kept, and told by its own head."""
    assert ask(inbox, body=UBL)[0] == 200
    (arrival,) = inbox.arrivals
    assert (arrival.kind, arrival.document_ref, arrival.supplier_name, arrival.total) == (
        "ubl",
        "U-1",
        "SIA S",
        "121.00 EUR",
    )


def test_the_same_number_again_is_marked(inbox: Inbox) -> None:
    """An invoice that came before is named by the numbers of those arrivals."""
    other = render(Invoice(**smallest(document_ref="INV-2")))
    for document in (
        render(INVOICE),
        other,
        render(INVOICE),
        render(INVOICE).replace(b"SIA S", b"SIA T"),
        render(INVOICE),
    ):
        ask(inbox, body=document)
    assert [(arrival.number, arrival.duplicates) for arrival in inbox.arrivals] == [
        (1, ()), (2, ()), (3, (1,)), (4, ()), (5, (1, 3)),
    ]  # fmt: skip


def test_a_folder_keeps_what_arrives_and_the_channel(tmp_path: Path) -> None:
    """Documents and answers outlast the inbox; the next one in that folder has the same channel and goes on counting."""
    with Inbox(folder=tmp_path / "kept") as first:
        send(INVOICE, first.channel)
        ask(first, body=render(Invoice(**smallest(document_ref="../../etc/x"))))
        target = first.channel.reveal().rpartition("/")[2]
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == ["000001-INV-1.json", "000001-INV-1.xml", "000002-etc-x.json", "000002-etc-x.xml", "channel-id"]
    assert (tmp_path / "kept" / "000001-INV-1.xml").read_bytes() == render(INVOICE)
    (tmp_path / "kept" / "000003-broken.json").write_text("{")
    with Inbox(folder=tmp_path / "kept") as second:
        assert second.channel.reveal().rpartition("/")[2] == target
        send(INVOICE, second.channel)
        assert [(found.number, found.document_ref, found.answer, found.duplicates) for found in second.arrivals] == [
            (1, "INV-1", "200", ()), (2, "../../etc/x", "200", ()), (3, "INV-1", "200", (1,)),
        ]  # fmt: skip


def test_only_the_newest_are_kept_in_memory() -> None:
    """However many arrive, memory holds so many; the numbers go on."""
    keep = Keep(most=3)
    for number in range(10):
        keep.add(examine(render(Invoice(**smallest(document_ref=str(number))))))
    assert [arrival.document_ref for arrival in keep.all()] == ["7", "8", "9"]
    assert (keep.count, keep.get(1), keep.get(10)) == (10, None, keep.all()[-1])


# --- who may ask it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200), ({"Host": "localhost:PORT"}, 200), ({"Host": "evil.example:PORT"}, 421), ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:PORT"}, 421), ({"Host": ""}, 421), ({"Host": "127.0.0.1"}, 200),
        ({"Origin": "http://127.0.0.1:PORT"}, 200), ({"Origin": "http://127.0.0.1:1"}, 421), ({"Origin": ""}, 421), ({"Origin": "https://evil.example"}, 421), ({"Origin": "null"}, 421),
    ],
)  # fmt: skip
def test_pages_of_others_cannot_post_here(inbox: Inbox, headers: dict[str, str], status: int) -> None:
    """A name that was bound to this machine, and a page of another site, are turned away."""
    headers = {name: value.replace("PORT", str(inbox.port)) for name, value in headers.items()}
    assert ask(inbox, body=render(INVOICE), headers={**XML, **headers})[0] == status


def _raw(inbox: Inbox, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", inbox.port), timeout=30) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while more := client.recv(65_536):
            answer += more
    return answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/2.0\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nX : a\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"431"), (b"", b""), (b"POST", b""),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_or_let_go(inbox: Inbox, data: bytes, status: bytes) -> None:
    """Header blocks that are broken, doubtful or too large are refused; half a one is no request."""
    answer = _raw(inbox, data)
    assert answer[9:12] == status
    assert inbox.arrivals == []


def test_a_header_that_never_ends_is_given_up(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a header line a year keeps no connection for a year."""
    monkeypatch.setattr("paytraq_direct.inbox.front.HEAD_PATIENCE_S", 0.3)
    with socket.create_connection(("127.0.0.1", inbox.port), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nX: ")
        assert client.recv(1) == b""


def test_idle_connections_make_room(inbox: Inbox) -> None:
    """However many connections say nothing, no more are served than the cap allows, and a document still gets in."""
    with contextlib.ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(socket.create_connection(("127.0.0.1", inbox.port)))
        assert send(INVOICE, inbox.channel).status == 200
        assert inbox.connections <= MOST_CONNECTIONS


def test_busy_connections_are_not_driven_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all are in the middle of a request, one more is told to come again, and none of them is lost."""
    monkeypatch.setattr("paytraq_direct.inbox.front.MOST_CONNECTIONS", 2)
    with Inbox(script=Script("slow=1s", "slow=1s")) as inbox:
        threads = [threading.Thread(target=send, args=(INVOICE, inbox.channel)) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert inbox.kept.wait(lambda count: count == 2, 30)
        assert ask(inbox, body=render(INVOICE))[0] == 503
        for thread in threads:
            thread.join(30)
        assert [arrival.answer for arrival in inbox.arrivals] == ["slow, 1 s", "slow, 1 s"]


def test_attacks_are_refused_and_the_next_document_is_taken(inbox: Inbox) -> None:
    """A body of a gigabyte, entities that grow, a DOCTYPE, deep nesting: each gets its no, and the inbox goes on."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for body in (
        f'<!DOCTYPE Sale [<!ENTITY l0 "ha">{laughs}]><Sale>&l9;</Sale>', "<!DOCTYPE Sale><Sale/>",
        "<Sale>" + "<a>" * 100_000, '<!DOCTYPE Sale SYSTEM "file:///etc/passwd"><Sale/>',
    ):  # fmt: skip
        assert ask(inbox, body=body.encode())[0] == 400
    assert ask(inbox, headers={**XML, "Content-Length": "1000000000"})[0] == 413
    assert send(INVOICE, inbox.channel).status == 200


@pytest.mark.soak
def test_ten_thousand_documents() -> None:
    """The list of an inbox with ten thousand documents opens in under a second, and memory stays bounded."""
    document = render(Invoice(**smallest(document_ref="NUMBER")))
    with Inbox(site=site.answer) as inbox:
        for number in range(10_000):
            inbox.kept.add(examine(document.replace(b"NUMBER", b"%d" % number)))
        ask(inbox, "GET", "/")
        started = time.monotonic()
        status, text, _ = ask(inbox, "GET", "/")
        taken = time.monotonic() - started
        assert (status, text.count("<tr role"), "/?before=9501" in text) == (200, 501, True)
        assert ask(inbox, "GET", "/?before=9501")[1].count('/documents/9500"') > 0
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(10_000, 20_000):
            inbox.kept.add(examine(document.replace(b"NUMBER", b"%d" % number)))
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"the list of 10,000: {taken:.2f} s; 10,000 more: {grown_kb / 1000:.1f} MB")  # noqa: T201 - shown by -rP
    assert (taken < 1, grown_kb < 20_000) == (True, True)


def _ask_in_vain(inbox: Inbox) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        ask(inbox, body=render(INVOICE))


def test_it_ends_at_once_whatever_hangs() -> None:
    """Connections that the script lets hang do not keep the inbox open."""
    with Inbox(script=Script("accept-then-hang")) as inbox:
        thread = threading.Thread(target=_ask_in_vain, args=(inbox,))
        thread.start()
        assert inbox.kept.wait(lambda count: count == 1, 30)
        started = time.monotonic()
    thread.join(30)
    assert time.monotonic() - started < 5
