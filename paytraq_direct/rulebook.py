"""The rule book: what each rule says, what it rests on, and an example of what it refuses and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.rules import Rule

# When the pages were last read that the rules name as their source.
READ_ON: Final = "in November 2026"

_BASES: Final = {
    "documented": "PayTraq documents it",
    "safety": "it keeps harm away",
    "ours": "paytraq_direct's own contract for records",
    "inferred": "inferred from the documentation, so it only warns",
    "observed": "seen from here and at the time, so it only warns",
}


class Example(NamedTuple):
    """What a rule refuses, and the nearest that it takes: members of an invoice, a document, or what happens."""

    bad: str
    good: str


def rule_of(code: str) -> Rule | None:
    """Give the rule of a code; None when there is no such code."""
    return next((rule for rule in rules.every() if rule.code == code.upper()), None)


def page(rule: Rule) -> Iterator[str]:
    """Explain a rule, line by line."""
    example = EXAMPLES[rule.code]
    severity = rule.severity(foreign=False)
    yield f"{rule.code}  {severity}"
    yield f"  {rule.statement}"
    yield f"  rests on: {_BASES[rule.basis]}{f' ({_source(rule)})' if _source(rule) else ''}"
    is_of_documents = rule.broken is not None or rule is rules.MISSING or rule.code >= rules.NOT_XML.code
    if is_of_documents and severity == "error" and rule.severity(foreign=True) == "warning":
        yield "  in <Sale> documents written by others it only warns"
    yield f"  bad:  {example.bad}"
    yield f"  good: {example.good}"


def _source(rule: Rule) -> str:
    if rule.basis == "documented":
        return f"{rule.source or 'PayTraq Direct page'}, read {READ_ON}"
    return "" if rule.source in {"ours", ""} else rule.source


def _line(bad: str, good: str) -> Example:
    line = '"line_items": [{{"item_name": "Malka", {}}}]'
    return Example(line.format(bad), line.format(good))


def _adjustment(bad: str, good: str) -> Example:
    return Example(f'"adjustments": [{{{bad}}}]', f'"adjustments": [{{{good}}}]')


EXAMPLES: Final = {
    "PD-001": Example("a file saved as Windows-1257", "the same file saved as UTF-8"),
    "PD-002": Example('"comment": "Paldies",,', '"comment": "Paldies"'),
    "PD-003": Example("a .json file of 70 MB", "the same invoices as .jsonl, one on each line"),
    "PD-004": Example("[[[[…]]]], a hundred thousand deep", "an object with a list of line items"),
    "PD-005": Example('"line_items": ["Malka"]', '"line_items": [{"item_name": "Malka", "qty": 1, "price": 1}]'),
    "PD-006": Example('"comment": "a", "comment": "b"', '"comment": "a"'),
    "PD-007": Example('"colour": "red"', '"x_colour": "red"'),
    "PD-008": _line('"qty": 1', '"qty": 1, "price": 1'),
    "PD-009": Example('"document_ref": 77', '"document_ref": "77"'),
    "PD-010": Example('"line_items": []', '"line_items": [{"item_name": "Malka", "qty": 1, "price": 1}]'),
    "PD-011": Example("an invoice of 120,000 lines", "two invoices of 60,000 lines"),
    "PD-012": Example("texts that make a document of 40 MB", "the same invoice with shorter texts"),
    "PD-013": Example('"colour": "red", with --ignore-unknown', '"x_colour": "red"'),
    "PD-014": Example("[]", "an array with one invoice"),
    "PD-015": Example("a file on a drive that is pulled out while it is read", "a file that can be read to its end"),
    "PD-020": Example(r'"comment": "Paldies\u0007"', '"comment": "Paldies"'),
    "PD-021": Example('"comment": " "', '"comment": "Paldies"'),
    "PD-022": Example('"comment" of 10 MB', '"comment" of up to 9 MB'),
    "PD-023": Example('"document_ref": "INV-77 "', '"document_ref": "INV-77"'),
    "PD-024": Example(r'"comment": "\u202efdp.exe"', '"comment": "exe.pdf"'),
    "PD-025": Example('"document_ref" of 300 characters', '"document_ref": "INV-77"'),
    "PD-031": Example(
        '"pay_term_type": "due_days", "pay_term_days": 14, "date_due": "2026-11-16"',
        '"pay_term_type": "other_date", "date_due": "2026-11-16"',
    ),
    "PD-032": Example(
        '"pay_term_type": "cash_on_delivery", "pay_term_days": 14', '"pay_term_type": "due_days", "pay_term_days": 14'
    ),
    "PD-033": Example('"pay_term_type": "other_date"', '"pay_term_type": "other_date", "date_due": "2026-11-16"'),
    "PD-034": Example('"pay_term_type": "due_days"', '"pay_term_type": "due_days", "pay_term_days": 14'),
    "PD-035": Example(
        '"pay_term_type": "other_date", "date_due": "2026-10-16"',
        '"pay_term_type": "other_date", "date_due": "2026-11-16"',
    ),
    "PD-040": Example("Invoice(…, net_amount=0.1)", 'Invoice(…, net_amount=Decimal("0.1"))'),
    "PD-041": Example('"deposit": 1e3', '"deposit": 1000'),
    "PD-042": Example('"deposit": "1 234,50"', '"deposit": "1234.50"'),
    "PD-043": _line('"qty": 1, "price": 1, "line_discount": 110', '"qty": 1, "price": 1, "line_discount": 0'),
    "PD-044": Example(
        '"pay_term_type": "due_days", "pay_term_days": 14.5', '"pay_term_type": "due_days", "pay_term_days": 14'
    ),
    "PD-045": _adjustment(
        '"amount": 110, "type_id": "discount", "pct_or_amount": "pct"',
        '"amount": 0, "type_id": "discount", "pct_or_amount": "pct"',
    ),
    "PD-046": _adjustment('"amount": 10', '"amount": 0, "type_id": "charge", "pct_or_amount": "pct"'),
    "PD-047": _adjustment(
        '"amount": -5, "type_id": "charge", "pct_or_amount": "amount"',
        '"amount": 5, "type_id": "discount", "pct_or_amount": "amount"',
    ),
    "PD-050": Example('"document_date": "30.01.2024"', '"document_date": "2024-01-30"'),
    "PD-051": Example('"document_date": "1024-01-30"', '"document_date": "2024-01-30"'),
    "PD-052": Example('"document_date": "2024-02-30"', '"document_date": "2024-02-29"'),
    "PD-060": Example('"sale_type": "invoice"', '"sale_type": "sales_invoice"'),
    "PD-061": Example('"operation": "goods"', '"operation": "sell_goods"'),
    "PD-062": Example('"tax_basis": 3', '"tax_basis": "accrual"'),
    "PD-063": Example('"pay_term_type": 9', '"pay_term_type": "open_date"'),
    "PD-064": Example('"payment_method": "transfer"', '"payment_method": "bank"'),
    "PD-065": Example('"shipping_type": "goods"', '"shipping_type": "supply_of_goods"'),
    "PD-066": _adjustment(
        '"amount": 0, "type_id": "surcharge", "pct_or_amount": "pct"',
        '"amount": 0, "type_id": "charge", "pct_or_amount": "pct"',
    ),
    "PD-067": _adjustment(
        '"amount": 0, "type_id": "charge", "pct_or_amount": "%"',
        '"amount": 0, "type_id": "charge", "pct_or_amount": "pct"',
    ),
    "PD-070": Example('"currency": "EURO"', '"currency": "EUR"'),
    "PD-071": Example('"currency": "LVL"', '"currency": "EUR"'),
    "PD-080": Example('"pdf": "file:///invoice.pdf"', '"pdf": "https://example.com/invoice.pdf"'),
    "PD-090": Example("<Sale><Header></Sale>", "<Sale><Header></Header></Sale>"),
    "PD-091": Example("<Invoice></Invoice>", "<Sale></Sale>"),
    "PD-092": Example("<Sale><Colour>red</Colour></Sale>", "<Sale></Sale>"),
    "PD-093": Example("<Sale><Totals></Totals><Totals></Totals></Sale>", "<Sale><Totals></Totals></Sale>"),
    "PD-094": Example(
        "--operation sell_goods with a finished <Sale> document", "<Operation>sell_goods</Operation> in the document"
    ),
    "PD-100": Example("<Sale><Totals></Totals><Header></Header></Sale>", "a document in the order of the page"),
    "PD-110": Example(
        'an invoice for "SIA Beta" through a channel whose clients are "AS Acme"', "the same through its own channel"
    ),
    "PD-111": Example(
        "by-client, and no channel of the config lists the client", "one channel of the config lists the client"
    ),
    "PD-120": _line('"qty": 1, "price": 1, "line_total": 1.01', '"qty": 1, "price": 1, "line_total": 1.00'),
    "PD-121": Example('"net_amount": 1.02, "gross_amount": 1.24', '"net_amount": 1.00, "gross_amount": 1.21'),
    "PD-122": Example('"net_amount": 1, "gross_amount": 0.21', '"net_amount": 1, "gross_amount": 1.21'),
    "PD-130": Example('"pdf" of a host that is not there, with --links', '"pdf": "https://example.com/invoice.pdf"'),
    "PD-131": Example('"pdf" of a page that is answered 404, with --links', "the same link, answered 200"),
    "PD-132": Example('"pdf" of a link shortener, with --links', '"pdf" of the address that it leads to'),
    "PD-133": Example(
        '"pdf": "http://example.com/invoice.pdf", with --links', '"pdf": "https://example.com/invoice.pdf"'
    ),
    "PD-134": Example(
        '"pdf": "https://10.0.0.7/invoice.pdf", with --links', '"pdf": "https://example.com/invoice.pdf"'
    ),
    "PD-135": Example('"pdf" of a page that shows the invoice, with --links', '"pdf" of the PDF file'),
    "PD-136": Example(
        '"pdf" of a link with X-Amz-Expires=900, with --links', '"pdf" of one that is good for a year, or has no end'
    ),
    "PD-137": Example('"pdf" of a file of 40 MB, with --links', '"pdf" of a file of 2 MB'),
    "PD-140": Example("a UBL Invoice of type 389", "a UBL Invoice of type 380"),
    "PD-141": Example("a UBL Invoice whose totals are -100.00", "a UBL CreditNote whose totals are 100.00"),
    "PD-142": Example("a UBL line with lines in it", "those lines one after the other"),
    "PD-143": Example("a UBL line with a charge of 35.00", "the charge as a line of its own"),
    "PD-144": Example("a UBL Invoice of type 999", "a UBL Invoice of type 380"),
    "PD-145": Example("a line total in USD in a UBL Invoice in EUR", "all of its amounts in EUR"),
    "PD-146": Example("a UBL line with a price of 100.00 for 365 days", "one with a price of 100.00 for 8 days"),
    "PD-147": Example(
        "a UBL line of 4 × 25.00 with an allowance of 10.00 and a total of 95.00", "one with a total of 90.00"
    ),
    "PD-148": Example("a UBL Invoice without its total with tax", "one with it"),
    "PD-149": Example("--as ubl with invoice.json", "--as ubl with a UBL Invoice"),
    "PD-150": Example("--as ubl with a UBL Invoice that names no buyer", "one that names the buyer"),
    "PD-151": Example("a UBL Invoice over 100.00 with TaxExclusiveAmount 21.00", "one with TaxExclusiveAmount 100.00"),
    "PD-152": Example("a UBL AllowanceCharge whose ChargeIndicator is True", "one whose ChargeIndicator is true"),
}
