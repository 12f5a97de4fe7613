"""What a person, or a program, is told of each file."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct.amounts import moment_text
from paytraq_direct.cli.command import telling, wants_colour
from paytraq_direct.wording import counted, raw, short_sum

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from paytraq_direct.errors import Fault
    from paytraq_direct.payt.uploader import Uploaded

_INDENT: Final = " " * 11
_GOOD: Final = frozenset({"delivered", "already_delivered", "checked"})
_COLOURS: Final = {
    "delivered": "green", "already_delivered": "green", "checked": "green", "deferred": "yellow", "pending": "yellow",
    "in_doubt": "magenta", "rejected": "red", "conflict": "red", "invalid": "red",
    "error": "red", "warning": "yellow",
}  # fmt: skip
_ADVICE: Final = {
    "in_doubt": (
        "It may be at Payt. It is not sent again by itself. Look in the Import tab, then one of",
        "  paytraq-outbox resolve --received {name}",
        "  paytraq-outbox resolve --not-received {name}     # and upload it again",
        "  --resend {name}     # a data file may be sent twice: the last one counts",
    ),
    "deferred": ("It is surely not at Payt: sending it again is safe.",),
    "pending": ("This command did not send it. Sending it again is safe.",),
    "under_way": ("Another process is sending it: it may arrive any moment. Look again later.",),
    "conflict": ("To send it all the same: --resend {name}",),
    "rejected": ("It is not sent again by itself: mend the cause, then send it again.",),
}
_FAULT_FIELDS: Final = ("code", "severity", "line", "value", "message", "suggestion", "source")


class Receipts:
    """Tells a person what became of files: receipts on ``out``, all that needs care on ``err``; raises OutputError."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._has_delivered = False

    @telling()
    def show(self, uploaded: Uploaded) -> None:
        """Tell what became of one file."""
        self._has_delivered = self._has_delivered or uploaded.result.outcome == "delivered"
        self._tell(uploaded)

    @telling()
    def close(self) -> None:
        """Tell what comes next."""
        if self._has_delivered:
            self._sum_up()

    @telling()
    def stopped(self) -> None:
        """Tell that Ctrl-C came; what became of files before it stays told."""
        self._say(self._err, "stopped by Ctrl-C")

    def _tell(self, uploaded: Uploaded) -> None:
        result = uploaded.result
        for fault in result.faults:
            self._say(self._err, *_fault_lines(uploaded, fault))
        if result.outcome in _GOOD:
            self._say(self._out, _good_line(uploaded))
        elif result.outcome != "invalid":
            self._say(self._err, *_bad_lines(uploaded))
        else:
            self._say(self._err, f"{_styled('invalid')} {_named(uploaded)}   nothing was sent")
        for note in result.notes:
            self._say(self._err, f"{_INDENT}note: {note}")

    def _sum_up(self) -> None:
        self._say(
            self._out,
            "Payt reads it at the next import, about 01:00; what came of it is shown in the Import tab.",
        )

    def _say(self, stream: TextIO, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        stream.write(text if wants_colour(stream) else click.unstyle(text))
        stream.flush()


class JsonReceipts(Receipts):
    """Tells a program: one JSON object a line on ``out``, in the order of the files."""

    def _tell(self, uploaded: Uploaded) -> None:
        result, facts = uploaded.result, uploaded.facts
        line: dict[str, Any] = {
            "origin": uploaded.path,
            "document_ref": result.document_ref,
            "outcome": result.outcome,
            "status": result.status,
            "channel": result.channel,
            "sha256": result.sha256,
            "attempts": result.attempts,
            "faults": [{name: getattr(fault, name) for name in _FAULT_FIELDS} for fault in result.faults],
            "sent_at": None if result.sent_at is None else moment_text(result.sent_at),
            "elapsed_ms": None if result.elapsed_ms is None else round(result.elapsed_ms, 3),
            "message": result.message,
            "notes": result.notes,
            "file": None if facts is None else facts.name,
            "type": None if facts is None else facts.kind.name,
            "size": None if facts is None else facts.size,
            "sent_size": None if facts is None else facts.sent_size,
            "rows": None if facts is None or facts.listing is None else facts.listing.rows,
            "vanished": uploaded.vanished,
        }
        if result.outcome == "conflict":
            line["differences"] = result.differences
        self._say(self._out, json.dumps(line, ensure_ascii=False))

    def _sum_up(self) -> None:
        """Add nothing: every file has its line."""


def receipts(*, as_json: bool) -> Receipts:
    """Give the report for a command's options."""
    return (JsonReceipts if as_json else Receipts)(sys.stdout, sys.stderr)


def _fault_lines(uploaded: Uploaded, fault: Fault) -> Iterator[str]:
    yield f"{click.style(fault.severity, fg=_COLOURS[fault.severity], bold=True)} {fault.code}: {fault.message}"
    yield f"  {raw(uploaded.path, longest=4096)}{'' if fault.line is None else f':{fault.line}'}"
    if fault.suggestion:
        yield f"  {fault.suggestion}"
    yield f"  source: {fault.source}; more: docs/payt.md"


def _named(uploaded: Uploaded) -> str:
    """Name a file as it goes: its name at Payt, its type, its size."""
    facts = uploaded.facts
    if facts is None:
        return raw(uploaded.result.document_ref or uploaded.path, longest=255)
    rows = "" if facts.listing is None or facts.listing.rows is None else f", {counted(facts.listing.rows, 'invoice')}"
    size = _size(facts.size) if facts.size == facts.sent_size else f"{_size(facts.size)} as {_size(facts.sent_size)}"
    return f"{raw(facts.name, longest=255)}  {facts.kind.name}  {size}{rows}"


def _size(size: int) -> str:
    for unit, least in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= least:
            return f"{size / least:,.1f} {unit}"
    return counted(size, "byte")


def _good_line(uploaded: Uploaded) -> str:
    result = uploaded.result
    words = f"sha256 {short_sum(result.sha256 or '')}"
    if result.outcome == "delivered":
        words = f"{result.status} in {result.elapsed_ms or 0:,.0f} ms"
    elif result.outcome == "already_delivered":
        when = result.sent_at.astimezone().isoformat(" ", "seconds") if result.sent_at else "before"
        words = f"{when}, {result.status or 'as a person found out'}"
    return f"{_styled(result.outcome)} {_named(uploaded)}   {words}"


def _bad_lines(uploaded: Uploaded) -> Iterator[str]:
    result = uploaded.result
    yield f"{_styled(result.outcome)} {_named(uploaded)}"
    yield f"{_INDENT}{result.message}"
    if result.attempts > 1 and result.posted:
        yield f"{_INDENT}{result.attempts} attempts were made."
    name = shlex.quote(raw(result.document_ref or "", longest=255))
    for line in _ADVICE["under_way" if result.under_way else result.outcome]:
        yield _INDENT + line.format(name=name)


def _styled(outcome: str) -> str:
    return click.style(f"{outcome.replace('_', ' '):<10}", fg=_COLOURS[outcome], bold=True)
