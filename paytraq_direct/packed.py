"""An invoice on its way from the process that read it: document and record are made, the rest is read when asked."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct.invoice import Invoice
from paytraq_direct.record import record_of
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

# What receipts, channels and the guard ask of each invoice.
_AT_HAND: Final = ("document_ref", "supplier_name", "client_name", "sale_type", "currency", "gross_amount")
_at_hand: Final[Callable[[Invoice], tuple[Any, ...]]] = attrgetter(*_AT_HAND)


class Packed(NamedTuple):
    """An invoice that was checked: its ``<Sale>``, held against the schema, its record as JSON, and what is at hand."""

    document: bytes
    record: str
    at_hand: tuple[Any, ...]

    def unpacked(self) -> Invoice:
        """Give the invoice; it reads its record when more is asked of it than is at hand."""
        invoice = object.__new__(Invoice)
        for name, value in zip(_AT_HAND, self.at_hand, strict=True):
            object.__setattr__(invoice, name, value)
        object.__setattr__(invoice, "document", None)
        object.__setattr__(invoice, "packed", self)
        return invoice


def packed(invoice: Invoice) -> Packed:
    """Pack an invoice that was made from a record. Raises InvalidInvoice as ``prepare`` does."""
    return Packed(prepare(invoice), record_of(invoice), _at_hand(invoice))
