"""The way of an invoice from Python: what is posted, what comes back, and what is tried again."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import itertools
import math
import pickle
import threading
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from clocks import Time
from lxml import etree
from test_cli import answers, plain
from test_rules import smallest
from wire.servers import OK, Peer, Server, closed_port

from paytraq_direct import (
    ChannelError,
    ChannelUri,
    Deferred,
    DeliveryError,
    InDoubt,
    Interrupted,
    InvalidInvoice,
    Invoice,
    Outbox,
    Receipt,
    Rejected,
    Sender,
    fields,
    render,
    send,
    xmlio,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INVOICE = Invoice(**smallest())
DOCUMENT = render(INVOICE)
BUSY = plain("429 Too Many Requests")


def full_invoice(**codes: Any) -> dict[str, Any]:
    """Give an invoice in which every field has a value."""
    values = {
        "text": "Text & <mark> ž\r\n\t", "name": "Name \"'", "date": "2026-11-02", "link": "https://example.com/a?b=c&d=e",
        "currency": "EUR", "boolean": True, "amount": "-12345678901234567.8900000000", "percent": "99.5", "days": 30,
    }  # fmt: skip

    def record(table: tuple[fields.Field, ...]) -> dict[str, Any]:
        return {
            field.name: codes.get(field.name, field.codes.codes[0].value)
            if field.codes
            else [record(field.rows)] * 2
            if field.rows
            else values[field.kind]
            for field in table
        }

    invoice = record(fields.INVOICE)
    term = codes.get("pay_term_type", 0)
    for name, types in (("date_due", {0}), ("pay_term_days", {1, 2})):
        if term not in types:
            del invoice[name]
    invoice["adjustments"] = [{**row, "amount": "12.5"} for row in invoice["adjustments"]]
    return invoice


def every_enumeration() -> list[dict[str, Any]]:
    """Give invoices in which, together, every field and every value of every enumeration occurs."""
    coded = [field for table in (fields.INVOICE, fields.ADJUSTMENT) for field in table if field.codes]
    columns = {field.name: [code.value for code in field.codes.codes] for field in coded if field.codes}
    longest = max(map(len, columns.values()))
    rows = [{name: values[n % len(values)] for name, values in columns.items()} for n in range(longest)]
    return [full_invoice(**row) for row in rows]


def built(record: dict[str, Any]) -> bytes:
    """Build the document of a record by another way than the package's, in canonical XML."""
    root = ET.Element("Sale")

    def put(above: ET.Element, record: dict[str, Any], table: tuple[fields.Field, ...]) -> None:
        for field in table:
            value = record.get(field.name)
            *folders, leaf = field.element.split("/")
            if value is None:
                continue
            place = above
            for folder in folders:
                found = place.find(folder)
                place = found if found is not None else ET.SubElement(place, folder)
            if field.rows:
                for row in value:
                    put(ET.SubElement(place, leaf), row, field.rows)
            else:
                text = {True: "true", False: "false"}[value] if field.kind == "boolean" else str(value)
                ET.SubElement(place, leaf).text = text

    put(root, record, fields.INVOICE)
    return ET.canonicalize(ET.tostring(root, "unicode").replace("\r", "&#13;"), strip_text=False).encode()


def canonical(document: bytes) -> bytes:
    """Give a document in canonical XML without its indentation."""
    root = xmlio.parse(document, own=True)
    return ET.canonicalize(etree.tostring(root, encoding="unicode"), strip_text=False).encode()


@pytest.mark.parametrize("record", every_enumeration(), ids=lambda record: record["sale_type"])
def test_a_server_sees_one_post_with_exactly_the_right_bytes(record: dict[str, Any]) -> None:
    """For every element and every enumeration value: one POST, its header block as documented, its body the document."""
    with Server(answers(OK)) as server:
        receipt = send(Invoice(**record), server.url())
        head, _, body = bytes(server.seen).partition(b"\r\n\r\n")
        assert (server.hits, server.connections, server.bodies) == (1, 1, [body])
    assert canonical(body) == built(record)
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Sale>\n  <Header>\n')
    assert receipt.sha256 == hashlib.sha256(body).hexdigest()
    request, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert request == "POST /ext/direct/inbox/1234567890abcdef HTTP/1.1"
    assert len(headers) == len(lines)
    assert {name.lower(): value for name, value in headers.items()} == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "application/xml",
        "content-length": str(len(body)),
        "accept-encoding": "identity",
        "user-agent": headers["User-Agent"],
    }


