"""What there is to see of a document: every value of it, in words, with its faults beside."""

from __future__ import annotations

import re

import pytest
from arrivals import UBL, Arrived, example, faulty, sample
from conftest import EXAMPLES

from paytraq_direct import codes, fields, xmlio
from paytraq_direct.errors import Fault
from paytraq_direct.inbox.view import Sale, Value, View, view_of
from paytraq_direct.readers import sale

EVERYTHING = sample("everything.xml")


def seen(document: bytes) -> Sale:
    """Give what is seen of a <Sale>."""
    found = view_of(document, sale.read("", document).faults).sale
    assert found is not None
    return found


def fact(view: Sale, label: str) -> Value:
    """Give one fact."""
    (found,) = [value for value in view.facts if value.label == label]
    return found


def changed(*changes: tuple[str, str]) -> bytes:
    """Give the document of every element with something else in it."""
    document = EVERYTHING.decode()
    for before, after in changes:
        assert before in document
        document = document.replace(before, after)
    return document.encode()


def test_the_sample_uses_every_element() -> None:
    """A new field must be added to the sample, and is held to be shown then."""
    tags = {str(element.tag) for element in xmlio.parse(EVERYTHING).iter()}
    assert {row.tag for row in (*fields.INVOICE, *fields.LINE_ITEM, *fields.ADJUSTMENT)} <= tags


def test_it_is_told_in_words() -> None:
    """Codes, dates and terms are words, signs and percents stand beside sums, and amounts keep their digits."""
    view = seen(EVERYTHING)
    assert [view.title.text, view.number.text, view.currency] == ["Receipt", "ALL-2026-0001", "CHF"]
    assert [(party.role, party.name.text, *(one.text for one in party.numbers)) for party in view.parties] == [
        ("Supplier", "SIA Piegādātājs", "00040003001", "LV40003000002"),
        ("Client", "AS Klients & dēli", "40103000003", "LV40103000004"),
    ]
    assert {value.label: value.text for value in view.facts} == {
        "Date": "2 November 2026", "Terms": "due 17 days after the end of the month", "Due date": "24 December 2026",
        "Paid by": "Factoring", "Operation": "Other Income", "Shipping": "Movement of goods", "Tax basis": "Cash",
        "Prices": "without tax", "Currency": "CHF",
    }  # fmt: skip
    assert [{name: value.text for name, value in row.values.items() if value.text} for row in view.lines] == [
        {"item_code": "MALKA-1", "item_bar_code": "4750000000017", "item_name": "Bērza malka",
         "description": "Kaltēta, skaldīta", "qty": "3.5", "price": "31.25", "line_discount": "12 %",
         "line_total": "96.25", "unit_name": "ster"},
        {"item_name": "Piegāde", "qty": "1", "price": "33.10"},
    ]  # fmt: skip
    assert [(row.values["description"].text, row.amount.text) for row in view.adjustments] == [
        ("Pastāvīgam klientam", "−5 %"),
        ("Iepakojums", "+4.40"),
    ]
    assert [(value.label, value.text, value.note) for value in view.totals] == [
        ("Shipping charge", "9.90", ""),
        ("Net", "137.26", ""),
        ("Tax (the difference)", "28.82", "21.00 % of net"),
        ("Total", "166.08", ""),
        ("Deposit", "20.00", ""),
    ]
    assert [value.link for value in view.links] == [
        "https://example.com/invoices/ALL-2026-0001",
        "http://example.com/invoices/ALL-2026-0001.pdf",
    ]
    assert [(value.label, value.text) for value in view.others] == [
        ("Terminal", ""),
        ("Terminal/@no", "T-9"),
        ("Terminal/Till", "Kase 3"),
    ]
    assert view.comment.text == "Paldies!\nLīdz nākamajai reizei."
    assert [remark.fault.path for remark in view.elsewhere] == ["Header"]


