"""The whole way of many invoices: with the outbox against a straightforward script, and with an inbox far away."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, seconds_each
from benchmarks.invoices import invoice_json
from benchmarks.posts import serving
from benchmarks.straightforward import Script
from paytraq_direct import Outbox, Sender
from paytraq_direct.cli.reading import on_one_core
from paytraq_direct.invoice import take
from paytraq_direct.readers import Options, pieces
from paytraq_direct.readers.workers import Workers
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct import Invoice

LINES = 30
COUNT = 1_000
AWAY_S = 0.08


def _sources(start: int, count: int, lines: int = LINES) -> list[bytes]:
    before, number, after = invoice_json(lines, 999_999_999).rpartition(b"INV-2026-999999999")
    return [before + number[:-9] + b"%09d" % wanted + after for wanted in range(start, start + count)]


def _invoices(sources: Iterable[bytes]) -> Iterator[Invoice]:
    for source in sources:
        invoice, faults = take(source)
        if invoice is None:
            raise ValueError(faults)
        yield invoice


def _whole_way() -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving() as url,
        Outbox(Path(folder) / "outbox.sqlite") as outbox,
        Sender(url, outbox=outbox) as sender,
        Workers(1) as workers,
    ):
        script = Script(Path(folder), url)
        file = Path(folder) / "it.jsonl"
        fresh = itertools.count(step=COUNT)

        def send(invoices: Iterable[Invoice], jobs: int, *, ahead: bool = False) -> None:
            outcomes = [result.outcome for result in sender.send_all(invoices, jobs=jobs, ahead=ahead)]
            if outcomes != ["delivered"] * COUNT:
                raise ValueError(outcomes)

        def read_and_send(jobs: int) -> None:
            file.write_bytes(b"\n".join(source.replace(b"\n", b" ") for source in _sources(next(fresh), COUNT)))
            found = workers.readings(pieces("it.jsonl", file.open("rb"), Options()), Options())
            with on_one_core():
                send((reading.invoice for reading in found if reading.invoice is not None), jobs, ahead=True)

        source = _sources(0, 1)[0]
        if script.render(source).replace(b"&#39;", b"'").split() != prepare(next(_invoices([source]))).split():
            raise ValueError("the two do not write the same document")
        ways = {
            "script": lambda: script.send(_sources(next(fresh), COUNT)),
            "one": lambda: send(_invoices(_sources(next(fresh), COUNT)), 1, ahead=True),
            "four": lambda: send(_invoices(_sources(next(fresh), COUNT)), 4),
            "a worker and one": lambda: read_and_send(1),
            "a worker and four": lambda: read_and_send(4),
            "a worker and sixteen": lambda: read_and_send(16),
        }
        seconds = seconds_each(ways, rounds=5, repeats=1)
    print("  " + "  ".join(f"{name} {COUNT / value:,.0f} invoices/s" for name, value in seconds.items()))
    for name, words, goal, stretch in (
        ("a worker and one", "whole way with outbox ÷ script, 1 job", 1.6, 1.9),
        ("a worker and four", "the same, 4 jobs", 2.5, 4.0),
        ("a worker and sixteen", "the same, 16 jobs", 2.5, 4.0),
    ):
        yield Figure(words, seconds["script"] / seconds[name], goal, stretch, most=False)


def _far_away() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, _slow_server() as url:
        for jobs, goal in ((32, 0.85), (64, 0.8)):
            count = jobs * 25
            with Outbox(Path(folder) / f"{jobs}.sqlite") as outbox, Sender(url, outbox=outbox) as sender:
                start = time.perf_counter()
                invoices = _invoices(_sources(0, count, 3))
                if any(found.outcome != "delivered" for found in sender.send_all(invoices, jobs=jobs)):
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
