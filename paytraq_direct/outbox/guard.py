"""The guard: what the ledger knows of an invoice, and whether it may be posted."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct.answer import KEPT_BODY
from paytraq_direct.channel import LONGEST_WAIT_S
from paytraq_direct.outbox import content
from paytraq_direct.outbox.ledger import now, storable
from paytraq_direct.record import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paytraq_direct.channel import Verdict
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.ledger import Attempt, Delivery, Page, State
    from paytraq_direct.readers.reading import Loss

SETTLED: Final = frozenset({"delivered", "in_doubt"})
ABANDONED: Final = "its sender was stopped, or could not write down the answer: the document may have arrived"
_GONE: Final = "its sender ended before it wrote down an answer: the document may have arrived"


class Draft(NamedTuple):
    """What is to be sent, on its way into the ledger.

    ``resend`` says that it goes round the guard, ``repeats`` that sending it is an upsert: it may be sent again after a
    doubt, and with other content. ``holds_doubts`` says that, all the same, the very content that is in doubt is not
    sent again by itself.
    """

    key: content.Key
    masked: str
    named: str | None
    record: str
    document: bytes
    values: dict[str, Any]
    resend: bool = False
    repeats: bool = False
    holds_doubts: bool = False

    def losing(self, losses: Sequence[Loss]) -> Draft:
        """Give the same draft with what its document does not carry, beside the fields of the record."""
        kept = json.dumps([loss._asdict() for loss in losses], ensure_ascii=False)
        return self._replace(record=f'{self.record[:-1]}, "losses": {kept}}}')


def drafted(
    key: content.Key, masked: str, invoice: Invoice, document: bytes, *, named: str | None, origin: str | None
) -> Draft:
    """Give an invoice that was just read, for a channel that is shown and named so, as it is written down."""
    return Draft(
        key=key,
        masked=masked,
        named=named and storable(named),
        record=record_of(invoice),
        document=document,
        values={
            "document_ref": invoice.document_ref,
            "origin": origin and storable(origin),
            "is_finished": invoice.document is not None,
            "sha256": hashlib.sha256(document).hexdigest(),
            "read_at": now(),
        },
    )


class Standing(NamedTuple):
    """What the guard knows of an invoice that is not to be posted.

    ``kind`` is ``delivered``, ``in_doubt`` (both with the same content), ``conflict`` (either with other
    content, ``differences`` says which) or ``sending`` (a sender that lives is at it).
    """

    kind: str
    delivery: Delivery
    attempt: Attempt | None
    attempts: int = 0
    differences: tuple[str, ...] = ()


def standing_against(page: Page, known: Sequence[Delivery], draft: Draft) -> Standing | None:
    """Say why an invoice must not be posted; None when it may. Nothing goes round a sender that is at it."""
    for delivery in known:
        if delivery.state == "sending":
            return Standing("sending", delivery, None)
    if draft.resend:
        return None
    settled = [delivery for delivery in known if delivery.state in SETTLED]
    if draft.repeats:
        # What came last is what holds there now.
        is_there = [d for d in settled[-1:] if d.sha256 == draft.values["sha256"]]
        if is_there and (draft.holds_doubts or is_there[0].state == "delivered"):
            return standing_of(page, is_there[0].state, is_there[0])
        return None
    same = [delivery for delivery in settled if _says_the_same(page, delivery, draft)]
    for state in ("delivered", "in_doubt"):
        for delivery in reversed(same):
            if delivery.state == state:
                return standing_of(page, state, delivery)
    if settled:
        last = settled[-1]
        changes = content.differences(page.record(last.id), draft.record)
        return standing_of(page, "conflict", last, changes or ("the document's bytes differ",))
    return None


def _says_the_same(page: Page, delivery: Delivery, draft: Draft) -> bool:
    """Tell whether a draft has the content of a delivery: the very bytes, or a record that differs in nothing.

    A finished document has no other content than its bytes.
    """
    if delivery.sha256 == draft.values["sha256"]:
        return True
    if delivery.is_finished or draft.values["is_finished"]:
        return False
    return not content.differences(page.record(delivery.id), draft.record)


def standing_of(page: Page, kind: str, delivery: Delivery, differences: tuple[str, ...] = ()) -> Standing:
    """Give a standing with the attempt that tells most of it."""
    attempts = page.attempts(delivery.id)
    telling = [attempt for attempt in attempts if attempt.outcome == delivery.state] or attempts
    return Standing(kind, delivery, telling[-1] if telling else None, len(attempts), differences)


def place(page: Page, known: Sequence[Delivery], draft: Draft, state: State, sender: str | None = None) -> int:
    """Find the delivery that a draft is, or add it; it takes the place of what was never settled."""
    candidates = known[-1:] if draft.repeats else known
    same = [delivery for delivery in candidates if delivery.sha256 == draft.values["sha256"]]
    for delivery in known:
        if delivery.state not in SETTLED and delivery not in same[-1:]:
            page.set_state(delivery.id, "superseded")
    if same:
        if state == "sending" or same[-1].state not in SETTLED:
            page.set_state(same[-1].id, state, sender)
        return same[-1].id
    return page.add(draft.key, draft.values, draft.record, draft.document, state, sender=sender)


def closed_for(until: float) -> float:
    """Tell for how many seconds a channel is to be left alone; a clock that was put back must not make that long."""
    seconds = until - time.time()
    return seconds if 0 < seconds <= LONGEST_WAIT_S else 0.0


def summed_up(page: Page, delivery: int, outcome: str = "in_doubt") -> State:
    """Say what has become of a delivery after its last attempt ended with an outcome.

    Once delivered, it is; a doubt that nobody resolved stays one, whatever came of a later attempt.
    """
    if outcome == "delivered":
        return "delivered"
    resolutions = page.resolutions(delivery)
    if any(resolution.is_received for resolution in resolutions):
        return "delivered"
    resolved = max((resolution.attempt or 0 for resolution in resolutions), default=0)
    outcomes = {a.outcome for a in page.attempts(delivery) if a.outcome == "delivered" or a.id > resolved}
    kept: tuple[State, ...] = ("delivered", "in_doubt")
    for state in kept:
        if state in outcomes:
            return state
    return outcome  # type: ignore[return-value] # an outcome is a state


def overtake(page: Page, delivery: int) -> None:
    """End the doubts about earlier content of the key of a delivery that has arrived: what came last holds."""
    found = page.get(delivery)
    assert found is not None  # noqa: S101 - an attempt of it has ended
    key = content.Key(found.fingerprint, found.supplier, found.sale_type, found.reference)
    for earlier in page.by_key(key):
        if earlier.id < delivery and earlier.state == "in_doubt":
            page.set_state(earlier.id, "superseded")


def has_moved_on(page: Page, delivery: int, state: State) -> bool:
    """Tell whether an ending that comes late, after its attempt was taken for a doubt, must leave a delivery's state.

    A later attempt that is under way will end it; and what other content took the place of is not to be sent again.
    """
    found = page.get(delivery)
    if found is not None and found.state == "superseded":
        return state not in SETTLED
    return any(attempt.outcome is None for attempt in page.attempts(delivery))


def ending_of(verdict: Verdict) -> dict[str, Any]:
    """Give how an attempt ended, as the ledger has it."""
    exchange = verdict.exchange
    return {
        "ended_at": now(),
        "outcome": verdict.outcome,
        "message": verdict.message,
        "status": exchange.status,
        "headers": exchange.headers,
        "body": exchange.body[:KEPT_BODY],
        "elapsed_ms": exchange.elapsed_ms,
    }


_NO_ANSWER: Final = {
    "outcome": "in_doubt",
    "status": None,
    "headers": (),
    "body": b"",
    "elapsed_ms": None,
}


def leave(page: Page, sender: str) -> int:
    """Put in doubt what a sender left behind; give how many deliveries that were."""
    left = sum(write_off(page, delivery, _GONE) for delivery in page.by_sender(sender))
    page.end_sender(sender)
    return left


def write_off(page: Page, delivery: Delivery, why: str) -> int:
    """Put one delivery in doubt: what was under way has no answer, and nobody waits for one."""
    for attempt in page.attempts(delivery.id):
        if attempt.outcome is None:
            page.add_ending(attempt.id, {**_NO_ANSWER, "message": why, "ended_at": now()})
    page.set_state(delivery.id, summed_up(page, delivery.id))
    return 1