@pytest.mark.parametrize(
    ("kind", "days", "due", "words"),
    [
        ("1", "14", "", "due within 14 days"),
        ("1", "1", "", "due within 1 day"),
        ("1", "", "", "due within a number of days"),
        ("0", "", "2026-11-16", "due on 16 November 2026"),
        ("0", "", "16.11.2026", "due on 16.11.2026"),
        ("0", "", "", "due on another date"),
        ("2", "", "", "due at the end of the month"),
        ("2", "10", "", "due 10 days after the end of the month"),
        ("3", "", "", "cash on delivery"),
        ("4", "", "", "open date of payment"),
        ("due_days", "14", "", "due_days"),
        ("9", "", "", "9"),
    ],
)
def test_terms_are_a_sentence(kind: str, days: str, due: str, words: str) -> None:
    """The terms of payment are told as a person says them, and what has no place in the sentence stands by itself."""
    view = seen(
        changed(
            ("<PayTermType>2", f"<PayTermType>{kind}"),
            ("<PayTermDays>17", f"<PayTermDays>{days}"),
            ("<DateDue>2026-12-24", f"<DateDue>{due}"),
        )
    )
    assert fact(view, "Terms").text == words
    alone = {value.label: value.text for value in view.facts if value.label in {"Days", "Due date"}}
    for text in (days, due):
        assert not text or text in words or text in {*alone.values(), fact(view, "Terms").day}


@pytest.mark.parametrize("type_of_sale", codes.SALE_TYPE.codes)
def test_the_title_is_the_kind_of_document(type_of_sale: codes.Code) -> None:
    """Each type of sale is called what PayTraq's page calls it."""
    assert seen(changed(("sales_receipt", type_of_sale.wire))).title.text == type_of_sale.meaning


@pytest.mark.parametrize(
    ("amount", "kind", "unit", "shown"),
    [
        ("5", "discount", "pct", "−5 %"), ("5", "charge", "pct", "+5 %"), ("5", "discount", "amount", "−5"),
        ("-5", "discount", "pct", "−(-5) %"), ("5", "rebate", "pct", "5 %"), ("5", "charge", "percent", "+5"),
        ("", "charge", "pct", ""),
    ],
)  # fmt: skip
def test_an_adjustment_has_its_sign(amount: str, kind: str, unit: str, shown: str) -> None:
    """Discounts are taken off and charges added, percents are percents; what is neither has no sign."""
    view = seen(changed(("<Amount>5", f"<Amount>{amount}"), (">discount<", f">{kind}<"), (">pct<", f">{unit}<")))
    assert view.adjustments[0].amount.text == shown


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        " https://example.com",
        "//example.com",
        "ftp://e.com/x",
        "https://u:p@example.com/",
    ],
)
def test_only_safe_links_are_links(link: str) -> None:
    """What is not plainly http or https is shown as text."""
    (value, _) = seen(changed(("https://example.com/invoices/ALL-2026-0001", link))).links
    assert (value.text, value.link) == (link, None)