def test_the_samples_cover_everything() -> None:
    """Every field and every enumeration value occurs in the documents above."""
    records = every_enumeration()
    for table, rows in (
        (fields.INVOICE, records),
        (fields.ADJUSTMENT, [row for r in records for row in r["adjustments"]]),
    ):
        for field in table:
            seen = {record.get(field.name) for record in rows if not field.rows}
            assert not field.codes or seen >= {code.value for code in field.codes.codes}
            assert field.rows or seen != {None}


def test_a_receipt_says_what_is_certain() -> None:
    """The receipt names the invoice, the masked channel, the status, the bytes, the attempts and the time."""
    before = dt.datetime.now(dt.UTC)
    with Server(answers(OK)) as server:
        receipt = send(INVOICE, ChannelUri(server.url()))
    assert before <= receipt.sent_at <= dt.datetime.now(dt.UTC)
    assert receipt == Receipt(
        document_ref="INV-1", channel=f"http://127.0.0.1:{server.port}/ext/direct/inbox/…cdef", status=200,
        sha256=hashlib.sha256(DOCUMENT).hexdigest(), attempts=1, sent_at=receipt.sent_at, elapsed_ms=receipt.elapsed_ms,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (plain("400 Bad Request", b"why"), Rejected, 400),
        (plain("503 Service Unavailable", b"why", "Retry-After: 7"), Deferred, 503),
        (plain("504 Gateway Timeout", b"why"), InDoubt, 504),
    ],
)
def test_each_failure_is_its_exception(answer: bytes, kind: type[DeliveryError], status: int) -> None:
    """A failure is raised as what its catcher can do about it, with the answer, and survives pickling."""
    with Server(answers(answer)) as server, pytest.raises(kind) as caught:
        send(INVOICE, server.url())
    error = caught.value
    assert (error.status, error.body, error.document_ref, error.attempts) == (status, b"why", "INV-1", 1)
    assert (error.sha256, type(error.sent_at)) == (hashlib.sha256(DOCUMENT).hexdigest(), dt.datetime)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))
    assert (error.__cause__, error.__context__) == (None, None)
    if isinstance(error, Deferred):
        assert error.retry_after == 7.0


def sending(server: Server, retry_for_s: float, time: Time) -> Any:
    """Send the invoice with a clock of its own and give the result."""
    with Sender(server.url(), retry_for_s=retry_for_s, clock=time.clock, pause=time.pause) as sender:
        return next(sender.send_all([INVOICE]))


def test_retry_after_is_honoured() -> None:
    """The pause before the next attempt is the one the channel asked for."""
    time = Time()
    with Server(answers(plain("503 x", b"", "Retry-After: 40"), plain("429 x", b"", "Retry-After: 3"), OK)) as server:
        result = sending(server, 60, time)
    assert (result.outcome, result.attempts, time.pauses, server.hits) == ("delivered", 3, [40.0, 3.0], 3)


def test_a_pause_beyond_the_time_is_not_begun() -> None:
    """When the channel asks for more than there is, the result says so at once."""
    time = Time()
    with Server(answers(plain("503 x", b"", "Retry-After: 61"), OK)) as server:
        result = sending(server, 60, time)
    assert (result.outcome, result.retry_after, time.pauses, server.hits) == ("deferred", 61.0, [], 1)


def test_pauses_grow_when_the_channel_does_not_say() -> None:
    """Without Retry-After the pauses double, each drawn from the upper half, up to a minute."""
    time = Time()
    with Server(answers(BUSY)) as server:
        result = sending(server, 300, time)
    assert result.outcome == "deferred"
    assert sum(time.pauses) <= 300
    longest = [min(2.0**n, 60.0) for n in range(len(time.pauses))]
    assert all(most / 2 <= pause <= most for pause, most in zip(time.pauses, longest, strict=True))
    assert result.attempts == server.hits == len(time.pauses) + 1 > 6


