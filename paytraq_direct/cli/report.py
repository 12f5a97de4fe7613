"""What a person, or a program, is told of each invoice."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import rules
from paytraq_direct.amounts import amount_text, moment_text
from paytraq_direct.cli import excerpt, losses
from paytraq_direct.cli.command import OutputError, telling, wants_colour
from paytraq_direct.wording import counted, raw, short_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from typing import TextIO

    from paytraq_direct.channel import ChannelUri
    from paytraq_direct.cli.progress import Progress
    from paytraq_direct.errors import Fault, Fix
    from paytraq_direct.inbox.arrival import Arrival
    from paytraq_direct.inbox.server import Inbox
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers import Reading
    from paytraq_direct.result import Result

INDENT: Final = " " * 11
GOOD: Final = frozenset({"delivered", "already_delivered", "checked"})
_COLOURS: Final = {
    "delivered": "green", "already_delivered": "green", "checked": "green", "deferred": "yellow", "pending": "yellow",
    "in_doubt": "magenta", "rejected": "red", "conflict": "red",
    "invalid": "red", "error": "red", "warning": "yellow",
}  # fmt: skip
_ADVICE: Final = {
    "in_doubt": (
        "It may be in the inbox. It will not be sent again by itself. Ask the customer, then one of",
        "  paytraq-outbox{outbox} resolve --received {ref}",
        "  paytraq-outbox{outbox} resolve --not-received {ref}     # and send it again",
    ),
    "deferred": ("It is surely not in the inbox: sending it again is safe.",),
    "pending": ("This command did not send it. Sending it again is safe.",),
    "under_way": ("Another process is sending it: it may arrive any moment. Look again later.",),
    "conflict": ("A correction is a credit note or a new number. To send it all the same: --resend {ref}",),
    "rejected": ("It is not sent again by itself: mend the cause, then send it again.",),
}
# For a number that cannot be written in a shell, or where there is none.
_ADVICE_BY_ID: Final = {
    "in_doubt": (
        _ADVICE["in_doubt"][0],
        "  paytraq-outbox{outbox} list --state in_doubt     # shows its id, then",
        "  paytraq-outbox{outbox} resolve --received '#ID'     # or",
        "  paytraq-outbox{outbox} resolve --not-received '#ID'     # and send it again",
    ),
    "conflict": ("A correction is a credit note or a new number. To send it all the same: --resend with its number",),
}
_ANSWER_SHOWN: Final = 300
_DIFFERENCES_SHOWN: Final = 20
_FAULT_FIELDS: Final = (
    "code",
    "severity",
    "path",
    "line",
    "column",
    "value",
    "message",
    "suggestion",
    "source",
)
_SOURCES: Final = {"ours": "paytraq_direct's own contract for records", "inferred": "inferred, not documented"}
# Told each time, not counted: each is about another link.
_EACH: Final = frozenset(
    rule.code
    for rule in (rules.LINK_SILENT, rules.LINK_REFUSED, rules.LINK_PRIVATE, rules.LINK_NOT_PDF, rules.LINK_SIZE)
)
_index = re.compile(r"\[[0-9]+\]")


class Report:
    """Tells a person what became of invoices: receipts on ``out``, all that needs care on ``err``; raises OutputError.

    ``xml`` has the documents themselves written to ``out`` in place of receipts; ``sends`` says whether sending is
    what was asked for; ``explains`` adds the sum of each invoice. ``outbox`` is the ledger that commands must name.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        progress: Progress,
        *,
        xml: bool = False,
        sends: bool = True,
        explains: bool = False,
        outbox: str | None = None,
    ) -> None:
        self._out = out
        self._err = err
        self._progress = progress
        self._xml = xml
        self._sends = sends
        self._explains = explains
        self._outbox = "" if outbox is None else f" --outbox {shlex.quote(raw(outbox, longest=4096))}"
        self._outcomes: Counter[str] = Counter()
        self._severities: Counter[str] = Counter()
        self._warnings: Counter[tuple[str, str]] = Counter()
        self._inbox: Inbox | None = None

    @property
    def has_told(self) -> bool:
        """Whether any invoice was told of; none was posted that is not."""
        return bool(self._outcomes)

    @telling()
    def watch(self, inbox: Inbox) -> None:
        """Tell of an inbox that was opened to rehearse with, and from now on of what arrives there."""
        self._inbox = inbox
        self._say(self._err, f"sandbox inbox listening on 127.0.0.1:{inbox.port}")

    @telling()
    def sends_to(self, channel: ChannelUri) -> None:
        """Tell when the channel is not where PayTraq's channels are."""
        if not channel.is_paytraq and not channel.is_loopback:
            self._say(self._err, f"note: the channel is at {channel.host}, not at PayTraq's own host")

    @telling()
    def show(self, reading: Reading, result: Result) -> None:
        """Tell what became of one invoice."""
        self._outcomes[result.outcome] += 1
        self._tell(reading, result)
        good = sum(self._outcomes[outcome] for outcome in GOOD)
        self._progress.show(self._outcomes.total(), self._outcomes.total() - good)

    def _tell(self, reading: Reading, result: Result) -> None:
        for fault in (*reading.faults, *result.faults):
            self._severities[fault.severity] += 1
            if fault.is_error or self._is_new(fault):
                self._say(self._err, *fault_lines(reading.origin, fault), "")
        if result.outcome == "checked" and self._xml:
            self._progress.wipe()
            self._out.flush()
            self._out.buffer.write(result.document)
            self._out.buffer.flush()
        elif result.outcome in GOOD:
            self._say(self._out, *_good_lines(reading, result))
            self._tell_losses(reading)
            self._show_arrival(result.sha256)
        elif result.outcome != "invalid":
            self._say(self._err, *_bad_lines(reading, result, self._outbox))
        if self._explains and reading.invoice is not None:
            from paytraq_direct.cli import explain  # noqa: PLC0415 - for this option alone

            self._say(self._out, *explain.lines_of(reading.invoice), "")
        for note in result.notes:
            self._say(self._err, f"{INDENT}note: {note}")

    def _tell_losses(self, reading: Reading) -> None:
        """Tell on the receipt how much is not carried, and all of it where nothing is sent."""
        if words := losses.in_short(reading):
            told = () if self._sends else losses.lines_of(reading)
            self._say(self._out, f"{INDENT}{words}", *(f"{INDENT}{line}" for line in told))

    @telling()
    def unmet(self, refs: Iterable[str]) -> None:
        """Tell which numbers were to be sent again and were not there."""
        for ref in refs:
            self._say(self._err, f"note: --resend {raw(ref)}: no invoice of that number was read")

    @telling()
    def stopped(self, origin: str | None) -> None:
        """Tell that Ctrl-C came, and after which invoice."""
        self._say(self._err, f"stopped by Ctrl-C{_stopped_after(origin)}")

    def broken_off(self, origin: str | None) -> None:
        """Tell that what is told could not be written, and after which invoice."""
        with contextlib.suppress(OutputError), telling():
            self._say(self._err, f"nothing more is sent, since the output cannot be written{_stopped_after(origin)}")

    @telling()
    def close(self) -> None:
        """Tell how it all went, where that is not plain already."""
        self._progress.close()
        self._sum_up()

    def _sum_up(self) -> None:
        for (code, path), count in self._warnings.items():
            if count > 1 and code not in _EACH:
                self._say(self._err, f"{styled('warning')} {code}: {count - 1:,} more like it ({path})")
        if self._outcomes.total() > 1:
            lines = [f"  {_name(outcome):<18}{count:>8,}" for outcome, count in self._outcomes.most_common()]
            self._say(self._err, "", *lines)
        if invalid := self._outcomes["invalid"]:
            which = "nothing was sent: " if invalid == self._outcomes.total() else f"{invalid:,} not sent: "
            errors, warnings = self._severities["error"], self._severities["warning"]
            numbers = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
            self._say(self._err, f"{which if self._sends else ''}{numbers}")

    def _is_new(self, warning: Fault) -> bool:
        """Count a warning; tell whether none like it was shown before."""
        key = (warning.code, _index.sub("[…]", warning.path))
        self._warnings[key] += 1
        return self._warnings[key] == 1 or warning.code in _EACH

    def _show_arrival(self, sha256: str | None) -> None:
        if self._inbox is not None:
            # From the end, since what came last is asked for first; several jobs may have overtaken each other.
            for arrival in reversed(self._inbox.arrivals):
                if arrival.sha256 == sha256:
                    self._say(self._out, *_arrival_lines(arrival))
                    break

    def _say(self, stream: TextIO, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        self._progress.wipe()
        stream.write(text if wants_colour(stream) else click.unstyle(text))
        stream.flush()


class JsonReport(Report):
    """Tells a program: one JSON object a line on ``out``, in the order of the input."""

    def _tell(self, reading: Reading, result: Result) -> None:
        line: dict[str, Any] = {
            "origin": reading.origin,
            "document_ref": result.document_ref,
            "outcome": result.outcome,
            "status": result.status,
            "channel": result.channel,
            "sha256": result.sha256,
            "attempts": result.attempts,
            "faults": [fault_data(fault) for fault in (*reading.faults, *result.faults)],
            "sent_at": None if result.sent_at is None else moment_text(result.sent_at),
            "elapsed_ms": None if result.elapsed_ms is None else round(result.elapsed_ms, 3),
            "message": result.message,
            "notes": result.notes,
            "losses": losses.data_of(reading),
        }
        if result.outcome == "conflict":
            line["differences"] = result.differences
        if self._explains and reading.invoice is not None:
            from paytraq_direct.cli import explain  # noqa: PLC0415 - for this option alone

            line["sum"] = explain.data_of(reading.invoice)
        if self._xml:
            line["document"] = result.document.decode(errors="replace") or None
        self._say(self._out, json.dumps(line, ensure_ascii=False))

    def _sum_up(self) -> None:
        """Add nothing: every invoice has its line."""


def reporter(progress: Progress, *, as_json: bool, **how: Any) -> Report:
    """Give the report for a command's options."""
    return (JsonReport if as_json else Report)(sys.stdout, sys.stderr, progress, **how)


def fault_lines(origin: str, fault: Fault, more: str = "; more: paytraq-check --rule {}") -> Iterator[str]:
    """Tell one fault: what, where, how it stands there, what to write instead, what that rests on, where there is more.

    ``more`` has a place for the code of the rule.
    """
    yield f"{styled(fault.severity)} {fault.code}: {fault.message}"
    place = [] if fault.line is None else [fault.line] if fault.column is None else [fault.line, fault.column]
    if re.search(r":[0-9]+$", origin):
        place = place[1:]  # the line of a .jsonl input is its origin
    where = ":".join(map(str, (raw(origin, longest=4096), *place)))
    yield f"  {where}{', ' if fault.path else ''}{fault.path}"
    if fault.excerpt is not None:
        yield from excerpt.lines_of(fault, fault.excerpt)
    if fault.suggestion:
        yield f"  {fault.suggestion}"
    if fault.source:
        yield f"  source: {_SOURCES.get(fault.source, fault.source)}{more.format(fault.code)}"


def _good_lines(reading: Reading, result: Result) -> Iterator[str]:
    about = _about(result.document, result.sha256 or "")
    words = about if result.elapsed_ms is None else f"{result.status} in {result.elapsed_ms:,.0f} ms"
    if result.outcome == "already_delivered":
        when = _local(result.sent_at) if result.sent_at else "before"
        words = f"{when}, {result.status or 'as a person found out'}"
    yield f"{styled(result.outcome)}{_parties(reading.invoice)}   {words}"


def _bad_lines(reading: Reading, result: Result, outbox: str) -> Iterator[str]:
    yield f"{styled(result.outcome)}{_parties(reading.invoice)}"
    when = f" (attempt of {_local(result.sent_at)})" if result.sent_at and not result.posted else ""
    yield f"{INDENT}{result.message}{when}"
    if result.attempts > 1 and result.posted:
        yield f"{INDENT}{result.attempts} attempts were made."
    if result.posted and (answer := " ".join(result.body[: 4 * _ANSWER_SHOWN].decode(errors="replace").split())):
        yield f"{INDENT}The answer says: {raw(answer, longest=_ANSWER_SHOWN)}"
    for difference in result.differences[:_DIFFERENCES_SHOWN]:
        name, _, change = raw(difference, longest=4096).partition(" ")
        yield f"{INDENT}  {name:<24} {change}"
    if len(result.differences) > _DIFFERENCES_SHOWN:
        yield f"{INDENT}  and {len(result.differences) - _DIFFERENCES_SHOWN:,} more"
    for line in _advice("under_way" if result.under_way else result.outcome, result.document_ref, outbox):
        yield INDENT + line


def _advice(outcome: str, ref: str | None, outbox: str) -> Iterator[str]:
    """Say what can be done now, in commands that name this invoice and no other when they are pasted into a shell."""
    if ref is None or not ref.isprintable():
        for line in _ADVICE_BY_ID.get(outcome, _ADVICE[outcome]):
            yield line.format(outbox=outbox)
        return
    hyphen = "-- " if ref.startswith("-") and outcome == "in_doubt" else ""
    for line in _ADVICE[outcome]:
        yield line.format(ref=hyphen + shlex.quote(ref), outbox=outbox)


def _arrival_lines(arrival: Arrival) -> Iterator[str]:
    """Tell what an inbox of our own has now."""
    invoice = arrival.invoice
    if invoice is not None:
        rows = len(invoice.line_items)
        yield f"{INDENT}in the inbox: {invoice.sale_type} of {invoice.document_date}, {counted(rows, 'line')}"
    faults = counted(len(arrival.faults), "fault")
    yield f"{INDENT}{_about(arrival.document, arrival.sha256)}; the inbox checked it: {faults}"
    for fault in arrival.faults:
        yield f"{INDENT}{fault}"


def _stopped_after(origin: str | None) -> str:
    return f" after {raw(origin)}; the same command goes on from there" if origin else " before anything was sent"


def _parties(invoice: Invoice | None) -> str:
    """Name an invoice as a person knows it; what a document of others lacks is left out."""
    if invoice is None:
        return ""
    shown = [raw(str(invoice.document_ref))]
    shown.append(f"{raw(str(invoice.supplier_name))} → {raw(str(invoice.client_name))}")
    if invoice.gross_amount is not None:
        shown.append(f"{amount_text(invoice.gross_amount)} {invoice.currency}")
    return "  ".join(shown)


def _about(document: bytes, sha256: str) -> str:
    size = f"{len(document):,} bytes" if len(document) < 1000 else f"{len(document) / 1000:,.1f} kB"  # noqa: PLR2004
    return f"document {size}, sha256 {short_sum(sha256)}"


def fault_data(fault: Fault) -> dict[str, Any]:
    """Tell one fault to a program."""
    data = {name: getattr(fault, name) for name in _FAULT_FIELDS}
    data["length"] = fault.length
    data["excerpt"] = None if fault.excerpt is None else fault.excerpt.text
    data["fix"] = None if fault.fix is None else _fix_data(fault.fix)
    return data


def _fix_data(fix: Fix) -> dict[str, Any]:
    """Give a fix for a program: a number as its digits."""
    data: dict[str, Any] = {"op": fix.op}
    if fix.key is not None:
        data["key"] = fix.key
    if fix.op != "rename":
        data["value"] = amount_text(fix.value) if isinstance(fix.value, Decimal) else fix.value
    return data


def _local(moment: datetime) -> str:
    return moment.astimezone().isoformat(" ", "seconds")


def _name(outcome: str) -> str:
    return outcome.replace("_", " ")


def styled(word: str) -> str:
    """Give an outcome, padded to its column, or a severity, in its colour."""
    shown = word if word in {"error", "warning"} else f"{_name(word):<10} "
    return click.style(shown, fg=_COLOURS[word], bold=True)
