"""What makes two invoices the same: the key that numbers one, and the content that must not differ under it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import fields
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


def differences(before: str, after: str) -> tuple[str, ...]:
    """Tell field by field what differs between two records: ``gross_amount 121.00 → 119.79``.

    Amounts are compared by their value, texts in NFC: two records that differ in nothing say the same.
    """
    return tuple(_differences(json.loads(before), json.loads(after), fields.INVOICE, ""))


def _said(value: Any, field: Field) -> Any:
    """Give a value of a record as everything that says the same has it."""
    if value is None or field.kind in {"amount", "percent"}:
        return value and Decimal(value)
    return _nfc(value) if isinstance(value, str) else value


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], table: tuple[Field, ...], prefix: str
) -> Iterator[str]:
    for field in table:
        old, new = before.get(field.name), after.get(field.name)
        if field.kind == "rows":
            yield from _row_differences(old or [], new or [], field, prefix)
        elif _said(old, field) != _said(new, field):
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
