"""The records: an invoice in Payt's own words, frozen, and checked before it exists."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from paytraq_direct import jsontext
from paytraq_direct.errors import Fault, InvalidInvoice
from paytraq_direct.payt import fields, kinds, rules
from paytraq_direct.taking import Careful, Notes, Table, taken

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True, init=False)
class Document:
    """A file of an invoice, uploaded before: ``checksum`` is its SHA3-512 in base64. Raises InvalidInvoice."""

    checksum: str
    filename: str
    destroy: bool | None

    def __init__(self, /, **given: Any) -> None:
        _DOCUMENT.fill(self, taken(_DOCUMENT, given))


@dataclass(frozen=True, slots=True, init=False)
class Payment:
    """A payment of an invoice; amounts are exact, with two decimals. Raises InvalidInvoice with every error."""

    amount: Decimal
    origin_identifier: str
    cost_type: str | None
    payment_date: date | None
    book_amount: Decimal | None
    description: str | None
    payment_method: str | None
    reversal_code: str | None
    transaction_type: str | None

    def __init__(self, /, **given: Any) -> None:
        _PAYMENT.fill(self, taken(_PAYMENT, given))


@dataclass(frozen=True, slots=True, init=False)
class InvoiceLine:
    """A line of an invoice; ``vat_percentage`` is in percent (21 is 21 %). Raises InvalidInvoice with every error."""

    description: str
    vat_rate_code: str
    total_excl_tax_amount: Decimal | None
    total_incl_tax_amount: Decimal | None
    product_price: Decimal | None
    product_unit: str | None
    product_quantity: Decimal | None
    vat_percentage: Decimal | None
    vat_amount: Decimal | None
    line_order: int | None

    def __init__(self, /, **given: Any) -> None:
        _INVOICE_LINE.fill(self, taken(_INVOICE_LINE, given))


@dataclass(frozen=True, slots=True, init=False)
class Invoice:
    """An invoice that can be upserted: it has at most warnings. Raises InvalidInvoice with every error.

    Names are Payt's. Amounts are exact, with two decimals, and are given as texts ("121.00"), Decimals or whole
    numbers; dates are days, ``sent_at`` is ISO 8601 in UTC. Source: Payt, Upsert invoices in bulk, June 2026.
    """

    currency_code: str
    invoice_number: str
    invoice_date: date
    due_date: date
    book_amount_total: Decimal
    book_amount_open: Decimal
    amount_open: Decimal
    amount_total: Decimal
    invoice_identifier: str | None
    debtor_number: str | None
    debtor_identifier: str | None
    order_number: str | None
    peppol_identifier: str | None
    description: str | None
    category: str | None
    contact_identifier: str | None
    payment_condition: str | None
    sent_at: str | None
    labels: tuple[str, ...] | None
    payment_term: int | None
    document: Document | None
    ubl_document: Document | None
    payments: tuple[Payment, ...]
    invoice_lines: tuple[InvoiceLine, ...]
    payment_method: str | None

    def __init__(self, /, **given: Any) -> None:
        _INVOICE.fill(self, taken(_INVOICE, given))

    @classmethod
    def from_json(cls, source: str | bytes) -> Self:
        """Make an invoice from one JSON object, text or UTF-8 bytes.

        Raises InvalidInvoice with every error, its path and its place.
        """
        data = jsontext.decode(source)
        if isinstance(data, Fault):
            raise InvalidInvoice((data,))
        invoice, faults = take(data)
        if invoice is None:
            raise InvalidInvoice(fault for fault in jsontext.placed(faults, source) if fault.is_error)
        return invoice  # type: ignore[return-value] # nobody makes a kind of it

    def to_json(self) -> str:
        """Give the record as it is sent, JSON on one line; what is absent is left out."""
        return json.dumps(data_of(self, _INVOICE), ensure_ascii=False, separators=(",", ":"))


def check(source: Invoice | dict[str, Any] | str | bytes) -> tuple[Fault, ...]:
    """Give every fault of an invoice for Payt at once, errors and warnings, in the order of the record.

    Takes an Invoice, a mapping, or one JSON object as text or UTF-8 bytes. Never raises on bad data.
    """
    if not isinstance(source, str | bytes):
        return take(source)[1]
    data = jsontext.decode(source)
    return (data,) if isinstance(data, Fault) else jsontext.placed(take(data)[1], source)


def take(source: object) -> tuple[Invoice | None, tuple[Fault, ...]]:
    """Give the invoice that plain data holds, None when it has errors, and every fault in the order of the record."""
    record = _INVOICE.quick(source)
    if record is not None:
        return _INVOICE.made(record), ()
    notes = Notes()
    record = Careful(_INVOICE, notes).take(source)
    return None if notes.has_errors else _INVOICE.made(record), notes.in_order()


def checksum(data: bytes) -> str:
    """Give the checksum by which Payt knows a file: its SHA3-512 in base64, 88 characters.

    Source: Payt, model of a file.
    """
    return base64.b64encode(hashlib.sha3_512(data).digest()).decode()


def data_of(record: object, table: Table[Any]) -> dict[str, Any]:
    """Give a record as the JSON object that is sent, in the order of its table."""
    found: dict[str, Any] = {}
    for field in table.fields:
        value = getattr(record, field.name)
        if value is None or (field.kind == "rows" and not value):
            continue
        if field.kind == "rows":
            found[field.name] = [data_of(row, table.tables[field.name]) for row in value]
        elif field.kind == "object":
            found[field.name] = data_of(value, table.tables[field.name])
        else:
            found[field.name] = kinds.written(value)
    return found


_DOCUMENT: Final = Table(Document, "a document", fields.DOCUMENT, {}, kinds.KINDS)
_PAYMENT: Final = Table(Payment, "a payment", fields.PAYMENT, {}, kinds.KINDS)
_INVOICE_LINE: Final = Table(InvoiceLine, "an invoice line", fields.INVOICE_LINE, rules.LINE_RULES, kinds.KINDS)
_INVOICE: Final = Table(
    Invoice, "an invoice for Payt", fields.INVOICE, rules.INVOICE_RULES, kinds.KINDS,
    document=_DOCUMENT, ubl_document=_DOCUMENT, payments=_PAYMENT, invoice_lines=_INVOICE_LINE,
)  # fmt: skip
