"""What became of one invoice: the receipt, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from paytraq_direct.errors import Conflict, Deferred, DeliveryError, InDoubt, InvalidInvoice, Rejected

if TYPE_CHECKING:
    from paytraq_direct.channel import Verdict
    from paytraq_direct.errors import Fault
    from paytraq_direct.outbox.guard import Standing
    from paytraq_direct.outbox.ledger import Attempt

_FAILURES: Final[dict[str, type[DeliveryError]]] = {
    "pending": Deferred,
    **{kind.outcome: kind for kind in (Deferred, Rejected, InDoubt, Conflict)},
}

Outcome = Literal[
    "delivered", "already_delivered", "deferred", "pending", "rejected", "in_doubt", "conflict", "invalid", "checked"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that a document is in the inbox; whether it is booked is the customer's affair.

    ``channel`` is masked; ``sha256`` is of the document's bytes, in hex; ``sent_at`` is when the attempt that
    delivered it began, in UTC, and ``elapsed_ms`` how long it took. ``notes`` are remarks worth reading. ``already``
    when the outbox had it: nothing was posted now, and the rest is of the first delivery. ``status`` is None then
    if a person found out that it had arrived.
    """

    document_ref: str
    channel: str
    status: int | None
    sha256: str
    attempts: int
    sent_at: datetime
    elapsed_ms: float
    notes: tuple[str, ...] = ()
    already: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one invoice, be it a receipt or a failure.

    Fields that have no value (``status`` without an answer, ``sha256`` of an invalid invoice) are None.
    ``document`` is what was sent, or would be. ``body`` is the beginning of the answer, at most 64 KiB;
    ``retry_after`` is in seconds. ``posted`` tells whether anything was posted now, or all was known before;
    ``unwritten`` why the outbox lacks what came of it, if it does. ``under_way`` tells whether another sender is at it
    at this moment, so that it may arrive.
    """

    outcome: Outcome
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
    differences: tuple[str, ...] = ()
    posted: bool = False
    unwritten: str = ""
    under_way: bool = False

    def receipt(self) -> Receipt:
        """Give the receipt of a delivery; raises the InvalidInvoice or DeliveryError that is there instead."""
        if self.outcome in {"delivered", "already_delivered"} and self.sha256 and self.sent_at:
            return Receipt(
                document_ref=self.document_ref or "",
                channel=self.channel or "",
                status=self.status,
                sha256=self.sha256,
                attempts=self.attempts,
                sent_at=self.sent_at,
                elapsed_ms=self.elapsed_ms or 0.0,
                notes=self.notes,
                already=self.outcome == "already_delivered",
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
        if isinstance(error, Conflict):
            error.differences = self.differences
        return error


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came when part of a document had left: ``result`` is in doubt, and says so."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


_STANDINGS: Final = {"delivered": "already_delivered", "sending": "pending", "superseded": "pending"}


def of_posted(verdict: Verdict, attempts: int, unwritten: str) -> dict[str, Any]:
    """Give what a result says of a post; in doubt, as the outbox has it, when the answer is not written down."""
    exchange = verdict.exchange
    outcome, message = verdict.outcome, verdict.message
    if unwritten:
        answer = f"the answer ({exchange.status})" if exchange.status else "what came of it"
        outcome, message = "in_doubt", f"it was posted, and {answer} could not be written down: {unwritten}"
    return {
        "outcome": outcome,
        "message": message,
        "posted": True,
        "status": exchange.status,
        "body": exchange.body,
        "attempts": attempts,
        "sent_at": exchange.sent_at,
        "elapsed_ms": exchange.elapsed_ms,
        "retry_after": verdict.retry_after,
        "notes": verdict.notes,
        "unwritten": unwritten,
    }


def of_standing(standing: Standing, *, document_ref: str | None, document: bytes, channel: str) -> Result:
    """Give the result of an invoice that the outbox knows already."""
    delivery, attempt = standing.delivery, standing.attempt
    outcome: Any = _STANDINGS.get(standing.kind, standing.kind)
    found: dict[str, Any] = {}
    if attempt is not None:
        found |= {"status": attempt.status, "body": attempt.body, "elapsed_ms": attempt.elapsed_ms}
        found |= {"sent_at": datetime.fromisoformat(attempt.began_at), "attempts": standing.attempts}
    return Result(
        outcome=outcome,
        document_ref=document_ref,
        message=_message(standing.kind, delivery.state, attempt),
        channel=channel,
        document=document,
        sha256=delivery.sha256,
        differences=standing.differences,
        under_way=standing.kind == "sending",
        **found,
    )


def _message(kind: str, state: str, attempt: Attempt | None) -> str:
    """Say why an invoice that the outbox knows is not posted."""
    match kind:
        case "delivered":
            return "it was delivered before"
        case "conflict":
            verb = "was delivered" if state == "delivered" else "is in doubt"
            return f"its number {verb} with other content; nothing was sent"
        case "sending":
            return "another process is sending it still, so it may arrive; nothing was sent by this one"
        case "in_doubt":
            return "it is in doubt since an earlier attempt; nothing was sent now"
        case "superseded":
            return "other content took its place meanwhile; nothing was sent by this one"
    return attempt.message or "" if attempt else ""
