"""The whole way of an invoice: render, hold against the schema, post, and post again what was surely not taken."""

from __future__ import annotations

import hashlib
import math
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Self, TypedDict, Unpack

from paytraq_direct import schema, wording
from paytraq_direct.document import render
from paytraq_direct.errors import Deferred, DeliveryError, InDoubt, InvalidInvoice, Rejected
from paytraq_direct.invoice import Invoice

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from paytraq_direct.channel import ChannelUri, Verdict
    from paytraq_direct.errors import Fault
    from paytraq_direct.wire import Wire

DEADLINE_S: Final = 60.0

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_FAILURES: Final[dict[str, type[DeliveryError]]] = {kind.outcome: kind for kind in (Deferred, Rejected, InDoubt)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that a document is in the inbox; whether it is booked is the customer's affair.

    ``channel`` is masked; ``sha256`` is of the document's bytes, in hex; ``sent_at`` is when the attempt that
    delivered it began, in UTC, and ``elapsed_ms`` how long it took. ``notes`` are remarks worth reading.
    """

    document_ref: str
    channel: str
    status: int
    sha256: str
    attempts: int
    sent_at: datetime
    elapsed_ms: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one invoice, be it a receipt or a failure.

    Fields that have no value (``status`` without an answer, ``sha256`` of an invalid invoice) are None.
    ``document`` is what was sent, or would be. ``body`` is the beginning of the answer, at most 64 KiB;
    ``retry_after`` is in seconds.
    """

    outcome: Literal["delivered", "deferred", "rejected", "in_doubt", "invalid", "checked"]
    document_ref: str | None
    message: str
    channel: str | None
    document: bytes = field(default=b"", repr=False)
    faults: tuple[Fault, ...] = ()
    status: int | None = None
    body: bytes = b""
    sha256: str | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    elapsed_ms: float | None = None
    retry_after: float | None = None
    notes: tuple[str, ...] = ()

    def receipt(self) -> Receipt:
        """Give the receipt of a delivery; raises the InvalidInvoice or DeliveryError that is there instead."""
        if self.outcome == "delivered" and self.status and self.sha256 and self.sent_at and self.elapsed_ms is not None:
            return Receipt(
                document_ref=self.document_ref or "",
                channel=self.channel or "",
                status=self.status,
                sha256=self.sha256,
                attempts=self.attempts,
                sent_at=self.sent_at,
                elapsed_ms=self.elapsed_ms,
                notes=self.notes,
            )
        raise self._failure()

    def _failure(self) -> InvalidInvoice | DeliveryError:
        if self.outcome == "invalid":
            return InvalidInvoice(self.faults)
        error = _FAILURES[self.outcome](
            self.message,
            document_ref=self.document_ref,
            status=self.status,
            body=self.body,
            channel=self.channel or "",
            sha256=self.sha256 or "",
            attempts=self.attempts,
            sent_at=self.sent_at,
            elapsed_ms=self.elapsed_ms,
        )
        if isinstance(error, Deferred):
            error.retry_after = self.retry_after
        return error


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came when part of a document had left: ``result`` is in doubt, and says so."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


def prepare(invoice: Invoice) -> bytes:
    """Give the document of an invoice, held against the schema; nothing changes it afterwards.

    Raises InvalidInvoice. A finished document is given as it is: its reading told what is to be said about it.
    """
    if not isinstance(invoice, Invoice):
        raise TypeError(f"an Invoice is sent, not {wording.described(invoice)}: make one with Invoice(**fields)")
    document = render(invoice)
    if invoice.document is None and (faults := schema.verdict(document)):
        raise InvalidInvoice(faults)
    return document


class Sender:
    """Sends invoices through one channel, its connections kept for the next.

    ``deadline_s`` is for one attempt, everything included. What was surely not taken is tried again for
    ``retry_for_s`` seconds, as the channel asks or ever more slowly; nothing else ever is. ``proxy`` is
    ``http://[user:password@]host:port``, ``ca_bundle`` a PEM file; no environment variable has a say.
    Raises ChannelError when the channel or an option cannot be used. Close it, or use it in a with statement.
    """

    def __init__(
        self,
        channel: str | ChannelUri,
        *,
        deadline_s: float = DEADLINE_S,
        retry_for_s: float = 0.0,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        allow_http: bool = False,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        # Imported here because they bring requests, which reading, checking and rendering do not need.
        from paytraq_direct.channel import Channel, ChannelUri  # noqa: PLC0415
        from paytraq_direct.wire import Wire  # noqa: PLC0415

        if not 0 < deadline_s < math.inf:
            raise ValueError("deadline_s must be a number of seconds greater than 0")
        if not 0 <= retry_for_s < math.inf:
            raise ValueError("retry_for_s must be a number of seconds, 0 for one attempt")
        uri = channel if isinstance(channel, ChannelUri) else ChannelUri(channel, allow_http=allow_http)
        self._wire = wire or Wire(proxy=proxy, ca_bundle=ca_bundle)
        self._channel = Channel(uri, self._wire)
        self._deadline_s = deadline_s
        self._retry_for_s = retry_for_s
        self._clock = clock
        self._pause = pause

    def __repr__(self) -> str:
        return f"Sender({self.channel.masked!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        self._wire.close()

    @property
    def channel(self) -> ChannelUri:
        """The channel's address, which shows itself only masked."""
        return self._channel.uri

    def send(self, invoice: Invoice) -> Receipt:
        """Send one invoice and give the receipt.

        Raises InvalidInvoice, or the DeliveryError that says what may be done next; Interrupted on Ctrl-C
        when part of the document had left.
        """
        return self._deliver(invoice).receipt()

    def send_all(self, invoices: Iterable[Invoice]) -> Iterator[Result]:
        """Send invoices as they come and give one result for each, in their order; a failure stops nothing."""
        return map(self._deliver, invoices)

    def _deliver(self, invoice: Invoice) -> Result:
        try:
            document = prepare(invoice)
        except InvalidInvoice as invalid:
            message, faults = str(invalid), invalid.faults
            return Result(
                outcome="invalid", document_ref=invoice.document_ref, message=message, channel=self.channel.masked,
                faults=faults,
            )  # fmt: skip
        started = self._clock()
        attempts = 1
        verdict = self._post(invoice, document, attempts)
        while (wait_s := self._wait_s(verdict, attempts, self._clock() - started)) is not None:
            self._pause(wait_s)
            attempts += 1
            verdict = self._post(invoice, document, attempts)
        exchange = verdict.exchange
        return Result(
            outcome=verdict.outcome,
            document_ref=invoice.document_ref,
            message=verdict.message,
            channel=self.channel.masked,
            document=document,
            status=exchange.status,
            body=exchange.body,
            sha256=hashlib.sha256(document).hexdigest(),
            attempts=attempts,
            sent_at=exchange.sent_at,
            elapsed_ms=exchange.elapsed_ms,
            retry_after=verdict.retry_after,
            notes=verdict.notes,
        )

    def _post(self, invoice: Invoice, document: bytes, attempt: int) -> Verdict:
        try:
            return self._channel.post(document, deadline_s=self._deadline_s)
        except KeyboardInterrupt as stop:
            if not getattr(stop, "paytraq_progress", 0):
                raise
        message = "stopped by Ctrl-C when part of the document had left: it may have arrived"
        raise Interrupted(
            Result(
                outcome="in_doubt", document_ref=invoice.document_ref, message=message, channel=self.channel.masked,
                document=document, sha256=hashlib.sha256(document).hexdigest(), attempts=attempt,
            )
        )  # fmt: skip

    def _wait_s(self, verdict: Verdict, attempts: int, spent_s: float) -> float | None:
        """Give the seconds to wait before the next attempt; None when there shall be none."""
        if verdict.outcome != "deferred":
            return None
        wait_s = verdict.retry_after
        if wait_s is None:
            # Doubled each time, and drawn from the upper half: senders that failed together do not return together.
            longest = min(_FIRST_WAIT_S * 2 ** min(attempts - 1, 10), _LONGEST_WAIT_S)
            wait_s = random.uniform(longest / 2, longest)  # noqa: S311 - nothing secret hangs on it
        return wait_s if spent_s + wait_s <= self._retry_for_s else None


class Options(TypedDict, total=False):
    """The options of a Sender, which say how its posts are made."""

    deadline_s: float
    retry_for_s: float
    proxy: str | None
    ca_bundle: str | os.PathLike[str] | None
    allow_http: bool


def send(invoice: Invoice, channel: str | ChannelUri, **options: Unpack[Options]) -> Receipt:
    """Send one invoice through a channel and give the receipt; the options are those of Sender.

    Raises what ``Sender`` and ``Sender.send`` raise.
    """
    with Sender(channel, **options) as sender:
        return sender.send(invoice)
