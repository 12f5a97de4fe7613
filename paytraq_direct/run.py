"""One batch through one channel, and when it is better to stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from paytraq_direct.dispatch import Dispatch
from paytraq_direct.errors import OutboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.invoice import Invoice
    from paytraq_direct.result import Result
    from paytraq_direct.sender import Sender

MOST_DOUBTS: Final = 3


class Run:
    """One batch through one channel. Three doubts in a row, of its own attempts, stop it; a new run starts afresh."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self._doubts = 0
        self._counting = threading.Lock()
        self._is_stopped = False
        self._unwritten = ""

    def deliver(self, invoice: Invoice, *, origin: str | None = None) -> Result:
        """Send one invoice and give its result; pending once the run has stopped.

        Raises OutboxError also when an answer before this one could not be written down.
        """
        if self._unwritten:
            raise OutboxError(self._unwritten)
        if self._is_stopped:
            message = f"{MOST_DOUBTS} in a row are in doubt, so the rest is not sent: is the channel in order?"
            return self.sender.hold(invoice, message, origin=origin)
        result = self.sender.deliver(invoice, origin=origin)
        if result.unwritten:
            self._unwritten = result.unwritten
        if result.posted:
            self._count(result)
        return result

    def _count(self, result: Result) -> None:
        """Count doubts in a row; once there were too many, a slower success that comes after them changes nothing."""
        with self._counting:
            self._doubts = self._doubts + 1 if result.outcome == "in_doubt" else 0
            self._is_stopped = self._is_stopped or self._doubts >= MOST_DOUBTS

    def results(self, invoices: Iterable[Invoice], *, jobs: int) -> Iterator[Result]:
        """Send invoices, ``jobs`` at a time, and give their results in order."""
        if jobs == 1:
            return map(self.deliver, invoices)
        return (result for _, result in Dispatch(self.deliver, jobs=jobs, leave=self._leave).results(invoices))

    def _leave(self, invoice: Invoice) -> Result:
        return self.sender.hold(invoice, "it was read, and no more results were wanted: it was not sent")
