"""Arrivals to show on the pages of the inbox, and a small server that has nothing but those pages."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from conftest import EXAMPLES, SAMPLES

from paytraq_direct import read, render
from paytraq_direct.inbox import arrival, pages
from paytraq_direct.inbox.view import view_of

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.inbox.view import Kind, View

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOTE = "The channel of this inbox is http://127.0.0.1:8025/ext/direct/inbox/rehearsal"


class Arrived:
    """A document that arrived, one after the other at a quarter to ten."""

    def __init__(self, number: int, document: bytes, answer: str = "200", duplicates: tuple[int, ...] = ()) -> None:
        self.number = number
        self.document = document
        self.answer = answer
        self.duplicates = duplicates
        self.received_at = datetime(2026, 11, 16, 9, 41, 7, tzinfo=UTC) + timedelta(seconds=83 * number)
        examined = arrival.examine(document)
        self.faults: tuple[Fault, ...] = examined.faults
        self.sha256 = examined.sha256

    @cached_property
    def view(self) -> View:
        """What there is to see of it."""
        return view_of(self.document, self.faults)

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.view.kind

    @property
    def document_ref(self) -> str | None:
        """Its number."""
        return self.view.number or None

    @property
    def supplier_name(self) -> str | None:
        """Who sent it."""
        return self.view.sale.parties[0].name.text if self.view.sale else None

    @property
    def client_name(self) -> str | None:
        """Whom it is for."""
        return self.view.sale.parties[1].name.text if self.view.sale else None

    @property
    def total(self) -> str | None:
        """Its gross amount."""
        if self.view.sale is None:
            return None
        gross = [value.text for value in self.view.sale.totals if value.label == "Total"]
        return f"{gross[0]} {self.view.sale.currency}" if gross else None


def example(name: str) -> bytes:
    """Give the document of an example."""
    (_, invoice, _), *_ = read(EXAMPLES / name)
    assert invoice is not None
    return render(invoice)


def sample(name: str) -> bytes:
    """Give a sample document."""
    return (SAMPLES / "inbox" / name).read_bytes()


UBL = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"\n'
    b'  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">\n'
    b"  <!-- one of another family -->\n  <cbc:ID>17</cbc:ID>\n</Invoice>\n"
)


def faulty() -> bytes:
    """Give a document with several faults, each beside the others."""
    document = example("invoice.json").decode()
    for before, after in (
        ("<Currency>EUR", "<Currency>EURO"), ("<PayTermType>1", "<PayTermType>3"), ("2026-11-02", "2026-11-31"),
        ("<Qty>4<", "<Qty>4,0<"), ("  </Header>", '    <Colour shade="dark">blue</Colour>\n  </Header>'),
        ("Piegāde<", "Piegāde \u202egnp.exe<"), ("INV-2026-0042</D", "INV-2026-0045</D"),
    ):  # fmt: skip
        assert before in document
        document = document.replace(before, after)
    return document.encode()


def arrivals() -> list[Arrived]:
    """Give one of each kind: good, of another's hand, faulty, foreign, a duplicate, broken, hostile."""
    return [
        Arrived(1, example("invoice.json")),
        Arrived(2, example("tax_included.json")),
        Arrived(3, sample("everything.xml"), "reset"),
        Arrived(4, faulty(), "400"),
        Arrived(5, UBL, "400"),
        Arrived(6, example("invoice.json"), "no answer", (1,)),
        Arrived(7, example("invoice.json")[:700], "400"),
        Arrived(8, sample("hostile.xml"), "400"),
    ]


class Site:
    """The pages of some arrivals, on a free port of this machine."""

    def __init__(self, shown: list[Arrived]) -> None:
        self.shown = shown
        self.events: queue.Queue[int | None] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def page(self, path: str) -> tuple[bytes, str] | None:
        """Give what stands at a path, and its content type."""
        html = "text/html; charset=utf-8"
        if path == "/":
            return pages.list_page(self.shown, NOTE), html
        if path == "/rows":
            return pages.rows(self.shown), html
        folder, _, name = path.removeprefix("/").rpartition("/")
        number, _, suffix = name.partition(".")
        if folder == "documents" and number.isdigit() and 0 < int(number) <= len(self.shown):
            arrived = self.shown[int(number) - 1]
            if suffix:
                return arrived.document, "application/xml"
            return pages.document_page(arrived, newest=len(self.shown)), html
        return pages.asset(name) if not folder else None


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        if self.path == "/events":
            self._tell_events()
            return
        found = self.site.page(self.path)
        self.send_response(200 if found else 404)
        body, kind = found or (b"", "text/plain")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def _tell_events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": here\n\n")
        while (number := self.site.events.get()) is not None:
            self.wfile.write(f"data: {number}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing."""
