"""Broken inputs, as suppliers send them: what docs/faults.md shows, and tests/test_gallery.py holds true."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

_INVOICE = """\
{
  "document_date": "2026-11-02",
  "document_ref": "INV-77",
  "supplier_name": "SIA Piegādātājs",
  "client_name": "AS Klients",
  "sale_type": "sales_invoice",
  "currency": "EUR",
  "line_items": [
    {"item_name": "Malka", "qty": 4, "price": 25.00}
  ],
  "net_amount": 100.00,
  "gross_amount": 121.00
}
"""
_SALE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Sale>
  <Header>
    <Document>
      <DocumentDate>2026-11-02</DocumentDate>
      <DocumentRef>INV-77</DocumentRef>
      <SupplierData>
        <SupplierName>SIA Piegādātājs</SupplierName>
      </SupplierData>
      <ClientData>
        <ClientName>AS Klients</ClientName>
      </ClientData>
    </Document>
    <SaleType>sales_invoice</SaleType>
    <Currency>EUR</Currency>
  </Header>
  <LineItems>
    <LineItem>
      <Item>
        <ItemName>Malka</ItemName>
      </Item>
      <Qty>4</Qty>
      <Price>25.00</Price>
    </LineItem>
  </LineItems>
  <Totals>
    <GrossAmount>121.00</GrossAmount>
    <NetAmount>100.00</NetAmount>
  </Totals>
</Sale>
"""


class Broken(NamedTuple):
    """A file with something wrong: what, its name, and its bytes."""

    title: str
    name: str
    data: bytes


def _json(title: str, old: str, new: str) -> Broken:
    assert old in _INVOICE, old
    return Broken(title, "invoice.json", _INVOICE.replace(old, new, 1).encode())


def _member(title: str, member: str) -> Broken:
    return _json(title, '  "net_amount"', f'  {member},\n  "net_amount"')


def _line(title: str, members: str) -> Broken:
    return _json(title, '"qty": 4, "price": 25.00', members)


def _xml(title: str, old: str, new: str) -> Broken:
    assert old in _SALE, old
    return Broken(title, "sale.xml", _SALE.replace(old, new, 1).encode())


def _one_line(**fields: Any) -> str:
    return json.dumps({**json.loads(_INVOICE), **fields}, ensure_ascii=False)


