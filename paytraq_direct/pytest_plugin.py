"""A Purchase Inbox for the tests of a supplier: the fixture ``paytraq_inbox``.

def test_we_send_what_we_mean(paytraq_inbox):
our_shop.send_invoice(77, channel=paytraq_inbox.channel)
(document,) = paytraq_inbox.documents
assert document.document_ref == "INV-77"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.channel import ChannelUri
    from paytraq_direct.errors import Fault
    from paytraq_direct.inbox.arrival import Arrival
    from paytraq_direct.inbox.script import Step
    from paytraq_direct.inbox.server import Inbox
    from paytraq_direct.invoice import Invoice

PATIENCE_S = 10.0


class Document:
    """A document that arrived: every field of its record, and ``bytes`` as they came.

    Fields are those of Invoice (``document.gross_amount``). A document with errors has none: look at its ``faults``.
    """

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def __repr__(self) -> str:
        return f"Document({self._arrival.document_ref!r})"

    def __getattr__(self, name: str) -> Any:
        invoice = self._arrival.invoice
        if invoice is None:
            raise AttributeError(f"the document has errors, so it has no {name}: {'; '.join(map(str, self.faults))}")
        return getattr(invoice, name)

    @property
    def bytes(self) -> bytes:
        """The document as it came."""
        return self._arrival.document

    @property
    def invoice(self) -> Invoice | None:
        """The record that it spells, None where it has errors."""
        return self._arrival.invoice

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What the inbox has to say of it."""
        return self._arrival.faults

    @property
    def answer(self) -> str:
        """What the inbox answered: a status, or what the script did in its place."""
        return self._arrival.answer


class PaytraqInbox:
    """An inbox on this machine, empty when a test begins."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    @property
    def channel(self) -> ChannelUri:
        """The channel: what ``send`` and ``Sender`` take. ``channel.reveal()`` is its address as text."""
        return self._inbox.channel

    @property
    def documents(self) -> list[Document]:
        """Every document that came, in the order in which they were answered."""
        return [Document(arrival) for arrival in self._inbox.arrivals]

    def script(self, *steps: str | Step, **by_ref: str | Step) -> None:
        """Say how the next documents are answered: ``script("503:Retry-After=2", "accept-then-hang")``.

        Raises ScriptError, which lists the steps there are.
        """
        self._inbox.script.extend([*steps, *(f"{ref}=>{step}" for ref, step in by_ref.items())])

    def wait_for(self, count: int, timeout_s: float = PATIENCE_S) -> list[Document]:
        """Wait until so many documents have come and give them; raises AssertionError when they do not in time."""
        if not self._inbox.kept.wait(lambda found: found >= count, timeout_s):
            raise AssertionError(f"{self._inbox.kept.count} of {count} documents came within {timeout_s:g} s")
        return self.documents


@pytest.fixture
def paytraq_inbox() -> Iterator[PaytraqInbox]:
    """Give a Purchase Inbox of this test's own, on a free port of this machine."""
    from paytraq_direct.inbox.server import Inbox  # noqa: PLC0415 - only for tests that use it

    with Inbox() as inbox:
        yield PaytraqInbox(inbox)
