"""Several inputs, one after the other: each invoice is treated by itself, and one bad one never sinks the rest."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

import click

from paytraq_direct import readers, rules
from paytraq_direct.cli import exits
from paytraq_direct.dispatch import Dispatch
from paytraq_direct.readers import Reading
from paytraq_direct.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paytraq_direct.cli.report import Report
    from paytraq_direct.codes import Operation
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.sender import Run

    Treat = Callable[[Invoice], Result]

_LEFT: Final = "stopped by Ctrl-C before it was sent"
_CUT_SHORT: Final = "stopped by Ctrl-C while it was being sent: it may have arrived"


def probe(files: tuple[str, ...]) -> None:
    """Make sure that every file can be opened before anything is sent; raises a usage error."""
    if files.count("-") > 1:
        raise click.UsageError("standard input (-) is named twice")
    for name in files:
        if "://" in name:
            raise click.UsageError("an address stands where a FILE belongs: write --channel before it")
        try:
            readers.probe(name)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it cannot be opened"
            raise click.UsageError(f"{name} is not read: {why[:1].lower()}{why[1:]}") from None


def check(readings: Iterator[Reading], treat: Treat, report: Report, *, strict: bool) -> int:
    """Check every invoice and report it; give the highest exit code."""
    code = 0
    for reading in readings:
        result = refused(reading, strict=strict) or treat(reading.invoice)  # type: ignore[arg-type] # refused() saw it
        report.show(reading, result)
        code = max(code, exits.BY_OUTCOME[result.outcome])
    report.close()
    return code


def send(readings: Iterator[Reading], run: Run, report: Report, *, strict: bool, jobs: int) -> int:
    """Send every invoice, several at a time, and report each in the order of the input; give the highest exit code.

    The first Ctrl-C lets what is under way end, the second does not.
    """

    def deliver(reading: Reading) -> Result:
        result = refused(reading, strict=strict)
        return result or run.deliver(reading.invoice, origin=reading.origin)  # type: ignore[arg-type] # as above

    def leave(reading: Reading) -> Result:
        result = refused(reading, strict=strict)
        return result or run.sender.hold(reading.invoice, _LEFT, origin=reading.origin)  # type: ignore[arg-type]

    dispatch: Dispatch[Reading, Result] = Dispatch(deliver, jobs=jobs, leave=leave)
    code, last, is_stopped = 0, None, False
    with _stopped_by_ctrl_c(dispatch):
        try:
            for reading, result in dispatch.results(readings):
                report.show(reading, result)
                code, last = max(code, exits.BY_OUTCOME[result.outcome]), reading.origin
            is_stopped = dispatch.was_stopped
        except KeyboardInterrupt:
            is_stopped = True
            for reading in dispatch.under_way():
                ref = reading.invoice.document_ref if reading.invoice else None
                channel = run.sender.channel.masked
                report.show(reading, Result(outcome="in_doubt", document_ref=ref, message=_CUT_SHORT, channel=channel))
                code = max(code, exits.BY_OUTCOME["in_doubt"])
    if is_stopped:
        report.stopped(last)
    report.close()
    return code or (exits.STOPPED if is_stopped else 0)


@contextlib.contextmanager
def _stopped_by_ctrl_c(dispatch: Dispatch[Reading, Result]) -> Iterator[None]:
    """Have the first Ctrl-C end what is under way and read no more; one more, or one when nothing is, stops at once."""

    def stop(_number: int, _frame: object) -> None:
        under_way = len(dispatch.under_way())
        if dispatch.was_stopped or not under_way:
            raise KeyboardInterrupt
        dispatch.stop()
        # A signal may come in the middle of a print, so not by one.
        os.write(2, f"\nending what is under way ({under_way}); Ctrl-C again stops at once\n".encode())

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def read(files: tuple[str, ...], *, ignore_unknown: bool, operation: Operation | None) -> Iterator[Reading]:
    """Read the files in their order; one that breaks off is one bad input."""
    for name in files:
        try:
            yield from readers.read(name, ignore_unknown=ignore_unknown, operation=operation)
        except OSError as error:
            yield Reading(name, None, (rules.UNREADABLE.fault("", why=(error.strerror or "it breaks off").lower()),))


def refused(reading: Reading, *, strict: bool) -> Result | None:
    """Give the result of a reading that is not to be treated; None for a good one."""
    if reading.invoice is not None and not (strict and reading.faults):
        return None
    ref = reading.invoice.document_ref if reading.invoice else None
    return Result(outcome="invalid", document_ref=ref, message="", channel=None)
