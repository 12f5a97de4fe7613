"""Invoice to bytes: the ``<Sale>`` document, UTF-8, in the order of the PayTraq Direct page."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paytraq_direct import fields, resources, rules
from paytraq_direct.amounts import amount_text
from paytraq_direct.errors import InvalidInvoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from paytraq_direct.fields import Field
    from paytraq_direct.invoice import Invoice

_SEPARATOR: Final = "\x00"  # no text of an invoice can hold it: XML forbids the character
_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))


def render(invoice: Invoice) -> bytes:
    """Give the document of an invoice: UTF-8 bytes with an XML declaration, absent values absent.

    An invoice that was read from a finished document gives the bytes of that document. Raises InvalidInvoice
    when the document would be larger than 32 MiB.
    """
    if invoice.document is not None:
        return invoice.document
    texts = _escaped(
        [
            *_HEADER.texts([invoice]),
            *_TOTALS.texts([invoice]),
            *_LINE_ITEM.texts(invoice.line_items),
            *_ADJUSTMENT.texts(invoice.adjustments),
        ]
    )
    rest = iter(texts)
    header, totals = _HEADER.rows(rest, 1), _TOTALS.rows(rest, 1)
    line_items = _LINE_ITEM.rows(rest, len(invoice.line_items))
    adjustments = _ADJUSTMENT.rows(rest, len(invoice.adjustments))
    document = _template()(*header, line_items, adjustments, *totals).encode()
    if len(document) > rules.DOCUMENT_LIMIT:
        raise InvalidInvoice([rules.DOCUMENT_TOO_LARGE.fault("", size=f"{len(document):,}")])
    return document


class _Layout:
    """Some fields of a table, each with the way its value is written."""

    __slots__ = ("_get", "_width", "_writers")

    def __init__(self, table: Iterable[Field]) -> None:
        table = tuple(table)
        self._get = attrgetter(*(field.name for field in table))
        self._writers = tuple(_WRITERS[field.kind] for field in table)
        self._width = len(table)

    def texts(self, records: Iterable[object]) -> list[str]:
        """Write the values of records, one after the other, "" for an absent one."""
        writers, get = self._writers, self._get
        return [
            "" if value is None else write(value)
            for record in records
            for write, value in zip(writers, get(record), strict=True)
        ]

    def rows(self, texts: Iterator[str], count: int) -> list[tuple[str, ...]]:
        """Take the texts of so many records back off."""
        return list(zip(*[islice(texts, self._width * count)] * self._width, strict=True))


def _boolean(value: bool) -> str:  # noqa: FBT001 - it is the value
    return "true" if value else "false"


# A text of the record is an exact str already (values.py); joining the texts refuses anything that is not.
_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    **dict.fromkeys(("text", "name", "link", "currency"), str),
    **dict.fromkeys(("amount", "percent"), amount_text),
    **dict.fromkeys(("code", "days"), str),
    "date": date.isoformat,
    "boolean": _boolean,
}
_FIRST_TOTAL: Final = fields.names(fields.INVOICE).index("shipping_charge")
_HEADER: Final = _Layout(field for field in fields.INVOICE[:_FIRST_TOTAL] if field.kind != "rows")
_TOTALS: Final = _Layout(fields.INVOICE[_FIRST_TOTAL:])
_LINE_ITEM: Final = _Layout(fields.LINE_ITEM)
_ADJUSTMENT: Final = _Layout(fields.ADJUSTMENT)


def _escaped(texts: list[str]) -> list[str]:
    """Escape every text once, all in one pass: joined on a separator that no text can hold, and split again."""
    joined = _SEPARATOR.join(texts)
    if not any(character in joined for character, _ in _ESCAPES):
        return texts
    for character, escape in _ESCAPES:
        joined = joined.replace(character, escape)
    escaped = joined.split(_SEPARATOR)
    if len(escaped) != len(texts):
        raise ValueError("a text of the invoice holds U+0000, which no checked invoice can")
    return escaped


@cache
def _template() -> Callable[..., str]:
    """Load the macro that lays the texts out; autoescape is off because every text was escaped above."""
    loader = FileSystemLoader(resources.folder("templates"))
    environment = Environment(loader=loader, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - see above
    macro: Callable[..., str] = environment.get_template("sale.xml.j2").module.sale  # type: ignore[attr-defined]
    return macro