BROKEN = (
    # --- the file itself
    Broken("an empty file", "invoice.json", b""),
    _json("a comma too many", '"currency": "EUR",', '"currency": "EUR",,'),
    _json("a comma too few", '"AS Klients",', '"AS Klients"'),
    _json("single quotes", '"currency": "EUR"', "'currency': 'EUR'"),
    Broken("a file that was cut off", "invoice.json", _INVOICE[:150].encode()),
    Broken("saved as Windows-1257", "invoice.json", _INVOICE.encode("windows-1257")),
    Broken("XML in a .json file", "invoice.json", _SALE.encode()),
    Broken("several invoices that are no array", "invoices.json", f"{_one_line()}\n{_one_line()}\n".encode()),
    Broken("an empty array", "invoices.json", b"[]\n"),
    Broken("a number where an invoice belongs", "invoices.json", b"[17]\n"),
    Broken("one bad line among good ones", "month.jsonl", f"{_one_line()}\n{_one_line(currency='EURO')}\n{{\n".encode()),
    # --- keys
    _json("a tag of the page as a key", '"document_date"', '"DocumentDate"'),
    _json("a slip in a key", '"client_name"', '"cleint_name"'),
    _member("a key that is no field", '"vat_rate": 21'),
    _member("a key that stands twice", '"currency": "USD"'),
    _json("a field that is missing", '  "currency": "EUR",\n', ""),
    _line("a line without a price", '"qty": 4'),
    # --- texts
    _json("a number without quotes", '"INV-77"', "77"),
    _json("a blank at the end of a number", '"INV-77"', '"INV-77 "'),
    _member("a text that is blank", '"comment": "  "'),
    _json("a control character", "SIA Pie", "SIA\\u0007Pie"),
    _json("a character that turns the direction of writing", "AS Klients", "AS \\u202eKlients"),
    # --- dates
    _json("a date as it is written in Riga", '"2026-11-02"', '"02.11.2026"'),
    _json("a date that may be two", '"2026-11-02"', '"11/02/2026"'),
    _json("a date and a time", '"2026-11-02"', '"2026-11-02T00:00:00"'),
    _json("a day that does not exist", '"2026-11-02"', '"2026-11-31"'),
    _json("a year that cannot be", '"2026-11-02"', '"0026-11-02"'),
    # --- amounts
    _json("a decimal comma", '"net_amount": 100.00', '"net_amount": "100,00"'),
    _json("thousands set apart", '"net_amount": 100.00', '"net_amount": "1 100,00"'),
    _json("an amount that may be two", '"net_amount": 100.00', '"net_amount": "1,100"'),
    _json("an exponent", '"net_amount": 100.00', '"net_amount": 1e2'),
    _json("a currency beside the amount", '"net_amount": 100.00', '"net_amount": "100 EUR"'),
    _json("too many digits", '"gross_amount": 121.00', '"gross_amount": 121.000000000001'),
    _line("a discount above 100 %", '"qty": 4, "price": 25.00, "line_discount": 110'),
    # --- codes
    _json("an invoice by another name", '"sales_invoice"', '"invoice"'),
    _json("a currency by another name", '"EUR"', '"EURO"'),
    _json("a currency in small letters", '"EUR"', '"eur"'),
    _json("a currency that is gone", '"EUR"', '"LVL"'),
    _member("a method that there is not", '"payment_method": "transfer"'),
    _member("true in quotes", '"include_tax": "true"'),
    # --- terms of payment
    _member("a due date, and days", '"pay_term_type": "due_days", "pay_term_days": 14, "date_due": "2026-11-16"'),
    _member("a due date without a type", '"date_due": "2026-11-16"'),
    _member("days, and cash on delivery", '"pay_term_type": 3, "pay_term_days": 14'),
    _member("due days without days", '"pay_term_type": "due_days"'),
    _member("due before it was written", '"pay_term_type": "other_date", "date_due": "2026-10-16"'),
    # --- adjustments and links
    _member("a discount with a minus", '"adjustments": [{"type_id": "discount", "pct_or_amount": "amount", "amount": -5}]'),
    _member("an adjustment that says too little", '"adjustments": [{"amount": 5}]'),
    _member("a link that is none", '"pdf": "www.example.com/INV-77.pdf"'),
    _member("a link with a password", '"pdf": "https://anna:secret@example.com/INV-77.pdf"'),
    # --- sums
    _line("a line that is a cent off", '"qty": 4, "price": 25.00, "line_total": 100.01'),
    _json("a total that is a cent off", '"net_amount": 100.00', '"net_amount": 100.01'),
    _json("gross below net", '"gross_amount": 121.00', '"gross_amount": 21.00'),
    # --- documents
    _xml("a tag that is not closed", "</Currency>", ""),
    _xml("a DOCTYPE", "<Sale>", "<!DOCTYPE Sale><Sale>"),
    Broken("another kind of document", "ubl.xml", b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>\n'),
    _xml("an element that is not on the page", "<Currency>EUR", "<Colour>red</Colour>\n    <Currency>EUR"),
    _xml("an element that stands twice", "<Currency>EUR", "<Currency>USD</Currency>\n    <Currency>EUR"),
    _xml("elements in another order", "    <SaleType>sales_invoice</SaleType>\n    <Currency>EUR</Currency>",
         "    <Currency>EUR</Currency>\n    <SaleType>sales_invoice</SaleType>"),
    _xml("a date of Riga in a document", "2026-11-02", "02.11.2026"),
    _xml("a name where the page has a code", "    <Currency>", "    <PayTerm>\n      <PayTermType>due_days</PayTermType>\n    </PayTerm>\n    <Currency>"),
)  # fmt: skip
