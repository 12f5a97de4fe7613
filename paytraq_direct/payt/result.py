"""What became of one invoice on its way to Payt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from paytraq_direct.errors import Fault
    from paytraq_direct.payt.records import Invoice

Outcome = Literal["delivered", "already_delivered", "deferred", "pending", "rejected", "in_doubt", "invalid", "checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one invoice: processed by Payt, refused with its ``errors``, or not known.

    ``origin`` is where it was read (``march.json[3]``). ``errors`` and ``warnings`` are Payt's own words, ``faults``
    what is wrong with the record. ``channel`` is the endpoint with its administration. ``sha256`` is of the invoice as
    it was sent, in hex; ``sent_at`` is when its last attempt began, ``retry_after`` in seconds. ``posted`` tells
    whether anything was posted now. What has no value is None.
    """

    outcome: Outcome
    origin: str
    invoice_number: str | None
    message: str = ""
    channel: str | None = None
    record: Invoice | None = None
    faults: tuple[Fault, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    status: int | None = None
    sha256: str | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    elapsed_ms: float | None = None
    retry_after: float | None = None
    notes: tuple[str, ...] = ()
    posted: bool = False
