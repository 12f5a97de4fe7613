"""One batch through one channel, and when it is better to stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from paytraq_direct.dispatch import Dispatch, Later
from paytraq_direct.errors import OutboxError
from paytraq_direct.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from paytraq_direct.errand import Errand
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.sender import Sender

MOST_DOUBTS: Final = 3
STOPPED: Final = f"{MOST_DOUBTS} in a row are in doubt, so the rest is not sent: is the channel in order?"


_UNWANTED: Final = "it was read, and no more results were wanted: it was not sent"


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
        held = self._held(lambda why: self.sender.hold(invoice, why, origin=origin))
        return held or self._counted(self.sender.deliver(invoice, origin=origin))

    def deliver_soon(self, errand: Errand | Result) -> Result | Later[Result]:
        """Do the same with what the sender has ready; a success is given before it is written down."""
        if isinstance(errand, Result):
            return errand
        if held := self._held(errand.hold):
            return held
        found = self.sender.deliver_soon(errand)
        if not isinstance(found, Later):
            return self._counted(found)
        found.when_settled(self._counted)
        return found

    def _held(self, hold: Callable[[str], Result]) -> Result | None:
        """Give the result of an invoice that is not to be sent since the run has stopped."""
        if self._unwritten:
            raise OutboxError(self._unwritten)
        return hold(STOPPED) if self._is_stopped else None

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

    def results(self, invoices: Iterable[Invoice], *, jobs: int, ahead: bool) -> Iterator[Result]:
        """Send invoices, ``jobs`` at a time, and give their results in order."""
        if jobs == 1 and not ahead:
            return map(self.deliver, invoices)
        dispatch = Dispatch(self.deliver_soon, jobs=jobs, leave=_left)
        return (result for _, result in dispatch.results(map(self.sender.ready, invoices)))


def _left(errand: Errand | Result) -> Result:
    return errand if isinstance(errand, Result) else errand.hold(_UNWANTED)