@pytest.mark.parametrize(
    "answer", [plain("400 x"), plain("302 x", b"", "Location: /"), plain("502 x"), plain("201 x"), plain("503 x")]
)
def test_what_may_have_been_taken_is_never_tried_again(answer: bytes) -> None:
    """Refusals and doubts are posted once, however much time there is."""
    time = Time()
    with Server(answers(answer, OK)) as server:
        result = sending(server, 3_600, time)
        assert (server.hits, time.pauses, result.attempts) == (1, [], 1)
    assert result.outcome in {"rejected", "in_doubt"}


def test_no_retry_without_being_asked() -> None:
    """By default there is one attempt."""
    with Server(answers(BUSY, OK)) as server, pytest.raises(Deferred):
        send(INVOICE, server.url())
    assert server.hits == 1


def test_send_all_takes_one_at_a_time() -> None:
    """Invoices are taken as results are asked for, each gives one, and a failure stops nothing."""
    taken: list[int] = []

    def invoices() -> Iterator[Invoice]:
        for number in itertools.count():
            taken.append(number)
            yield INVOICE

    with Server(answers(OK, plain("404 x"), OK)) as server, Sender(server.url()) as sender:
        results = sender.send_all(invoices())
        assert [next(results).outcome for _ in range(3)] == ["delivered", "rejected", "delivered"]
        assert (taken, server.connections) == ([0, 1, 2], 1)


def test_an_invoice_that_does_not_fit_is_never_posted() -> None:
    """A document that the schema refuses, or that is too large, is InvalidInvoice, and no connection is made."""
    too_large = Invoice(**smallest(line_items=[{"item_name": "x" * 8_500_000, "qty": 1, "price": 1}] * 4))
    with Server(answers(OK)) as server, Sender(server.url()) as sender:
        with pytest.raises(InvalidInvoice, match="33,554,432"):
            sender.send(too_large)
        (result,) = sender.send_all([too_large])
        assert (result.outcome, result.faults[0].code, server.connections) == ("invalid", "PD-012", 0)


@pytest.mark.parametrize("thing", [{}, None, "invoice.json", DOCUMENT])
def test_only_an_invoice_is_sent(thing: Any) -> None:
    """Anything else is a mistake in the program, told with the way to do it."""
    channel = "https://go.paytraq.com/ext/direct/inbox/0123456789abcdef"
    with Sender(channel) as sender, pytest.raises(TypeError, match="an Invoice is sent"):
        sender.send(thing)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"deadline_s": 0}, ValueError), ({"deadline_s": math.nan}, ValueError), ({"deadline_s": math.inf}, ValueError),
        ({"retry_for_s": -1}, ValueError), ({"proxy": "socks5://x"}, ChannelError), ({"ca_bundle": "/nothing"}, ChannelError),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(options: dict[str, Any], error: type[Exception]) -> None:
    """A wrong option is told before anything is sent."""
    with pytest.raises(error):
        Sender("https://go.paytraq.com/ext/direct/inbox/0123456789abcdef", **options)


@pytest.mark.parametrize("channel", ["", "sandbox", "http://example.com/x", "https://u:p@example.com/x", 7, None])
def test_channels_that_are_none(channel: Any) -> None:
    """What is no channel address is refused without being repeated."""
    with pytest.raises(ChannelError) as caught:
        Sender(channel)
    assert "example" not in str(caught.value)


def interrupting(progress: int) -> Callable[..., Any]:
    """Give a wire's post that Ctrl-C stops after so much of the request."""

    def post(*_: object, **__: object) -> None:
        stop = KeyboardInterrupt()
        stop.paytraq_progress = progress  # type: ignore[attr-defined] # as the wire does
        raise stop

    return post


class StoppedWire:
    """A wire on which Ctrl-C comes while it posts."""

    has_proxy = False

    def __init__(self, progress: int) -> None:
        self.post = interrupting(progress)

    @staticmethod
    def reads_alike(*_: object) -> bool:
        """Agree."""
        return True

    def close(self) -> None:
        """Do nothing."""


