"""What makes two invoices the same: the key that numbers one, and the content that must not differ under it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import fields
from paytraq_direct.amounts import amount_text
from paytraq_direct.config import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paytraq_direct.fields import Field
    from paytraq_direct.invoice import Invoice

Record = dict[str, Any]

_NONE: Final = "(none)"


class Key(NamedTuple):
    """What tells one invoice from another in one channel.

    ``supplier`` is the supplier's name in NFC, casefolded, blanks made one; ``document_ref`` is in NFC without
    blanks around it. A document of others without a number is told by its bytes.
    """

    fingerprint: str
    supplier: str
    sale_type: str
    document_ref: str


def key_of(invoice: Invoice, document: bytes, fingerprint: str) -> Key:
    """Give the key of an invoice in the channel of that fingerprint."""
    supplier, kind, reference = (
        _given(getattr(invoice, name)) for name in ("supplier_name", "sale_type", "document_ref")
    )
    reference = _nfc(reference).strip() or f"sha256:{hashlib.sha256(document).hexdigest()}"
    return Key(fingerprint, plain(supplier), kind, reference)


def _given(text: str | None) -> str:
    """Give a text, "" where a finished document lacks what our contract asks for."""
    return text or ""


def record_of(invoice: Invoice) -> Record:
    """Give the record of an invoice as plain data with the digits and codes it has; absent values are left out."""
    return _plain(invoice, fields.INVOICE)


def content_of(record: Record, invoice: Invoice) -> str:
    """Give the SHA-256, in hex, of what an invoice says: amounts by their value, texts in NFC.

    A finished document says its bytes.
    """
    if invoice.document is not None:
        return hashlib.sha256(invoice.document).hexdigest()
    said = json.dumps(_said(record, fields.INVOICE), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def differences(before: Record, after: Record) -> tuple[str, ...]:
    """Tell field by field what differs between two records: ``gross_amount 121.00 → 119.79``."""
    return tuple(_differences(before, after, fields.INVOICE, ""))


def _plain(record: object, table: tuple[Field, ...]) -> Record:
    plain: Record = {}
    for field in table:
        value = getattr(record, field.name)
        if field.kind == "rows":
            if value:
                plain[field.name] = [_plain(row, field.rows) for row in value]
        elif isinstance(value, Decimal):
            plain[field.name] = amount_text(value)
        elif isinstance(value, date):
            plain[field.name] = value.isoformat()
        elif value is not None:
            plain[field.name] = value
    return plain


def _said(record: Mapping[str, Any], table: tuple[Field, ...]) -> Record:
    """Give a record in the one form that everything which says the same has."""
    said: Record = {}
    for field in table:
        value = record.get(field.name)
        if value is None:
            continue
        said[field.name] = [_said(row, field.rows) for row in value] if field.kind == "rows" else _value(value, field)
    return said


def _value(value: Any, field: Field) -> Any:
    if field.kind in {"amount", "percent"}:
        amount = Decimal(value).normalize()
        return format(amount, "f") if amount else "0"
    return _nfc(value) if isinstance(value, str) else value


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], table: tuple[Field, ...], prefix: str
) -> Iterator[str]:
    for field in table:
        old, new = before.get(field.name), after.get(field.name)
        if field.kind == "rows":
            yield from _row_differences(old or [], new or [], field, prefix)
        elif (None if old is None else _value(old, field)) != (None if new is None else _value(new, field)):
            yield f"{prefix}{field.name} {_shown(old)} → {_shown(new)}"


def _row_differences(old: list[Record], new: list[Record], field: Field, prefix: str) -> Iterator[str]:
    for index in range(max(len(old), len(new))):
        path = f"{prefix}{field.name}[{index}]"
        if index >= len(old):
            yield f"{path} {_NONE} → {_row(new[index])}"
        elif index >= len(new):
            yield f"{path} {_row(old[index])} → {_NONE}"
        else:
            yield from _differences(old[index], new[index], field.rows, f"{path}.")


def _row(row: Record) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in row.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NONE if value is None else str(value)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
