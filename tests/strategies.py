"""Invoices, and things that are none, for property tests."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from paytraq_direct import Adjustment, LineItem, codes, fields

if TYPE_CHECKING:
    from paytraq_direct.fields import Field

XML_CHARACTERS = st.characters(
    codec="utf-8", exclude_characters="".join(map(chr, (*range(32), 0xFFFE, 0xFFFF)))
) | st.sampled_from("\t\n\r")
TEXTS = st.text(XML_CHARACTERS, min_size=1, max_size=30).filter(str.strip)
AMOUNTS = st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,10})?", fullmatch=True).filter(str.isascii)
PERCENTS = st.from_regex(r"([0-9]|[1-9][0-9])(\.[0-9]{1,4})?|100", fullmatch=True).filter(str.isascii)
DATES = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)).map(dt.date.isoformat)
LINKS = st.from_regex(r"https?://[a-z]{1,9}(\.[a-z]{2,5})(:[0-9]{1,5})?(/[a-zA-Z0-9._~%&=?;+-]{0,20})?", fullmatch=True)

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "name": TEXTS,
    "date": DATES,
    "link": LINKS.filter(str.isascii),
    "currency": st.sampled_from(sorted(codes.CURRENCIES)),
    "boolean": st.booleans(),
    "amount": AMOUNTS,
    "percent": PERCENTS,
    "days": st.integers(0, 99_999),
}
_PAY_TERMS = st.sampled_from(
    [{}, {"pay_term_type": 0, "date_due": "2026-01-31"}, {"pay_term_type": 1, "pay_term_days": 14}]
    + [{"pay_term_type": kind} for kind in (0, 1, 2, 3, 4)]
    + [{"pay_term_type": "eom", "pay_term_days": 0}]
)


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """Give the good values of a field."""
    if field.codes:
        return st.sampled_from(sorted(field.codes.by_input, key=str))
    if field.kind == "rows":
        return st.lists(record_of(field.rows), min_size=1, max_size=3)
    return _VALUES[field.kind]


def record_of(table: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Give good records of a table, terms of payment and percentages left out."""
    left_out = {"pay_term_type", "pay_term_days", "date_due", "pct_or_amount"}
    return st.fixed_dictionaries(
        {field.name: value_of(field) for field in table if field.required},
        optional={field.name: value_of(field) for field in table if not field.required and field.name not in left_out},
    )


INVOICES = st.builds(lambda record, terms: {**record, **terms}, record_of(fields.INVOICE), _PAY_TERMS)

# Values that are awkward to write, in lines that do not all have the same fields.
_AWKWARD_TEXTS = st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "%s",
        "%",
        "{}",
        "<a>&amp;</a>",
        "]]>",
        "None",
        "1E-7",
        "\U0001f600",
        "a\x85b",
        "a\u2028b",
        "E",
        "x, ",
    ]
)
AWKWARD_AMOUNTS = st.sampled_from(
    ["0", "-0", "0.0000000", "-0.0000000000", "0.0000000001", "-0.0000001", "9" * 18, f"-{'9' * 18}.{'9' * 10}", "1.50"]
)
_LINES = st.lists(
    st.fixed_dictionaries(
        {"item_name": TEXTS | _AWKWARD_TEXTS, "qty": AMOUNTS | AWKWARD_AMOUNTS, "price": AMOUNTS | AWKWARD_AMOUNTS},
        optional={
            "item_code": TEXTS | _AWKWARD_TEXTS,
            "description": TEXTS | _AWKWARD_TEXTS,
            "line_discount": PERCENTS | st.sampled_from(["0", "0.0000000", "0.0000001"]),
            "line_total": AMOUNTS | AWKWARD_AMOUNTS,
            "unit_name": TEXTS | _AWKWARD_TEXTS,
        },
    ),
    min_size=1,
    max_size=6,
)
MANY_LINES = st.builds(
    lambda record, lines, adjustments: {**record, "line_items": lines, "adjustments": adjustments},
    INVOICES,
    _LINES,
    st.lists(record_of(fields.ADJUSTMENT), max_size=4),
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_NAMES = [field.name for table in (fields.INVOICE, fields.LINE_ITEM, fields.ADJUSTMENT) for field in table]


@st.composite
def mutated_invoices(draw: st.DrawFn) -> dict[str, Any]:
    """Give a good invoice in which a few values, anywhere, were replaced by anything."""
    invoice: dict[str, Any] = json.loads(json.dumps(draw(INVOICES)))
    for _ in range(draw(st.integers(1, 3))):
        target = invoice
        if draw(st.booleans()) and isinstance(invoice.get("line_items"), list) and invoice["line_items"]:
            item = invoice["line_items"][0]
            target = item if isinstance(item, dict) else invoice
        target[draw(st.sampled_from(_NAMES) | st.text(max_size=8))] = draw(JSON_VALUES)
    return invoice


class Liar(str):
    """A text that says of itself what is not so."""

    __slots__ = ()

    def __str__(self) -> str:
        return "lie"

    def __html__(self) -> str:
        return "<lie/>"

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Give other bytes than those of the text."""
        return f"lie in {encoding}, {errors}".encode()


_PYTHON_KEYS = st.sampled_from(_NAMES) | st.text(max_size=8) | st.none() | st.integers() | st.binary(max_size=3)
PYTHON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers().map(lambda number: number * 10**5_000) | st.floats()
    | st.decimals() | st.text() | st.text().map(Liar) | st.binary() | st.dates() | st.datetimes() | st.complex_numbers()
    | st.fractions() | st.builds(object) | st.sampled_from([int, LineItem(item_name="a", qty=1, price=2), Adjustment()]),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
    | st.lists(inner, max_size=3).map(lambda items: (item for item in items))
    | st.dictionaries(_PYTHON_KEYS, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@st.composite
def python_invoices(draw: st.DrawFn) -> dict[Any, Any]:
    """Give a good invoice in which a few values and keys were replaced by any Python object."""
    invoice: dict[Any, Any] = dict(draw(INVOICES))
    for _ in range(draw(st.integers(1, 3))):
        invoice[draw(_PYTHON_KEYS)] = draw(PYTHON_VALUES)
    return invoice


_XML_PIECES = (
    "<Sale>|</Sale>|<Header>|</Header>|<LineItems>|</LineItems>|<LineItem>|</LineItem>|<Adjustments>|</Adjustments>|<Qty>|"
    "</Qty>|<Qty/>|<PayTerm/>|<x:y xmlns:x='urn:z'/>|<!DOCTYPE Sale>|<!DOCTYPE Sale [<!ENTITY e 'e'>]>|&e;|&#0;|&#13;|&lt;|"
    "<![CDATA[|]]>|<!--|-->|<?p i?>|<?xml version='1.0'?>|<?xml version='1.0' encoding='UTF-16'?>| a='b'|1|\u017e|\ufeff|\0"
).split("|")
XML_LIKE = st.lists(st.sampled_from(_XML_PIECES), max_size=14).map("".join).flatmap(
    lambda text: st.sampled_from([text, f"<Sale>{text}</Sale>"])
).flatmap(lambda text: st.sampled_from([text.encode(), text.encode("utf-16"), text.encode() + b"\xff"]))  # fmt: skip
