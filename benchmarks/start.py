"""How long the commands take to start, against bare python: whole processes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, seconds_each
from benchmarks.invoices import invoice_json
from benchmarks.posts import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = Path(sys.executable).with_name("paytraq-send")


def figures() -> Iterator[Figure]:
    """Measure a send to a server on loopback with the default outbox, a check, and --version."""
    if not COMMAND.is_file():
        raise SystemExit("paytraq-send is not installed beside this python: make bench installs it")
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        invoice = Path(folder) / "invoice.json"
        invoice.write_bytes(invoice_json(3))
        fresh = itertools.count(2)
        environment = {**os.environ, "PAYTRAQ_CHANNEL": url, "XDG_STATE_HOME": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(*arguments: str | Path) -> None:
            subprocess.run(arguments, check=True, env=environment, stdout=subprocess.DEVNULL)

        def send() -> None:
            # A number that the outbox does not know, or nothing would be sent.
            invoice.write_bytes(invoice_json(3, next(fresh)))
            run(COMMAND, invoice)

        cases = {
            "bare": lambda: run(sys.executable, "-c", "pass"),
            "send": send,
            "check": lambda: run(COMMAND, invoice, "--check"),
            "version": lambda: run(COMMAND, "--version"),
        }
        seconds_each(cases, rounds=1, repeats=1)  # writes the .pyc files
        seconds = seconds_each(cases, rounds=25, repeats=1)
    print("  " + "  ".join(f"{name} {value * 1e3:.0f} ms" for name, value in seconds.items()))
    for name, goal, stretch in (("send", 18, 13), ("check", 11, 8), ("version", 5, 3)):
        yield Figure(f"start of {name} ÷ bare python", seconds[name] / seconds["bare"], goal, stretch)