def test_ctrl_c_says_when_something_had_left() -> None:
    """Before the first byte it is a plain KeyboardInterrupt; after it, one that carries a result in doubt."""
    channel = "https://go.paytraq.com/ext/direct/inbox/0123456789abcdef"
    for progress in (1, 2):
        wire: Any = StoppedWire(progress)
        with Sender(channel, wire=wire) as sender, pytest.raises(Interrupted) as caught:
            sender.send(INVOICE)
        result = caught.value.result
        assert (result.outcome, result.document_ref, result.document) == ("in_doubt", "INV-1", DOCUMENT)
    untouched: Any = StoppedWire(0)
    with Sender(channel, wire=untouched) as sender, pytest.raises(KeyboardInterrupt) as plain_stop:
        sender.send(INVOICE)
    assert type(plain_stop.value) is KeyboardInterrupt


def test_ctrl_c_while_the_answer_is_written_down_says_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the answer and its ending in the outbox, it is a doubt that tells the answer."""

    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with Server(answers(OK)) as server, Outbox(tmp_path / "outbox.sqlite") as outbox:
        monkeypatch.setattr(outbox, "end", stops)
        with pytest.raises(Interrupted) as caught:
            send(INVOICE, server.url(), outbox=outbox)
    assert (caught.value.result.outcome, caught.value.result.status) == ("in_doubt", 200)


def test_a_closed_port_is_deferred() -> None:
    """Nothing had left: it is safe to try again."""
    with pytest.raises(Deferred, match="nothing was sent: connection refused"):
        send(INVOICE, f"http://127.0.0.1:{closed_port()}/x")


def test_a_script_may_look_at_the_peer() -> None:
    """A server that closes without an answer leaves a doubt, with one hit."""

    def script(peer: Peer) -> None:
        peer.request()

    with Server(script) as server, pytest.raises(InDoubt):
        send(INVOICE, server.url())
    assert server.hits == 1


@pytest.mark.parametrize("with_outbox", [True, False])
def test_cut_short_only_an_open_post_is_in_doubt(tmp_path: Path, *, with_outbox: bool) -> None:
    """Of what another thread is at, only what is being posted is in doubt; what waits is pending, and posted no more."""
    waits, arrived, go = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            if b"<DocumentRef>OPEN<" in peer.last_body:
                arrived.set()
                assert go.wait(30)
            peer.say(BUSY)

    def pause(_seconds: float) -> None:
        waits.set()
        assert go.wait(30)

    invoices = [Invoice(**smallest(document_ref=number)) for number in ("WAITS", "OPEN")]
    with contextlib.ExitStack() as stack:
        outbox = stack.enter_context(Outbox(tmp_path / "outbox.sqlite")) if with_outbox else None
        server = stack.enter_context(Server(script))
        sender = stack.enter_context(Sender(server.url(), outbox=outbox, retry_for_s=9_000, pause=pause))
        ended: list[str] = []
        threads = [
            threading.Thread(target=lambda one=one: ended.append(sender.deliver(one).outcome)) for one in invoices
        ]
        for thread in threads:
            thread.start()
        assert waits.wait(30)
        assert arrived.wait(30)
        assert [sender.cut_short(sender.ready(one)).outcome for one in invoices] == ["pending", "in_doubt"]
        go.set()
        for thread in threads:
            thread.join(30)
        assert (ended, server.hits) == (["deferred"] * 2, 2)
        assert sender.deliver(INVOICE).outcome == "pending"
        assert server.hits == 2


def test_nothing_is_posted_once_it_was_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that is written down too late for that is not posted any more."""
    with (
        Server(answers(OK)) as server,
        Outbox(tmp_path / "outbox.sqlite") as outbox,
        Sender(server.url(), outbox=outbox) as sender,
    ):
        begin = outbox.begin

        def late(*given: Any, **more: Any) -> Any:
            begun = begin(*given, **more)
            assert sender.cut_short(sender.ready(INVOICE)).outcome == "pending"
            return begun

        monkeypatch.setattr(outbox, "begin", late)
        with pytest.raises(KeyboardInterrupt):
            sender.send(INVOICE)
        assert server.hits == 0
