"""Records in Payt's words: every field, every rule, and what becomes of a PayTraq record."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest
from conftest import EXAMPLES
from hypothesis import given
from hypothesis import strategies as st
from test_rules import smallest as of_paytraq

from paytraq_direct import InvalidInvoice, LineItem, payt, read, render
from paytraq_direct import Invoice as PaytraqInvoice
from paytraq_direct.payt import fields, rules
from paytraq_direct.payt.records import take

from .invoices import fullest, invoices, smallest

if TYPE_CHECKING:
    from pathlib import Path

# The body that Payt's page "Upsert invoices in bulk" shows, as the names in it.
SHOWN = {
    "": "currency_code invoice_number invoice_date due_date book_amount_total book_amount_open amount_open amount_total "
    "invoice_identifier debtor_number debtor_identifier order_number peppol_identifier description category "
    "contact_identifier payment_condition sent_at labels payment_term document ubl_document payments invoice_lines",
    "document": "checksum filename destroy",
    "ubl_document": "checksum filename destroy",
    "payments": "amount origin_identifier cost_type payment_date book_amount description payment_method reversal_code",
    "invoice_lines": "description vat_rate_code total_excl_tax_amount total_incl_tax_amount product_price product_unit "
    "product_quantity vat_percentage vat_amount line_order",
}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a control character", {"description": "a\x07b"}, "PD-200 description"),
    ("half a character", {"category": "\ud800"}, "PD-200 category"),
    ("one decimal", {"amount_total": "121.0"}, "PD-201 amount_total"),
    ("a comma", {"amount_open": "121,00"}, "PD-201 amount_open"),
    ("a number", {"amount_open": 121}, "PD-009 amount_open"),
    ("a binary float", {"amount_open": 121.0}, "PD-009 amount_open"),
    ("an exponent", {"amount_total": "1e2"}, "PD-201 amount_total"),
    ("blanks in an amount", {"amount_total": " 121.00"}, "PD-201 amount_total"),
    ("digits of another script", {"amount_total": "١٢١.00"}, "PD-201 amount_total"),
    ("a quantity in words", {"invoice_lines": [{"product_quantity": "two"}]}, "PD-202 invoice_lines[0].product_quantity"),
    ("a quantity as a number", {"invoice_lines": [{"product_quantity": 2}]}, "PD-009 invoice_lines[0].product_quantity"),
    ("a negative term", {"payment_term": -1}, "PD-203 payment_term"),
    ("a term beyond int32", {"payment_term": 2**31}, "PD-203 payment_term"),
    ("half a day", {"payment_term": "1.5"}, "PD-203 payment_term"),
    ("true as a term", {"payment_term": True}, "PD-009 payment_term"),
    ("a time without a zone", {"sent_at": "2026-11-02T10:00:00"}, "PD-204 sent_at"),
    ("a time with an offset", {"sent_at": "2026-11-02T10:00:00+02:00"}, "PD-204 sent_at"),
    ("no time of the day", {"sent_at": "2026-11-02T25:00:00Z"}, "PD-204 sent_at"),
    ("an MD5", {"document": {"checksum": "1B2M2Y8AsgTpgAmY7PhCfg==", "filename": "a.pdf"}}, "PD-205 document.checksum"),
    ("88 letters that are no base64", {"document": {"checksum": "?" * 88, "filename": "a.pdf"}},
     "PD-205 document.checksum"),
    ("a code that is none", {"payment_method": "wire"}, "PD-206 payment_method"),
    ("a blank label", {"labels": ["a", " "]}, "PD-207 labels"),
    ("a number as a label", {"labels": [1]}, "PD-207 labels"),
    ("labels in one text", {"labels": "a,b"}, "PD-009 labels"),
    ("due before it is issued", {"due_date": "2026-11-01"}, "PD-208 due_date"),
    ("a line without a total", {"invoice_lines": [{"total_incl_tax_amount": None}]}, "PD-211 invoice_lines[0]"),
    ("half the lines in order", {"invoice_lines": [{"line_order": 1}, {}]}, "PD-212 invoice_lines"),
    ("two lines in one place", {"invoice_lines": [{"line_order": 1}, {"line_order": 1}]}, "PD-212 invoice_lines"),
    ("an unknown field", {"amount": "1.00"}, "PD-007 amount"),
    ("an unknown field below", {"document": {"checksum": payt.checksum(b""), "filename": "a", "size": 1}},
     "PD-007 document.size"),
    ("a document that is a text", {"document": "a.pdf"}, "PD-009 document"),
    ("a payment without its id", {"payments": [{"amount": "1.00"}]}, "PD-008 payments[0].origin_identifier"),
    ("a currency of two letters", {"currency_code": "EU"}, "PD-070 currency_code"),
    ("a day written backwards", {"invoice_date": "02-11-2026"}, "PD-050 invoice_date"),
    ("a number as a number", {"invoice_number": 7}, "PD-009 invoice_number"),
]  # fmt: skip
WARNED: list[tuple[str, dict[str, Any], str]] = [
    ("no debtor", {"debtor_number": None}, "PD-209"),
    ("nothing to mail", {"sent_at": None}, "PD-210"),
    ("a document that is taken away", {"sent_at": None, "document": {
        "checksum": payt.checksum(b""), "filename": "a", "destroy": True}}, "PD-210"),
    ("more open than there is", {"amount_open": "122.00"}, "PD-213 amount_open"),
    ("a credit note that is to be paid", {"amount_total": "-121.00"}, "PD-213 amount_open"),
    ("blanks around a number", {"invoice_number": "7 "}, "PD-023 invoice_number"),
]  # fmt: skip


def _with_lines(change: dict[str, Any]) -> dict[str, Any]:
    """Give the smallest invoice with a change; its lines have what a line must have."""
    line = {"description": "x", "vat_rate_code": "H", "total_incl_tax_amount": "1.00"}
    lines = [{**line, **one} for one in change.get("invoice_lines", [])]
    return smallest(**{**change, **({"invoice_lines": lines} if lines else {})})


def _told(data: object) -> list[str]:
    return [f"{fault.code} {fault.path}".strip() for fault in payt.check(json.dumps(data))]


def test_every_field_of_the_page_is_there_and_no_other_but_those_that_are_said() -> None:
    """The tables have the names that Payt's page shows, and two more that only its OpenAPI description has."""
    tables = {"": fields.INVOICE, "document": fields.DOCUMENT, "ubl_document": fields.DOCUMENT,
              "payments": fields.PAYMENT, "invoice_lines": fields.INVOICE_LINE}  # fmt: skip
    more = {"": {"payment_method"}, "payments": {"transaction_type"}}
    assert {
        name: {*names.split(), *more.get(name, ())} for name, names in SHOWN.items()
    } == {name: {field.name for field in table} for name, table in tables.items()}  # fmt: skip