def test_faults_stand_beside_what_they_are_about() -> None:
    """Each fault is beside its value or its row, once, and none is lost."""
    arrived = Arrived(1, faulty())
    view = seen(faulty())
    beside = {
        value.label: [remark.fault.code for remark in value.remarks]
        for value in (*view.facts, *view.others, view.lines[0].values["qty"], view.lines[1].values["item_name"])
        if value.remarks
    }
    assert beside == {
        "Date": ["PD-052"], "Terms": ["PD-100"], "Days": ["PD-032"], "Currency": ["PD-070"], "Header/Colour": ["PD-092"],
        "Quantity": ["PD-042"], "Item": ["PD-024"],
    }  # fmt: skip
    assert sum(map(len, beside.values())) == len(arrived.faults)
    assert view.elsewhere == ()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "Header/Nowhere",
        "line_items",
        "line_items[0]",
        "line_items[0]/Item",
        "line_items[7].qty",
        "adjustments[1].type_id",
        "adjustments",
    ],
)
def test_no_fault_is_lost(path: str) -> None:
    """A fault about anything at all is found somewhere in what is seen, exactly once."""
    view = view_of(EVERYTHING, (Fault(code="PD-999", severity="error", path=path, message="it is so"),))
    assert len(re.findall("PD-999", repr(view.sale))) == 1


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        ("<Qty>3.5</Qty>", "<Qty>3.5</Qty><Qty>4.5</Qty>", ("line_items[0].qty", "4.5")),
        ("<Qty>", '<Qty unit="kg">', ("line_items[0].qty/@unit", "kg")),
        ("<Qty>3.5", "<Qty>3.5<b>bold</b>", ("line_items[0].qty/b", "bold")),
        ("<LineItem>", "<LineItem>loose", ("line_items[0], between elements", "loose")),
        ("</Sale>", "loose</Sale>", ("Sale, between elements", "loose")),
        ("<Sale>", '<Sale version="2">', ("@version", "2")),
        ("</Header>", "<Foo/></Header>", ("Header/Foo", "")),
        ("</Header>", "<Foo><Bar><Baz>deep</Baz>tail</Bar></Foo></Header>", ("Header/Foo/Bar/Baz", "deep")),
        ("</Header>", "<Foo><Bar><Baz>deep</Baz>tail</Bar></Foo></Header>", ("Header/Foo/Bar, between elements", "tail")),
        ("</Header>", '<x:Foo xmlns:x="urn:x">here</x:Foo></Header>', ("Header/{urn:x}Foo", "here")),
    ],
)  # fmt: skip
def test_what_the_page_does_not_know_is_listed(before: str, after: str, other: tuple[str, str]) -> None:
    """Unknown and repeated elements, attributes and text between elements are all told."""
    assert other in [(value.label, value.text) for value in seen(changed((before, after))).others]


@pytest.mark.parametrize(
    ("document", "kind", "title", "is_read"),
    [
        (UBL, "ubl", "UBL Invoice", True),
        (b"<Order/>", "other", "<Order> document", True),
        (b'<Sale xmlns="urn:x"/>', "other", "<Sale> document", True),
        (b"<Sale/>", "sale", "Document of no kind", True),
        (b"<Sale>", "other", "Not XML", False),
        (b"", "other", "Not XML", False),
        (b"\xff\xfe\x00", "other", "Not XML", False),
        (b"<!DOCTYPE x><Sale/>", "other", "Not XML", False),
        (b"<a>" * 300 + b"</a>" * 300, "other", "Not XML", False),
        (b"<Sale>" + b" " * (32 << 20) + b"</Sale>", "other", "Not XML", False),
    ],
)
def test_broken_and_foreign_documents_are_seen_as_such(document: bytes, kind: str, title: str, is_read: bool) -> None:  # noqa: FBT001
    """Whatever comes, there is a view of it."""
    view: View = view_of(document)
    assert (view.kind, view.title, view.why is None) == (kind, title, is_read)
    assert (view.sale is not None) == (kind == "sale")


def test_a_document_in_another_encoding_is_shown_in_its_own_letters() -> None:
    """The raw text is read by the encoding that the document declares."""
    document = EVERYTHING.decode().replace("UTF-8", "ISO-8859-13").encode("iso-8859-13")
    view = view_of(document)
    assert "SIA Piegādātājs" in view.text
    assert view.sale is not None
    assert view.sale.parties[0].name.text == "SIA Piegādātājs"


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in {".json", ".xml"}))
def test_every_example_is_seen_whole(name: str) -> None:
    """Each example has a title, two parties, lines, and nothing that is not known."""
    view = seen(example(name))
    assert (bool(view.title.text), bool(view.lines), view.others) == (True, True, ())
    assert all(party.name.text for party in view.parties)
