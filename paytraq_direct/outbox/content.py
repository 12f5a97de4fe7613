"""What makes two invoices the same: the key that numbers one, and the content that must not differ under it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from decimal import Decimal
from functools import cache, partial
from json.encoder import encode_basestring
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import fields
from paytraq_direct.amounts import amount_text, amount_texts
from paytraq_direct.config import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from paytraq_direct.fields import Field
    from paytraq_direct.invoice import Invoice

Record = dict[str, Any]

_NONE: Final = "(none)"
_ABSENT: Final = (None, ())


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


def record_of(invoice: Invoice) -> str:
    """Give the record of an invoice as JSON, with the digits and codes it has; absent values are left out."""
    return _shape_of_invoice().written(invoice)


def differences(before: str, after: str) -> tuple[str, ...]:
    """Tell field by field what differs between two records: ``gross_amount 121.00 → 119.79``.

    Amounts are compared by their value, texts in NFC: two records that differ in nothing say the same.
    """
    return tuple(_differences(json.loads(before), json.loads(after), fields.INVOICE, ""))


class _Shape:
    """How the records of a table are written as JSON: json would ask about each amount."""

    def __init__(self, table: tuple[Field, ...]) -> None:
        self._values_of = attrgetter(*(field.name for field in table))
        self._members = [_member(field) for field in table]

    def written(self, record: object) -> str:
        """Give a record as JSON, in the order of its table, without what is absent or has no rows."""
        given = [
            layout % write(value)
            for (layout, write, _), value in zip(self._members, self._values_of(record), strict=True)
            if value or value not in _ABSENT
        ]
        return "{" + "".join(given)[2:] + "}"

    def all_written(self, records: Sequence[object]) -> str:
        """Give records as a JSON array, written column by column."""
        row = "%s"
        columns: list[Iterable[str]] = [[""] * len(records)]
        values_by_column = zip(*map(self._values_of, records), strict=True)
        for (layout, _, write_all), values in zip(self._members, values_by_column, strict=False):
            if all(values):
                row += layout
                columns.append(write_all(values))
            elif given := [value for value in values if value is not None]:
                row += "%s"
                members = map(layout.__mod__, write_all(given))
                columns.append(["" if value is None else next(members) for value in values])
        rows = map(row.__mod__, zip(*columns, strict=True))
        return "[{" + "}, {".join([members[2:] for members in rows]) + "}]"


class _Member(NamedTuple):
    """How the values of a field are written: the layout of a name and a text, the text of one value, those of many."""

    layout: str
    write: Callable[[Any], str]
    write_all: Callable[[Sequence[Any]], Iterable[str]]


def _member(field: Field) -> _Member:
    plain, quoted = f', "{field.name}": %s', f', "{field.name}": "%s"'
    write: Callable[[Any], str] = encode_basestring
    match field.kind:
        case "amount" | "percent":
            return _Member(quoted, amount_text, amount_texts)
        case "date":
            return _Member(quoted, str, partial(map, str))
        case "rows":
            write = _Shape(field.rows).all_written
        case "boolean":
            write = {True: "true", False: "false"}.__getitem__
        case "days":
            write = str
        case "code":
            write = _code_written
    return _Member(plain, write, partial(map, write))


def _code_written(code: str | int) -> str:
    return encode_basestring(code) if isinstance(code, str) else str(code)


@cache
def _shape_of_invoice() -> _Shape:
    return _Shape(fields.INVOICE)


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