def test_the_fullest_invoice_comes_back_field_by_field() -> None:
    """An invoice with all that Payt's page shows has no fault and is written as it was given."""
    record = payt.Invoice.from_json(json.dumps(fullest()))
    assert json.loads(record.to_json()) == fullest()
    assert payt.check(fullest()) == ()
    assert record.amount_total == Decimal("121.00")
    assert record.payments[0].payment_date == date(2026, 11, 3)


def test_every_field_of_the_fullest_invoice_is_told_apart() -> None:
    """Left out one by one, a field is missed if it is required, and otherwise not sent."""
    for field in fields.INVOICE:
        data = {name: value for name, value in fullest().items() if name != field.name}
        record, faults = take(data)
        if field.required:
            assert [(fault.code, fault.path) for fault in faults] == [("PD-008", field.name)]
        else:
            assert record is not None
            assert json.loads(record.to_json()) == data


@pytest.mark.parametrize(("change", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_where_it_stands(change: dict[str, Any], told: str) -> None:
    """Each wrong value is one error, of that rule, at that place."""
    data = _with_lines(change)
    assert _told(data) == [told]
    assert all(fault.line for fault in payt.check(json.dumps(data, indent=1)))
    with pytest.raises(InvalidInvoice):
        payt.Invoice.from_json(json.dumps(data))


@pytest.mark.parametrize(("change", "told"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_what_may_be_meant_is_only_warned_of(change: dict[str, Any], told: str) -> None:
    """A warning keeps no invoice from being sent."""
    assert _told(_with_lines(change)) == [told]
    assert payt.Invoice.from_json(json.dumps(_with_lines(change))).currency_code == "EUR"


def test_every_rule_has_a_case() -> None:
    """Each rule of Payt's own is seen broken here, but for those that need more than one invoice."""
    seen = {row[2].split()[0] for row in (*REFUSED, *WARNED)}
    beyond_one = {"PD-214", "PD-215", "PD-216"}
    assert {rule.code for rule in rules.every()} <= seen | beyond_one


@pytest.mark.parametrize(
    ("given", "written"),
    [(121, '"121.00"'), ("121.0", '"121.00"'), ("1 234,5", '"1234.50"'), ("1.234,50", '"1234.50"')],
)
def test_an_amount_is_offered_as_it_should_be(given: object, written: str) -> None:
    """What is surely meant is offered in quotes and with two decimals."""
    (fault,) = [f for f in payt.check(json.dumps(smallest(book_amount_open=given))) if f.is_error]
    assert fault.suggestion == f"write {written}"
    assert fault.fix is not None
    assert fault.fix.value == json.loads(written)


def test_what_cannot_be_written_with_two_decimals_is_never_rounded() -> None:
    """A third decimal is a fault without an offer."""
    (fault,) = payt.check(json.dumps(smallest(book_amount_open="1.005")))
    assert (fault.code, fault.fix) == ("PD-201", None)


def test_python_values_are_taken_where_they_are_exact() -> None:
    """Decimals, whole numbers, days and times with a zone are taken; floats and times without one are not."""
    zone = timezone(timedelta(hours=2))
    record = payt.Invoice(
        **smallest(
            amount_total=Decimal(121), amount_open=121, book_amount_total=Decimal("121.000"),
            invoice_date=date(2026, 11, 2), sent_at=datetime(2026, 11, 2, 12, tzinfo=zone), payment_term=14,
        )
    )  # fmt: skip
    written = json.loads(record.to_json())
    assert (written["amount_total"], written["amount_open"], written["book_amount_total"]) == ("121.00",) * 3
    assert (written["sent_at"], written["payment_term"]) == ("2026-11-02T10:00:00.000Z", 14)
    for wrong in ({"amount_total": 121.5}, {"amount_total": Decimal("NaN")}, {"amount_total": Decimal("0.001")},
                  {"sent_at": datetime(2026, 11, 2, 12)}):  # fmt: skip  # noqa: DTZ001 - that is what is wrong
        with pytest.raises(InvalidInvoice):
            payt.Invoice(**smallest(**wrong))


def test_records_are_taken_in_records() -> None:
    """A document, payment or line that was made before is taken as it is."""
    document = payt.Document(checksum=payt.checksum(b"x"), filename="a.pdf")
    line = payt.InvoiceLine(description="x", vat_rate_code="H", total_incl_tax_amount="1.00")
    payment = payt.Payment(amount="1.00", origin_identifier="p")
    record = payt.Invoice(**smallest(document=document, invoice_lines=[line], payments=(payment,)))
    assert (record.document, record.invoice_lines, record.payments) == (document, (line,), (payment,))
    assert payt.check(record) == ()


def test_the_checksum_is_that_of_the_guide() -> None:
    """SHA3-512 in base64 has 88 characters; this is the known one of nothing at all."""
    assert payt.checksum(b"") == (
        "pp9zzKI6msXItWfcGFp1bpfJghZP4lhZ4NHcwUdcgKYVshI68fX5TBHj6UAsOsVY9QAZnZW20+MBdYWGKB3NJg=="
    )
    assert len(payt.checksum(b"x")) == 88


@given(invoices())
def test_what_has_no_fault_comes_back(data: dict[str, Any]) -> None:
    """Any good invoice is written as it was given, digit by digit, and so is what was read from that."""
    record = payt.Invoice.from_json(json.dumps(data))
    assert json.loads(record.to_json()) == data
    assert payt.Invoice.from_json(record.to_json()) == record


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_ANY = st.dictionaries(st.sampled_from([field.name for field in fields.INVOICE]), _JSON, max_size=8)


@given(_ANY | _JSON)
def test_whatever_comes_is_told_and_never_raises(data: object) -> None:
    """Bad data of any kind has faults, each with a code, and gives no record when one is an error."""
    faults = payt.check(json.dumps(data))
    record, _ = take(data)
    assert any(fault.is_error for fault in faults)
    assert record is None


@pytest.mark.parametrize(
    "value",
    [10**5000, Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("NaN"), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
     datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), datetime(1, 1, 1, tzinfo=UTC), object(), b"x", 1.5],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_odd_python_values_are_told_and_never_raise(value: Any) -> None:
    """Whatever its size, a value that cannot be sent is a fault of each field."""
    for name in ("amount_total", "sent_at", "payment_term", "labels", "document", "invoice_date", "description"):
        assert any(fault.is_error for fault in payt.check(smallest(**{name: value}))), name
    line = {"description": "x", "vat_rate_code": "H", "total_incl_tax_amount": "1.00", "product_quantity": value}
    assert any(fault.is_error for fault in payt.check(smallest(invoice_lines=[line])))


def test_many_ordered_lines_are_looked_at_once() -> None:
    """A hundred thousand lines in order have no fault, and it does not take for ever to see."""
    line = payt.InvoiceLine(description="x", vat_rate_code="H", total_incl_tax_amount="1.00")
    lines = [replace_order(line, number) for number in range(50_000)]
    assert payt.check(smallest(invoice_lines=lines)) == ()
    assert _told_of(smallest(invoice_lines=[*lines, lines[7]])) == ["PD-212 invoice_lines"]


def replace_order(line: payt.InvoiceLine, number: int) -> dict[str, Any]:
    """Give a line at a place."""
    return {
        "description": line.description,
        "vat_rate_code": "H",
        "total_incl_tax_amount": "1.00",
        "line_order": str(number),
    }


def _told_of(data: dict[str, Any]) -> list[str]:
    return [f"{fault.code} {fault.path}" for fault in payt.check(data)]


# --- from a PayTraq record ------------------------------------------------------------------------------------


def _mapped(**change: Any) -> payt.Mapped:
    return payt.from_invoice(PaytraqInvoice(**of_paytraq(**change)), debtor_number="D-17")


def test_the_invoice_of_the_examples_goes_over() -> None:
    """Every field of it is carried, assumed or named as left behind."""
    invoice = PaytraqInvoice.from_json((EXAMPLES / "invoice.json").read_bytes())
    mapped = payt.from_invoice(invoice, debtor_number="D-17", vat_rate_code="H")
    written = json.loads(mapped.record.to_json())
    assert (written["invoice_number"], written["amount_total"], written["due_date"]) == (
        "INV-2026-0042", "362.58", "2026-11-16",
    )  # fmt: skip
    assert [line["total_excl_tax_amount"] for line in written["invoice_lines"]] == ["225.00", "49.65", "25.00"]
    carried = {"document_date", "document_ref", "sale_type", "currency", "gross_amount", "comment", "pay_term_type",
               "pay_term_days", "payment_method", "include_tax", "line_items"}  # fmt: skip
    given = {name for name in invoice.__slots__ if getattr(invoice, name) not in {None, ()}}
    assert given == carried | {path for path in mapped.left_out if "[" not in path}
    assert set(mapped.assumed) == {"amount_open", "book_amount_total", "book_amount_open", "due_date"}


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"pay_term_type": 0, "date_due": "2026-12-24"}, "2026-12-24"),
        ({"pay_term_type": 1, "pay_term_days": 14}, "2026-11-16"),
        ({"pay_term_type": 2, "pay_term_days": 10}, "2026-12-10"),
        ({"pay_term_type": 3}, "2026-11-02"),
    ],
)
def test_the_due_date_comes_from_the_terms(terms: dict[str, Any], due: str) -> None:
    """What is worked out is told as assumed; what is written is not."""
    mapped = _mapped(document_date="2026-11-02", **terms)
    assert mapped.record.due_date == date.fromisoformat(due)
    assert ("due_date" in mapped.assumed) == (terms["pay_term_type"] != 0)


