"""Invoice to bytes: the ``<Sale>`` document, UTF-8, in the order of the PayTraq Direct page."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import fields, limits, resources, rules, templating
from paytraq_direct.amounts import amount_text
from paytraq_direct.errors import InvalidInvoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paytraq_direct.fields import Field
    from paytraq_direct.invoice import Invoice

# What stands for < and > in the template: XML forbids both characters, so no text of an invoice can hold them. What
# looks like markup after rendering is text therefore, and one pass over the whole document escapes all of it.
_OPEN: Final = "\x01"
_CLOSE: Final = "\x02"
_ESCAPES: Final = (
    (b"&", b"&amp;"),
    (b"<", b"&lt;"),
    (b">", b"&gt;"),
    (b"\r", b"&#13;"),
    (_OPEN.encode(), b"<"),
    (_CLOSE.encode(), b">"),
)


def render(invoice: Invoice) -> bytes:
    """Give the document of an invoice: UTF-8 bytes with an XML declaration, absent values absent.

    An invoice that was read from a finished document gives the bytes of that document. Raises InvalidInvoice
    when the document would be larger than 32 MiB.
    """
    if invoice.document is not None:
        return invoice.document
    document = _template()(
        _HEADER.row(invoice),
        [_LINE_ITEM.row(item) for item in invoice.line_items],
        [_ADJUSTMENT.row(adjustment) for adjustment in invoice.adjustments],
        _TOTALS.row(invoice),
    ).encode()
    for character, escape in _ESCAPES:
        document = document.replace(character, escape)
    if len(document) > limits.DOCUMENT_BYTES:
        raise InvalidInvoice([rules.DOCUMENT_TOO_LARGE.fault("", size=f"{len(document):,}")])
    return document


class _Layout:
    """Some fields of a table, and how those that are no texts are written."""

    __slots__ = ("_get", "_writers")

    def __init__(self, table: Iterable[Field]) -> None:
        table = tuple(table)
        self._get = attrgetter(*(field.name for field in table))
        self._writers = [(index, _WRITERS[field.kind]) for index, field in enumerate(table) if field.kind in _WRITERS]

    def row(self, record: object) -> list[Any]:
        """Give the values of a record as texts, None for an absent one."""
        row = list(self._get(record))
        for index, write in self._writers:
            if (value := row[index]) is not None:
                row[index] = write(value)
        return row


def _boolean(value: bool) -> str:  # noqa: FBT001 - it is the value
    return "true" if value else "false"


# Texts, links and dates are written by the template as they are: a text of the record is an exact str (values.py).
_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    **dict.fromkeys(("amount", "percent"), amount_text),
    **dict.fromkeys(("code", "days"), str),
    "boolean": _boolean,
}
_FIRST_TOTAL: Final = fields.names(fields.INVOICE).index("shipping_charge")
_HEADER: Final = _Layout(field for field in fields.INVOICE[:_FIRST_TOTAL] if field.kind != "rows")
_TOTALS: Final = _Layout(fields.INVOICE[_FIRST_TOTAL:])
_LINE_ITEM: Final = _Layout(fields.LINE_ITEM)
_ADJUSTMENT: Final = _Layout(fields.ADJUSTMENT)


@cache
def _template() -> Callable[..., str]:
    """Load the macro that lays the values out; autoescape is off because the whole document is escaped above."""
    source = (resources.folder("templates") / "sale.xml.j2").read_text(encoding="utf-8")
    return templating.unescaped(source.replace("<", _OPEN).replace(">", _CLOSE), "sale")
