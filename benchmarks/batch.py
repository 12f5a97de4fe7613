"""The whole way of many invoices: with the outbox against a straightforward script, and with an inbox far away."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from lxml import etree

from benchmarks.figures import Figure, seconds_each
from benchmarks.invoices import invoice_json
from benchmarks.posts import serving
from benchmarks.render import plain_template
from paytraq_direct import Outbox, Sender, resources
from paytraq_direct.invoice import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paytraq_direct import Invoice

LINES = 30
COUNT = 150
AWAY_S = 0.08


def _sources(lines: int) -> Callable[[int], bytes]:
    """Give what makes the JSON of an invoice of that number, at no cost that would count."""
    before, number, after = invoice_json(lines, 999_999_999).rpartition(b"INV-2026-999999999")
    return lambda wanted: before + number[:-9] + b"%09d" % wanted + after


_SOURCES = {lines: _sources(lines) for lines in (3, LINES)}


def _invoices(start: int, count: int, lines: int = LINES) -> Iterator[Invoice]:
    source = _SOURCES[lines]
    for number in range(start, start + count):
        invoice, faults = take(source(number))
        if invoice is None:
            raise ValueError(faults)
        yield invoice


class _Straightforward:
    """The script that most would write: json, a template with attributes, lxml, a session, two commits an invoice."""

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        self._template = plain_template()
        self._schema = etree.XMLSchema(etree.parse(str(resources.folder("xsd") / "sale.xsd")))
        self._session = requests.Session()
        self._ledger = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
        self._ledger.execute("PRAGMA journal_mode = WAL")
        self._ledger.execute("PRAGMA synchronous = FULL")
        self._ledger.execute("CREATE TABLE sent (number TEXT, document BLOB, status INTEGER)")

    def send(self, start: int, count: int) -> None:
        """Send so many invoices, one after the other."""
        for invoice in _invoices(start, count):
            document = self._template.render(invoice=invoice).replace("False", "false").encode()
            if not self._schema.validate(etree.fromstring(document)):
                raise ValueError("the document does not fit")
            row = self._ledger.execute("INSERT INTO sent VALUES (?, ?, NULL)", (invoice.document_ref, document))
            answer = self._session.post(self._url, data=document, headers={"Content-Type": "application/xml"})
            self._ledger.execute("UPDATE sent SET status = ? WHERE rowid = ?", (answer.status_code, row.lastrowid))


def _whole_way() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, serving() as url, Outbox(Path(folder) / "outbox.sqlite") as outbox:
        plain = _Straightforward(Path(folder), url)
        numbers: dict[str, int] = {"plain": 0, "one": 1_000_000, "four": 2_000_000}

        def ours(name: str, jobs: int) -> None:
            start, numbers[name] = numbers[name], numbers[name] + COUNT
            for result in sender.send_all(_invoices(start, COUNT), jobs=jobs):
                if result.outcome != "delivered":
                    raise ValueError(result)

        def straightforward() -> None:
            start, numbers["plain"] = numbers["plain"], numbers["plain"] + COUNT
            plain.send(start, COUNT)

        with Sender(url, outbox=outbox) as sender:
            seconds = seconds_each(
                {"plain": straightforward, "one": lambda: ours("one", 1), "four": lambda: ours("four", 4)},
                rounds=5,
                repeats=1,
            )
    print("  " + "  ".join(f"{name} {COUNT / value:,.0f} invoices/s" for name, value in seconds.items()))
    yield Figure(
        "whole way with outbox ÷ script, a commit each", seconds["plain"] / seconds["one"], 1.6, 1.9, most=False
    )
    yield Figure("the same, intents of 4 jobs together", seconds["plain"] / seconds["four"], 2.5, 4.0, most=False)


def _far_away() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _slow_server() as url:
        for jobs, goal in ((32, 0.85), (64, 0.8)):
            count = jobs * 25
            with Outbox(Path(folder) / f"{jobs}.sqlite") as outbox, Sender(url, outbox=outbox) as sender:
                start = time.perf_counter()
                if any(found.outcome != "delivered" for found in sender.send_all(_invoices(0, count, 3), jobs=jobs)):
                    raise ValueError("an invoice was not delivered")
                rate = count / (time.perf_counter() - start)
            print(f"  {jobs} jobs, an inbox 80 ms away: {rate:,.0f} invoices/s of {jobs / AWAY_S:,.0f}")
            yield Figure(f"rate ÷ jobs/0.08, {jobs} jobs", rate / (jobs / AWAY_S), goal, 0.93, most=False)


@contextmanager
def _slow_server() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-m", "benchmarks.batch"], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = json.loads(server.stdout.readline() if server.stdout else "0")
            yield f"http://127.0.0.1:{port}/ext/direct/inbox/1234"
        finally:
            server.kill()


def _serve_slowly() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=_answer_late, args=listener.accept()[:1], daemon=True).start()


def _answer_late(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pending = b""
    while data := connection.recv(65_536):
        pending += data
        head, blank, rest = pending.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) if blank else 0
        if blank and len(rest) >= length:
            pending = rest[length:]
            time.sleep(AWAY_S)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")


def figures() -> Iterator[Figure]:
    """Measure the whole way on loopback, and the rate with an inbox 80 ms away."""
    yield from _whole_way()
    yield from _far_away()


if __name__ == "__main__":
    _serve_slowly()
