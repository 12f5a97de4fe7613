"""lxml, xmlschema and the rules give the same verdict over a document."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from strategies import INVOICES
from test_rules import smallest
from xmlschema import XMLSchema10

from paytraq_direct import Invoice, check, render, resources, schema, xmlio

NASTY = st.sampled_from(
    ["", " ", " 1", "1 ", "+1", ".5", "1.", "1e3", "-0", "00", "0" * 19, "1.12345678901", "٣", "１", "1\n", "NaN", "INF", "true",
     "1", "0", "TRUE", "2026-01-31Z", "2026-02-30", "1899-01-01", "12026-01-01", "2026-1-1", "eur", "EUR ", "XYZ",
     "sales_invoice ", "pct", "javascript:alert(1)", "http://", "https://a\xa0b", "http://[::1]", "http://a@b", "\u2028",
     "https://ā.lv/ž", "http://a b", "\xa0", "\u3000", "a\tb", "\r"]
)  # fmt: skip
FRAGMENTS = st.sampled_from(
    ["<Qty>1</Qty>", "<Foo/>", "<Currency>EUR</Currency>", "x", "<!-- c -->", "<?p i?>", "<![CDATA[1]]>"]
)


@cache
def _xmlschema() -> XMLSchema10:
    return XMLSchema10(str(resources.folder("xsd") / "sale.xsd"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


@st.composite
def mutated_documents(draw: st.DrawFn) -> bytes:
    """Give a document in which one thing was changed: a text, a tag, an order, an attribute, something too much."""
    text = render(Invoice(**draw(INVOICES))).decode()
    leaves = list(re.finditer(r"<(\w+)>([^<]*)</\1>\n", text))
    leaf = draw(st.sampled_from(leaves))
    start, end = leaf.span()
    change = draw(st.sampled_from(["text", "drop", "double", "rename", "attribute", "move", "insert"]))
    match change:
        case "text":
            new = f"<{leaf[1]}>{_escaped(draw(NASTY))}</{leaf[1]}>\n"
        case "double":
            new = leaf[0] * 2
        case "rename":
            new = leaf[0].replace(leaf[1], draw(st.sampled_from(["Qty", "Foo", "SaleType", leaf[1].lower()])))
        case "attribute":
            new = leaf[0].replace(f"<{leaf[1]}>", f'<{leaf[1]} a="1">')
        case "insert":
            new = leaf[0] + draw(FRAGMENTS)
        case _:
            new = ""
    text = text[:start] + new + text[end:]
    if change == "move":
        place = draw(st.sampled_from([match.start() for match in re.finditer(r"<\w+>", text[60:])])) + 60
        text = text[:place] + leaf[0] + text[place:]
    return text.encode()


@given(mutated_documents())
def test_both_engines_agree(document: bytes) -> None:
    """A document that lxml takes xmlschema takes, and the other way round; refused ones are explained."""
    root = xmlio.parse(document)
    assert schema.fits(root) == _xmlschema().is_valid(root)  # type: ignore[arg-type] # it takes lxml's elements too
    assert schema.fits(root) or schema.explain(root) != ()


@given(
    st.sampled_from(["net_amount", "document_date", "currency", "pdf", "comment", "sale_type", "document_ref"]), NASTY
)
def test_what_the_rules_take_fits_the_schema(name: str, text: str) -> None:
    """A value that the rules let through is one that the schema lets through too."""
    record: dict[str, Any] = {
        "document_date": "2026-01-02", "document_ref": "1", "supplier_name": "S", "client_name": "C", "currency": "EUR",
        "sale_type": "sales_invoice", "line_items": [{"item_name": "i", "qty": 1, "price": 1}], "net_amount": 1,
        "gross_amount": 1, name: text,
    }  # fmt: skip
    if not any(fault.is_error for fault in check(record)):
        assert schema.verdict(render(Invoice(**record))) == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("<PayTermType>1", "<PayTermType>3", "PayTermDays is given only with PayTermType 1 and 2"),
        ("</PayTerm>", "</PayTerm><DateDue>2026-01-01</DateDue>", "DateDue is given only with PayTermType 0"),
        ("<Amount>100</Amount>", "<Amount>101</Amount>", "An Amount in percent lies from 0 to 100"),
    ],
)
def test_the_assertions_of_xsd_1_1_hold_one_field_against_another(before: str, after: str, words: str) -> None:
    """sale-1.1.xsd refuses, in its own words, what sale.xsd cannot see."""
    invoice = Invoice(
        document_date="2026-01-02", document_ref="1", supplier_name="S", client_name="C", currency="EUR",
        sale_type="sales_invoice", line_items=[{"item_name": "i", "qty": 1, "price": 1}], net_amount=1, gross_amount=1,
        pay_term_type=1, pay_term_days=5,
        adjustments=[{"amount": 100, "pct_or_amount": "pct", "type_id": "discount", "description": "d"}],
    )  # fmt: skip
    good = render(invoice).decode()
    assert schema.explain(xmlio.parse(good.encode())) == ()
    broken = xmlio.parse(good.replace(before, after).encode())
    assert schema.fits(broken)
    (fault,) = schema.explain(broken)
    assert words in fault.message


def test_a_rendered_document_that_does_not_fit_is_a_defect_and_never_passes() -> None:
    """The verdict over our own documents is a real one, and asks for a report."""
    faults = schema.verdict(b"<Sale><Header/></Sale>")
    assert {fault.code for fault in faults} == {"PD-100"}
    assert all(fault.is_error and "please report it" in str(fault.suggestion) for fault in faults)


def test_threads_may_be_the_first_to_ask() -> None:
    """Several threads that load the schema at once, in a process that has loaded none, all get the verdict."""
    code = (
        "import threading; from paytraq_direct import Invoice, render, schema\n"
        f"document = {render(Invoice(**smallest()))!r}\n"
        "barrier, found = threading.Barrier(4), []\n"
        "def ask():\n    barrier.wait()\n    found.append(schema.verdict(document))\n"
        "threads = [threading.Thread(target=ask) for _ in range(4)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "assert found == [()] * 4, found"
    )
    for _ in range(5):
        result = run(sys.executable, "-c", code)
        assert (result.returncode, result.stderr) == (0, b"")


def test_record_paths() -> None:
    """The path of an element is told as the path of its field."""
    paths = {
        "/Sale/LineItems/LineItem[3]/Qty": "line_items[2].qty",
        "/Sale/LineItems/LineItem/Item/ItemName": "line_items[0].item_name",
        "/Sale/Adjustments/Adjustment[2]": "adjustments[1]",
        "/Sale/Header/PayTerm/PayTermType": "pay_term_type",
        "/Sale/Header/Document": "Header/Document",
        "/Sale": "",
    }
    assert {path: schema.record_path(path) for path in paths} == paths
