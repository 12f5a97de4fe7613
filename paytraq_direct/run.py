"""One batch through one channel, and when it is better to stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from paytraq_direct.dispatch import Dispatch
from paytraq_direct.errors import OutboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.result import Result
    from paytraq_direct.sender import Sender

MOST_DOUBTS: Final = 3
STOPPED: Final = f"{MOST_DOUBTS} in a row are in doubt, so the rest is not sent: is the channel in order?"


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
            return self.sender.hold(invoice, STOPPED, origin=origin)
        return self._counted(self.sender.deliver(invoice, origin=origin))

    def again(self, delivery: Delivery) -> Result | None:
        """Send a kept delivery again and give its result; None, and it is kept as it is, once the run has stopped."""
        if self._unwritten:
            raise OutboxError(self._unwritten)
        return None if self._is_stopped else self._counted(self.sender.again(delivery))

    def _counted(self, result: Result) -> Result:
        """Count doubts in a row; once there were too many, a slower success that comes after them changes nothing."""
        if result.unwritten:
            self._unwritten = result.unwritten
        if result.posted:
            with self._counting:
                self._doubts = self._doubts + 1 if result.outcome == "in_doubt" else 0
                self._is_stopped = self._is_stopped or self._doubts >= MOST_DOUBTS
        return result

    def results(self, invoices: Iterable[Invoice], *, jobs: int) -> Iterator[Result]:
        """Send invoices, ``jobs`` at a time, and give their results in order."""
        if jobs == 1:
            return map(self.deliver, invoices)
        return (result for _, result in Dispatch(self.deliver, jobs=jobs, leave=self._leave).results(invoices))

    def _leave(self, invoice: Invoice) -> Result:
        return self.sender.hold(invoice, "it was read, and no more results were wanted: it was not sent")
