"""Several inputs, one after the other: each invoice is treated by itself, and one bad one never sinks the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from paytraq_direct import readers, rules
from paytraq_direct.cli import exits
from paytraq_direct.readers import Reading
from paytraq_direct.sender import Interrupted, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paytraq_direct.cli.report import Report
    from paytraq_direct.codes import Operation
    from paytraq_direct.invoice import Invoice

    Treat = Callable[[Invoice], Result]


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


def run(readings: Iterator[Reading], treat: Treat, report: Report, *, strict: bool) -> int:
    """Treat every invoice and report it; give the highest exit code."""
    code, last = 0, None
    try:
        for reading in readings:
            result = refused(reading, strict=strict) or treat(reading.invoice)  # type: ignore[arg-type] # refused() saw it
            report.show(reading, result)
            code, last = max(code, exits.BY_OUTCOME[result.outcome]), reading.origin
    except Interrupted as stop:
        report.show(reading, stop.result)
        code = max(code, exits.BY_OUTCOME[stop.result.outcome])
    except KeyboardInterrupt:
        report.stopped(last)
        code = code or exits.STOPPED
    report.close()
    return code


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
