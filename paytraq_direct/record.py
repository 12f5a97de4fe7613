"""The record of an invoice as JSON, with the digits and codes it has: what is kept of it beside its document."""

from __future__ import annotations

from functools import cache, partial
from json.encoder import encode_basestring
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import fields
from paytraq_direct.amounts import amount_text, amount_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from paytraq_direct.fields import Field
    from paytraq_direct.invoice import Invoice

_ABSENT: Final = (None, ())


def record_of(invoice: Invoice) -> str:
    """Give the record of an invoice as JSON, in the order of its fields; absent values are left out."""
    return _shape_of_invoice().written(invoice) if (packed := invoice.packed) is None else packed.record


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
