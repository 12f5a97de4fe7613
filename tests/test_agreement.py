"""The rules, sale.xsd under both engines, and sale-1.1.xsd say the same about a value, wherever both can say it."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from test_rules import smallest
from xmlschema import XMLSchema10, XMLSchema11

from paytraq_direct import Invoice, check, fields, limits, render, resources, schema, xmlio

if TYPE_CHECKING:
    from paytraq_direct.fields import Field

FULL = smallest(
    document_uri="http://a", pdf="http://a", supplier_reg_number="1", supplier_tax_number="1", client_reg_number="1",
    client_tax_number="1", operation="sell_goods", tax_basis=1, include_tax=True, pay_term_type=0, date_due="2026-12-31",
    deposit=1, comment="c", payment_method=1, shipping_type=1, shipping_charge=1,
    line_items=[
        {"item_code": "a", "item_bar_code": "b", "item_name": "c", "description": "d", "qty": 1, "price": 1,
         "line_discount": 1, "line_total": 1, "unit_name": "u"}
    ],
    adjustments=[{"amount": 1, "description": "d", "type_id": "charge", "pct_or_amount": "amount"}],
)  # fmt: skip
FULL_WITH_DAYS = {**FULL, "pay_term_type": 1, "pay_term_days": 1, "date_due": None}

NUMBERS = (
    "0|1|2|3|5|-1|100|101|100.0|100.00000000001|0.5|-0|-0.0|00|007|1.5|1,5|+1|.5|1.|-.5|--1|1e3|1E5|0x10|NaN|INF|1_000|3.0|-3|"
    "\u0663|\uff11|00003|99999|100000|000000|999999999999999999|9999999999999999999|0.1234567890|0.12345678901|1 1|x"
).split("|")
DATES = (
    "2026-01-31|2026-02-30|2024-02-29|2023-02-29|1900-02-29|2000-02-29|1899-12-31|1900-01-01|2199-12-31|2200-01-01|0001-01-01|"
    "0000-01-01|-2026-01-01|12026-01-01|2026-1-1|20260101|2026-W05-2|2026-031|2026-01-31Z|2026-01-31+02:00|2026-13-01|"
    "2026-00-10|2026-01-00|2026-01-31T00:00|31.01.2026|\u0662026-01-31"
).split("|")
WORDS = (
    "EUR|eur|XYZ|LVL|HRK|XXX|sales_invoice|Sales_Invoice|credit_note|pct|amount|charge|sell_goods|due_days|cash|TRUE|True|a\tb|"
    "a\rb|a\u2028b|\u200b|\ufeff|\xa0|\u3000|\u2028|\x85|\u1680|\r|\t|\n|\u180e|e\u0301|\U0001f600|\ufffd|]]>|&lt;|<b>|{{7*7}}"
).split("|")
LINKS = [
    "javascript:alert(1)", "file:///x", "data:,x", "ftp://a", "http:/a", "//a", "www.a.lv", "http://", "https:///x", "http://a",
    "HTTP://A", "https://a/b?c#d", "http://a#d", "http://a?b", "http://a:1", "http://a:99999", "http://a:999999", "http://a:",
    "http://u:p@h", "http://u@h/", "http://a/u@h", "http://[::1]/", "http://[::1", "http://[g]/", "http://a b", "http://a\\b",
    "http://a/\\b", "http://a/%zz", "http://\u0101.lv/\u017e", "http://a/\xa0", "http://a/\u200b", "http://a/\u202e",
    "http://a/\n", "http://a/<b>", "http://a/&", 'http://a/"', "http://a/'", "http://a/[x]", "http://a/\U0001f600",
    "http://" + "a" * (limits.LINK_LENGTH - 7), "http://" + "a" * (limits.LINK_LENGTH - 6),
]  # fmt: skip
PADDED = [" 1", "1 ", "1\n", "\t1", " 2026-01-31", "EUR ", " pct", "sales_invoice ", " http://a", "http://a "]
VALUES = ["", " ", *NUMBERS, *DATES, *WORDS, *LINKS, *PADDED]

# XML Schema takes the blanks around a number or a date away before it looks, and so do documents; records do not.
COLLAPSED = frozenset({"amount", "percent", "days", "date"})


def _one_of_each_kind() -> list[tuple[str, Field]]:
    """Give a field of each kind and of each enumeration, with the name of its list."""
    found: dict[object, tuple[str, Field]] = {}
    for rows, table in (("", fields.INVOICE), ("line_items", fields.LINE_ITEM), ("adjustments", fields.ADJUSTMENT)):
        for field in table:
            if field.kind not in {"rows", "boolean"}:
                found.setdefault((field.kind, field.codes and field.codes.element), (rows, field))
    return list(found.values())


@cache
def _xsd_1_0() -> XMLSchema10:
    return XMLSchema10(str(resources.folder("xsd") / "sale.xsd"))


@cache
def xsd_1_1() -> XMLSchema11:
    """Load sale-1.1.xsd, once."""
    return XMLSchema11(str(resources.folder("xsd") / "sale-1.1.xsd"))


def _refused(rows: str, field: Field, value: str) -> bool:
    """Tell whether the rules refuse a value in a record."""
    record = dict(FULL_WITH_DAYS if field.name == "pay_term_days" else FULL)
    if rows:
        record[rows] = [{**record[rows][0], field.name: value}]
    else:
        record[field.name] = value
    path = f"{rows}[0].{field.name}" if rows else field.name
    across = {"PD-031", "PD-032", "PD-045"}
    return any(fault.is_error and fault.path == path and fault.code not in across for fault in check(record))


def _document(rows: str, field: Field) -> tuple[xmlio.Element, xmlio.Element]:
    """Give a document and its element of a field, into which a value can be put where no rule sees it."""
    root = xmlio.parse(render(Invoice(**(FULL_WITH_DAYS if field.name == "pay_term_days" else FULL))))
    above = {"": "", "line_items": "LineItems/LineItem/", "adjustments": "Adjustments/Adjustment/"}[rows]
    element = root.find(above + field.element)
    assert element is not None
    return root, element


@pytest.mark.parametrize(("rows", "field"), _one_of_each_kind(), ids=lambda value: getattr(value, "name", value))
def test_rules_and_schema_agree(rows: str, field: Field) -> None:
    """What the rules refuse in a record does not fit as a document, what they take fits; both engines say so."""
    differing = []
    root, element = _document(rows, field)
    for value in VALUES:
        element.text = value
        fits, refused = schema.fits(root), _refused(rows, field, value)
        assert _xsd_1_0().is_valid(root) == fits, f"lxml: {fits}, xmlschema: {not fits}, {value!r}"  # type: ignore[arg-type] # lxml's too
        assert fits or schema.explain(root)
        if fits == refused:
            differing.append(value)
    assert differing == [value for value in VALUES if _is_known(field, value)]


def _is_known(field: Field, value: str) -> bool:
    """Tell whether rules and schema differ on purpose."""
    if field.codes:
        return value in field.codes.by_input and value not in {code.wire for code in field.codes.codes}
    if field.kind in COLLAPSED and value != value.strip(" \t\r\n"):
        return not _refused("line_items" if field in fields.LINE_ITEM else "", field, value.strip(" \t\r\n"))
    return False


def _inserted(document: bytes, parent: str, tag: str, text: str, *, after: str) -> bytes:
    root = ET.fromstring(document)  # noqa: S314 - our own document
    above = root.find(parent)
    assert above is not None
    element = ET.Element(tag)
    element.text = text
    above.insert([child.tag for child in above].index(after) + 1, element)
    return ET.tostring(root)


@pytest.mark.parametrize(
    ("kind", "days", "due"), list(product([None, 0, 1, 2, 3, 4], [None, 0, 30], [None, "2026-12-31"]))
)
def test_terms_of_payment_agree(kind: int | None, days: int | None, due: str | None) -> None:
    """sale-1.1.xsd takes exactly those terms of payment that the rules take."""
    terms = {"pay_term_type": kind, "pay_term_days": days, "date_due": due}
    refused = any(fault.is_error for fault in check(smallest(**terms)))
    document = render(Invoice(**smallest(pay_term_type=kind)))
    if kind is None and days is not None:
        document = _inserted(document, "Header", "PayTerm", "", after="Currency")
        document = document.replace(b"<PayTerm />", f"<PayTerm><PayTermDays>{days}</PayTermDays></PayTerm>".encode())
    elif days is not None:
        document = _inserted(document, "Header/PayTerm", "PayTermDays", str(days), after="PayTermType")
    if due is not None:
        document = _inserted(
            document, "Header", "DateDue", due, after="PayTerm" if b"<PayTerm>" in document else "Currency"
        )
    root = xmlio.parse(document)
    assert xsd_1_1().is_valid(root) == (not refused)  # type: ignore[arg-type] # it takes lxml's elements too
    assert (schema.explain(root) == ()) == (not refused)


@pytest.mark.parametrize(
    ("amount", "unit"),
    list(product(["-1", "-0", "0", "0.5", "100", "100.00", "100.01", "1000"], [None, "pct", "amount"])),
)
def test_percentages_of_adjustments_agree(amount: str, unit: str | None) -> None:
    """sale-1.1.xsd takes exactly those adjustments that the rules take."""
    record: dict[str, Any] = {"amount": amount, "pct_or_amount": unit}
    refused = any(fault.is_error for fault in check(smallest(adjustments=[record])))
    root = xmlio.parse(render(Invoice(**smallest(adjustments=[{**record, "amount": 1}]))))
    element = root.find("Adjustments/Adjustment/Amount")
    assert element is not None
    element.text = amount
    assert schema.fits(root)
    assert (schema.explain(root) == ()) == (not refused)


# All that XML allows and that could be blank: what prints as a letter or a sign is not tried.
CHARACTERS = [chr(code) for code in (9, 10, 13, *range(32, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x11000))]


def test_blanks_are_the_same_for_python_and_the_schema() -> None:
    """A text of one character is blank for the rules exactly when it does not fit the schema."""
    root = xmlio.parse(render(Invoice(**smallest(comment="c"))))
    comment = root.find("Header/Comment")
    assert comment is not None
    blank = []
    for character in CHARACTERS:
        if character == " " or not character.isprintable():
            comment.text = character
            blank += [] if schema.fits(root) else [character]
    assert blank == [character for character in CHARACTERS if not character.strip()]
