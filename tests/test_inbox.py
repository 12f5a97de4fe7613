"""The inbox of one's own: what it takes, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from test_rules import smallest

from paytraq_direct import Invoice, Sender, render, send
from paytraq_direct.inbox.server import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

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
