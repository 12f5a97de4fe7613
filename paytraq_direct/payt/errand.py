"""One invoice on its way to Payt, and how many go in one request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paytraq_direct.errors import Fault
    from paytraq_direct.outbox.content import Key
    from paytraq_direct.outbox.guard import Draft
    from paytraq_direct.outbox.outbox import Begun
    from paytraq_direct.payt.endpoint import Endpoint
    from paytraq_direct.payt.reading import Reading
    from paytraq_direct.payt.records import Invoice
    from paytraq_direct.payt.result import Result

BATCH_BYTES: Final = 16 * 2**20


@dataclass(slots=True, kw_only=True)
class Errand:
    """One good invoice on its way, and what is known of it so far."""

    reading: Reading
    record: Invoice
    faults: tuple[Fault, ...]
    text: bytes
    begun: Begun | None = None
    attempts: int = 0
    is_doubted: bool = False
    result: Result | None = field(default=None, repr=False)

    @property
    def sha256(self) -> str:
        """Of its text, in hex."""
        return hashlib.sha256(self.text).hexdigest()


def errand_of(found: Reading) -> Errand:
    """Give the errand of a reading that has no error."""
    assert found.record is not None  # noqa: S101 - only good ones are sent
    text = found.record.to_json().encode()
    return Errand(reading=found, record=found.record, faults=found.faults, text=text)


def requests_of(errands: Sequence[Errand]) -> Iterator[list[Errand]]:
    """Divide what is to be sent so that no request is much longer than it should be."""
    request: list[Errand] = []
    size = 0
    for errand in errands:
        if request and size + len(errand.text) > BATCH_BYTES:
            yield request
            request, size = [], 0
        request.append(errand)
        size += len(errand.text)
    if request:
        yield request


def key_of(errand: Errand, endpoint: Endpoint, fingerprint: str) -> Key:
    """Give the key under which an outbox has an invoice."""
    from paytraq_direct.outbox.content import Key  # noqa: PLC0415 - nothing without an outbox needs it

    return Key(fingerprint, endpoint.administration, "payt_invoice", errand.record.invoice_number)


def draft_of(errand: Errand, endpoint: Endpoint, fingerprint: str) -> Draft:
    """Give an invoice as it goes into an outbox: sending it is an upsert."""
    from paytraq_direct.outbox.elsewhere import UPSERT  # noqa: PLC0415 - see above
    from paytraq_direct.outbox.guard import Draft  # noqa: PLC0415
    from paytraq_direct.outbox.ledger import now, storable  # noqa: PLC0415

    return Draft(
        key=key_of(errand, endpoint, fingerprint),
        masked=endpoint.masked,
        named=UPSERT,
        record=errand.text.decode(),
        document=errand.text,
        values={
            "document_ref": errand.record.invoice_number,
            "origin": storable(errand.reading.origin),
            "is_finished": False,
            "sha256": errand.sha256,
            "read_at": now(),
        },
        repeats=True,
    )
