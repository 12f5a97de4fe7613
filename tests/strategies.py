"""Invoices, and things that are none, for property tests."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from paytraq_direct import codes, fields

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