def test_what_cannot_be_expressed_is_refused() -> None:
    """No due date, a third decimal, or what is no invoice: nothing is made up."""
    for change, told in (
        ({}, "PD-008 due_date"),
        ({"pay_term_type": 3, "gross_amount": "1.005"}, "PD-201 amount_total"),
        ({"pay_term_type": 3, "sale_type": "sales_proforma"}, "PD-216 sale_type"),
    ):
        with pytest.raises(InvalidInvoice) as caught:
            _mapped(**change)
        assert told in {f"{fault.code} {fault.path}" for fault in caught.value.faults}


def test_a_credit_note_is_negative_and_has_nothing_open() -> None:
    """That is assumed, and said."""
    mapped = _mapped(pay_term_type=3, sale_type="credit_note", gross_amount="12.10")
    assert (mapped.record.amount_total, mapped.record.amount_open) == (Decimal("-12.10"), Decimal("0.00"))
    assert {"amount_total", "amount_open"} <= set(mapped.assumed)


def test_the_lines_of_a_credit_note_are_negative_too() -> None:
    """Quantity and total turn with the total of the note, and that is said; a deposit is named as left behind."""
    line = LineItem(item_name="x", qty=2, price=5, line_total="10.00")
    note = PaytraqInvoice(
        **{
            **of_paytraq(pay_term_type=3, sale_type="credit_note", gross_amount="12.10", deposit="2"),
            "line_items": [line],
        }
    )
    mapped = payt.from_invoice(note, debtor_number="D", vat_rate_code="H")
    (turned,) = mapped.record.invoice_lines
    assert (turned.product_quantity, turned.total_excl_tax_amount) == (Decimal(-2), Decimal("-10.00"))
    assert "negative" in mapped.assumed["invoice_lines"]
    assert "deposit" in mapped.left_out


