"""Several inputs, one after the other: each invoice is treated by itself, and one bad one never sinks the rest."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from paytraq_direct import readers
from paytraq_direct.cli import exits
from paytraq_direct.cli.command import OutputError
from paytraq_direct.dispatch import Dispatch
from paytraq_direct.errors import Fault, OutboxError
from paytraq_direct.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paytraq_direct.cli.report import Report
    from paytraq_direct.cli.route import Route
    from paytraq_direct.dispatch import Later
    from paytraq_direct.errand import Errand
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers import Reading
    from paytraq_direct.run import Run

    Treat = Callable[[Invoice], Result]

_LEFT: Final = "stopped before it was sent"


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
        is_good = reading.invoice is not None and not (strict and reading.faults)
        result = treat(reading.invoice) if reading.invoice is not None and is_good else _invalid(reading)
        code = max(code, exits.BY_OUTCOME[result.outcome])
        try:
            report.show(reading, result)
        except OutputError as error:
            raise exits.BrokenOff(code) from error
    report.close()
    return code


def send(
    readings: Iterator[Reading],
    route: Route,
    report: Report,
    *,
    strict: bool,
    jobs: int,
    resend: Sequence[str] = (),
    waits: bool = False,
) -> int:
    """Send every invoice, several at a time, and report each in the order of the input; give the highest exit code.

    The first Ctrl-C lets what is under way end, the second does not; either way each invoice that was read is told.
    Output that cannot be written ends it like the first: nothing that was begun is left in the dark. Raises BrokenOff
    then, and when it cannot go on. ``waits`` when the next reading may have to be waited for.
    """
    way = _Way(route, strict=strict)
    dispatch: Dispatch[_Ready, Result] = Dispatch(
        way.deliver, jobs=jobs, leave=way.leave, cut=way.cut_short, apart=waits
    )
    way.broken_off = dispatch.stop
    results = dispatch.results(map(way.ready, readings))
    code, last, unmet = 0, None, dict.fromkeys(resend)
    with _stopped_by_ctrl_c(dispatch, route):
        try:
            for (reading, _), result in results:
                last = reading.origin
                if result.posted or not result.unwritten:  # else its line says why, and the code is that of the outbox
                    code = max(code, exits.BY_OUTCOME[result.outcome])
                unmet.pop(str(result.document_ref), None)
                report.show(reading, result)
            if not dispatch.was_stopped:
                report.unmet(unmet)
            elif way.trouble is None:
                report.stopped(last)
            report.close()
        except KeyboardInterrupt:
            # The third one: not even the telling is waited for.
            code = max(code, exits.BY_OUTCOME["in_doubt"] if dispatch.under_way() else 0)
        except OutputError as error:
            route.stop()
            code = max(code, _ended(dispatch, results))
            report.broken_off(last)
            raise exits.BrokenOff(code) from error
        except Exception as error:
            raise exits.BrokenOff(code) from error
    if way.trouble is not None:
        raise exits.BrokenOff(code) from way.trouble
    return code or (exits.STOPPED if dispatch.was_stopped else 0)


def _ended(dispatch: Dispatch[_Ready, Result], results: Iterator[tuple[_Ready, Result]]) -> int:
    """Let what is under way end, though nobody is told, and give the highest exit code of what was posted."""
    dispatch.stop()
    code = 0
    with contextlib.suppress(Exception):
        for _, result in results:
            code = max(code, exits.BY_OUTCOME[result.outcome] if result.posted else 0)
    return code


class _Ready(NamedTuple):
    """A reading with its errand for a run, or with the result that it has without one."""

    reading: Reading
    found: tuple[Run, Errand | Result] | Result


class _Way:
    """What is done with each reading of a batch: refused, or treated by the run that it goes by."""

    def __init__(self, route: Route, *, strict: bool) -> None:
        self._route = route
        self._strict = strict
        self.trouble: OutboxError | None = None
        self.broken_off: Callable[[], object] = lambda: None

    def ready(self, reading: Reading) -> _Ready:
        invoice = reading.invoice
        if invoice is None or (self._strict and reading.faults):
            return _Ready(reading, _invalid(reading))
        run = self._route.run_of(invoice)
        if isinstance(run, Fault):
            return _Ready(reading, _invalid(reading, run))
        return _Ready(reading, (run, run.sender.ready(invoice, origin=reading.origin, losses=reading.losses)))

    def deliver(self, ready: _Ready) -> Result | Later[Result]:
        if isinstance(ready.found, Result):
            return ready.found
        run, errand = ready.found
        try:
            return run.deliver_soon(errand)
        except OutboxError as trouble:
            return self._unsent(errand, trouble)

    def leave(self, ready: _Ready) -> Result:
        if isinstance(ready.found, Result):
            return ready.found
        _, errand = ready.found
        if isinstance(errand, Result):
            return errand
        if self.trouble is not None:
            return self._unsent(errand, self.trouble)
        try:
            return errand.hold(_LEFT)
        except OutboxError as trouble:
            return self._unsent(errand, trouble)

    def _unsent(self, errand: Errand | Result, trouble: OutboxError) -> Result:
        """Give the result of an invoice that was not sent since the outbox failed; that ends the batch, too."""
        self.trouble = self.trouble or trouble
        self.broken_off()
        assert not isinstance(errand, Result)  # noqa: S101 - a result asks nothing of the outbox
        return errand.result("pending", f"it was not sent: {trouble}", unwritten=str(trouble))

    @staticmethod
    def cut_short(ready: _Ready) -> Result:
        if isinstance(ready.found, Result):
            return ready.found
        run, errand = ready.found
        return run.sender.cut_short(errand)


@contextlib.contextmanager
def _stopped_by_ctrl_c(dispatch: Dispatch[_Ready, Result], route: Route) -> Iterator[None]:
    """Have the first Ctrl-C end what is under way and read no more, the second wait for nothing.

    Neither breaks into what is being told: both are seen at the next glance. Only a third one does.
    """

    def stop(_number: int, _frame: object) -> None:
        if dispatch.was_abandoned:
            raise KeyboardInterrupt
        if dispatch.was_stopped:
            dispatch.abandon()
            return
        dispatch.stop()
        route.stop()
        if under_way := len(dispatch.under_way()):
            # A signal may come in the middle of a print, so not by one.
            with contextlib.suppress(OSError):
                os.write(2, f"\nending what is under way ({under_way}); Ctrl-C again stops at once\n".encode())

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _invalid(reading: Reading, *faults: Fault) -> Result:
    ref = reading.invoice.document_ref if reading.invoice else None
    return Result(outcome="invalid", document_ref=ref, message="", channel=None, faults=faults)
