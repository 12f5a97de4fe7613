"""What else the outbox keeps: deliveries of another command than paytraq-send, and how they are told of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paytraq_direct.outbox.ledger import Delivery, State

UPLOAD: Final = "payt upload"
UPSERT: Final = "payt upsert"


class Other(NamedTuple):
    """How deliveries of another command are told of; ``states`` says what each of theirs means.

    ``document`` is the name of a file with the very bytes that were sent, None where the outbox has a record alone.
    """

    command: str
    states: Mapping[State, str]
    document: str | None


# By how their channel is named, which is the command that sends them.
_OTHERS: Final[Mapping[str, Other]] = {
    UPLOAD: Other(
        UPLOAD,
        {
            "delivered": "Delivered: Payt has the file. Its Import tab shows what came of it, after the next import.",
            "in_doubt": "In doubt: the file may have arrived; no clear answer came.",
            "rejected": "Rejected: a complete answer refused the file.",
            "deferred": "Deferred: the file was surely not taken.",
            "pending": "Pending: the file was not sent yet.",
            "sending": "Being sent.",
            "superseded": "Superseded by a later file.",
        },
        document=None,
    ),
    UPSERT: Other(
        UPSERT,
        {
            "delivered": "Delivered: Payt has processed the invoice.",
            "in_doubt": "In doubt: the invoice may have been processed. Sending it again is safe: it is an upsert.",
            "rejected": "Rejected: Payt refused the invoice.",
            "deferred": "Deferred: the invoice was surely not taken.",
            "pending": "Pending: the invoice was not sent yet.",
            "sending": "Being sent.",
            "superseded": "Superseded by later content.",
        },
        document="invoice.json",
    ),
}  # fmt: skip


def other_of(delivery: Delivery) -> Other | None:
    """Tell which other command a delivery is of; None when it is one of paytraq-send."""
    return _OTHERS.get(delivery.named or "")


def again(delivery: Delivery) -> str:
    """Say how a delivery of another command is sent again; "" when it is one of paytraq-send."""
    other = other_of(delivery)
    return f"it goes by {other.command}, not from here: run that again with the file" if other else ""


def document_of(delivery: Delivery) -> str | None:
    """Name a file for the very bytes of a delivery; None when the outbox does not have them."""
    other = other_of(delivery)
    return "document.xml" if other is None else other.document


def told(record: str) -> str:
    """Tell of a file, whose bytes are not kept, what is."""
    facts = json.loads(record)
    sent = "" if facts["sent_sha256"] == facts["sha256"] else (
        f"; sent as gzip of {facts['sent_size']:,} bytes, sha256 {facts['sent_sha256']}"
    )  # fmt: skip
    rows = "" if facts.get("rows") is None else f", {facts['rows']:,} invoices"
    return (
        f"file {facts['file']}, {facts['type']}, {facts['size']:,} bytes{rows}, sha256 {facts['sha256']}{sent}; "
        "the file itself is not kept"
    )