def test_no_context_of_decimals_has_a_say() -> None:
    """Amounts are exact, whatever precision the program has set."""
    with localcontext() as context:
        context.prec = 4
        mapped = _mapped(pay_term_type=3, gross_amount="12345678.91", deposit="0.01")
        note = _mapped(pay_term_type=3, gross_amount="12345678.91", sale_type="credit_note")
    assert (mapped.record.amount_total, mapped.record.amount_open) == (Decimal("12345678.91"), Decimal("12345678.90"))
    assert note.record.amount_total == Decimal("-12345678.91")


def test_a_finished_document_may_lack_what_payt_asks_for(tmp_path: Path) -> None:
    """What others wrote has no total: that is a fault with its name, and no crash."""
    path = tmp_path / "sale.xml"
    document = render(PaytraqInvoice(**of_paytraq(pay_term_type=1, pay_term_days=5)))
    for tag in (b"GrossAmount", b"DocumentDate"):
        path.write_bytes(re.sub(b"<%b>.*</%b>" % (tag, tag), b"", document))
        (found,) = read(path)
        assert found.invoice is not None
        with pytest.raises(InvalidInvoice):
            payt.from_invoice(found.invoice)


def test_a_deposit_is_not_open() -> None:
    """What was paid already is taken off."""
    assert _mapped(pay_term_type=3, gross_amount="12.10", deposit="2.10").record.amount_open == Decimal("10.00")


def test_what_is_known_better_is_given() -> None:
    """Fields of Payt's take the place of what would be assumed."""
    invoice = PaytraqInvoice(**of_paytraq())
    mapped = payt.from_invoice(invoice, due_date="2026-12-31", amount_open="0.00", book_amount_open="0.00")
    assert (mapped.record.due_date, mapped.record.amount_open) == (date(2026, 12, 31), Decimal("0.00"))
    assert set(mapped.assumed) == {"book_amount_total"}


def test_lines_stay_behind_with_the_reason() -> None:
    """Without a VAT code, or with a line that has no total, none goes over."""
    line = LineItem(item_name="x", qty=1, price=1)
    invoice = PaytraqInvoice(**{**of_paytraq(pay_term_type=3), "line_items": [line]})
    assert "vat_rate_code" in payt.from_invoice(invoice).left_out["line_items"]
    assert "line_total" in payt.from_invoice(invoice, vat_rate_code="H").left_out["line_items"]
