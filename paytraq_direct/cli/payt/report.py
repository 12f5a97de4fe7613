"""What a person, or a program, is told of what went to Payt."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct.amounts import amount_text, moment_text
from paytraq_direct.cli.command import telling, wants_colour
from paytraq_direct.cli.report import GOOD, INDENT, fault_data, fault_lines, styled
from paytraq_direct.payt.rules import NO_DOCUMENT
from paytraq_direct.wording import counted, raw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from paytraq_direct.cli.progress import Progress
    from paytraq_direct.payt.mailing import Mailing
    from paytraq_direct.payt.result import Result

_MORE: Final = "; more: docs/payt.md"
_SHOWN: Final = 20
_index = re.compile(r"\[[0-9]+\]")


class Report:
    """Tells a person what became of invoices: what went well on ``out``, all that needs care on ``err``.

    Raises OutputError. ``mailing`` is when Payt mails what it imports now, unless it was mailed already.
    """

    def __init__(self, progress: Progress, mailing: Mailing, *, sends: bool) -> None:
        self._progress = progress
        self._mailing = mailing
        self._sends = sends
        self._outcomes: Counter[str] = Counter()
        self._warnings: Counter[tuple[str, str]] = Counter()
        self._notes: Counter[str] = Counter()
        self._to_mail = 0
        self._without_document = 0

    @telling()
    def show(self, result: Result) -> None:
        """Tell what became of one invoice."""
        self._outcomes[result.outcome] += 1
        if _is_to_mail(result):
            self._to_mail += 1
            self._without_document += any(fault.code == NO_DOCUMENT.code for fault in result.faults)
        self._tell(result)
        good = sum(self._outcomes[outcome] for outcome in GOOD)
        self._progress.show(self._outcomes.total(), self._outcomes.total() - good)

    def _tell(self, result: Result) -> None:
        for fault in result.faults:
            key = (fault.code, _index.sub("[…]", fault.path))
            self._warnings[key] += not fault.is_error
            if fault.is_error or self._warnings[key] == 1:
                self._say(sys.stderr, *fault_lines(result.origin, fault, _MORE), "")
        if result.outcome == "invalid":
            return
        is_good = result.outcome in GOOD
        self._say(sys.stdout if is_good else sys.stderr, *_lines(result))
        for note in result.notes:
            self._notes[note] += 1
            if self._notes[note] == 1:
                self._say(sys.stderr, f"{INDENT}note: {note}")

    @telling()
    def unmet(self, numbers: Sequence[str]) -> None:
        """Tell which numbers were to be sent again and were not there."""
        for number in numbers:
            self._say(sys.stderr, f"note: --resend {raw(number)}: no invoice of that number was read")

    @telling()
    def stopped(self) -> None:
        """Tell that Ctrl-C came."""
        self._say(sys.stderr, "stopped by Ctrl-C; the same command goes on from there")

    @telling()
    def close(self) -> None:
        """Tell how it all went, and when the debtors are mailed."""
        self._progress.close()
        self._sum_up()

    def _sum_up(self) -> None:
        for (code, path), count in self._warnings.items():
            if count > 1:
                self._say(
                    sys.stderr, f"{styled('warning')} {code}: {count - 1:,} more like it ({path or 'the invoice'})"
                )
        if self._outcomes.total() > 1:
            lines = [f"  {_name(outcome):<18}{count:>8,}" for outcome, count in self._outcomes.most_common()]
            self._say(sys.stderr, "", *lines)
        if self._sends and (invalid := self._outcomes["invalid"]):
            which = "nothing was sent" if invalid == self._outcomes.total() else f"{invalid:,} not sent"
            self._say(sys.stderr, f"{which}: faults in the input")
        if self._to_mail:
            from paytraq_direct.cli.payt.when import phrase  # noqa: PLC0415 - most of it is options of a command

            if_sent = "" if self._sends else "if sent now: "
            without = f", {self._without_document:,} without a document yet" if self._without_document else ""
            self._say(sys.stdout, f"{if_sent}{phrase(self._mailing)} ({counted(self._to_mail, 'invoice')}{without})")

    def _say(self, stream: TextIO, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        self._progress.wipe()
        stream.write(text if wants_colour(stream) else click.unstyle(text))
        stream.flush()


class JsonReport(Report):
    """Tells a program: one JSON object a line, in the order of the input."""

    def _tell(self, result: Result) -> None:
        line: dict[str, Any] = {
            "origin": result.origin,
            "invoice_number": result.invoice_number,
            "outcome": result.outcome,
            "status": result.status,
            "channel": result.channel,
            "sha256": result.sha256,
            "attempts": result.attempts,
            "faults": [fault_data(fault) for fault in result.faults],
            "sent_at": None if result.sent_at is None else moment_text(result.sent_at),
            "elapsed_ms": None if result.elapsed_ms is None else round(result.elapsed_ms, 3),
            "message": result.message,
            "errors": result.errors,
            "warnings": result.warnings,
            "notes": result.notes,
            "mailed_at": moment_text(self._mailing.sent_at) if _is_to_mail(result) else None,
        }
        self._say(sys.stdout, json.dumps(line, ensure_ascii=False))

    def _sum_up(self) -> None:
        """Add nothing: every invoice has its line."""


def _is_to_mail(result: Result) -> bool:
    """Tell whether Payt mails an invoice now: one that it took, and that was not mailed already."""
    return result.outcome in {"delivered", "checked"} and result.record is not None and result.record.sent_at is None


def _lines(result: Result) -> Iterator[str]:
    """Tell what became of one invoice, and what Payt says of it."""
    words = (
        "" if result.status is None or result.elapsed_ms is None else f"{result.status} in {result.elapsed_ms:,.0f} ms"
    )
    if result.outcome == "already_delivered" and result.sent_at:
        words = f"{result.sent_at.astimezone().isoformat(' ', 'seconds')}, unchanged since"
    yield f"{styled(result.outcome)}{_about(result)}   {words}".rstrip()
    if result.outcome not in GOOD:
        told = result.errors or (result.message,)
        lead = "Payt says: " if result.errors else ""
        yield from (f"{INDENT}{lead}{line}" for line in told[:_SHOWN])
        if len(told) > _SHOWN:
            yield f"{INDENT}and {len(told) - _SHOWN:,} more"
        if result.attempts > 1 and result.posted:
            yield f"{INDENT}{result.attempts} attempts were made."
    for warning in result.warnings[:_SHOWN]:
        yield f"{INDENT}{styled('warning')} of Payt: {warning}"


def _about(result: Result) -> str:
    """Name an invoice as a person knows it."""
    record = result.record
    shown = [raw(result.invoice_number or "")]
    if record is not None:
        debtor = record.debtor_number or record.debtor_identifier
        shown += [f"debtor {raw(debtor)}"] if debtor else []
        shown.append(f"{amount_text(record.amount_total)} {record.currency_code}")
    return "  ".join(shown)


def _name(outcome: str) -> str:
    return outcome.replace("_", " ")
