"""UBL to a record: what each sample becomes, what it loses, and that nothing is lost in silence."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from commands import run
from conftest import SAMPLES
from test_cli import answers
from test_rules import lines_of
from ubl_documents import Line, allowance, document
from wire.servers import OK, Server

from paytraq_direct import Conflict, Outbox, Sender, render, schema, xmlio
from paytraq_direct.outbox import content
from paytraq_direct.readers import Options, Reading, readings, sale
from paytraq_direct.readers.ubl import losses, tables
from paytraq_direct.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conftest import Golden

    from paytraq_direct.readers import Loss
    from paytraq_direct.readers.ubl.source import Source

FOLDER = SAMPLES / "ubl"
DOCS = Path(__file__).parent.parent / "docs"
SAMPLE_FILES = sorted(FOLDER.glob("*.xml"))
CORPUS = os.environ.get("PAYTRAQ_UBL_CORPUS")


def read(text: str | bytes, name: str = "it.xml", **options: Any) -> Reading:
    """Read one document."""
    data = text.encode() if isinstance(text, str) else text
    (reading,) = readings(name, io.BytesIO(data), Options(**options))
    return reading


def taken(text: str, **options: Any) -> Any:
    """Give the invoice of a document that has one."""
    reading = read(text, **options)
    assert reading.invoice is not None, lines_of(reading.faults)
    return reading.invoice


def lost(text: str, **options: Any) -> list[str]:
    """Give the codes of what a document loses."""
    return [loss.code for loss in read(text, **options).losses]


def told(reading: Reading) -> str:
    """Write all that a reading gives."""
    record = None if reading.invoice is None else json.loads(record_of(reading.invoice))
    lines = [json.dumps(record, indent=2, ensure_ascii=False), "", lines_of(reading.faults)]
    for loss in reading.losses:
        kept = " (in the comment)" if loss.in_comment else ""
        lines.append(
            f"{loss.code} {loss.what} × {loss.times}{kept}\n  {loss.place}\n  {loss.value}\n  {loss.consequence}"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.stem)
def test_a_sample_becomes_this_record_with_these_losses(path: Path, golden: Golden) -> None:
    """Each sample gives the record, faults and losses that its golden file holds, and a document that fits the schema."""
    reading = read(path.read_bytes())
    golden.check(path.with_suffix(".txt"), told(reading))
    if reading.invoice is not None:
        assert schema.fits(xmlio.parse(schema.prepare(reading.invoice)))


def test_there_are_samples() -> None:
    """An empty folder is no pass, and no golden file is left over from a sample that is gone."""
    assert len(SAMPLE_FILES) >= 12
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SAMPLE_FILES}


HEAD: Final = """\
# UBL

A UBL 2.1 invoice or credit note (2.0 where it is the same) is read into a record like any other, and sent as a `<Sale>`.
What it is, is told by its root, not by the name of the file. Amounts keep the digits of the document; line totals, net and
gross amount are never computed. With `--as ubl`, or `as = "ubl"` of its channel in the config, the file's own bytes are
sent, once it has what EN 16931 requires at the least: PayTraq's page names UBL among what its channel takes, and UBL alone
carries all of it.

UBL does not say whether goods or services are sold: `--operation` does. Links and files that come with it are not mapped to
`document_uri` or `pdf`, prepaid money is not mapped to `deposit`. Blanks around a value are layout, and left out; blanks in it
stay as they are. A file of up to 64 MiB is read, whatever is embedded in it; what is sent has at most 32 MiB.

This page is made from the tables of the reader and from the samples of the tests.
"""

COMMENT: Final = """\
The comment holds the notes, the terms of payment (`Payment terms: …`), and a line for each of these references,
`Order: PO-7`, several with commas between them. `--no-references` leaves them out.
"""
LOST: Final = """\
## What is not carried

`paytraq-check` lists it for each document, `--json` has it under `losses`, and a receipt counts it.
"""
ATTRIBUTES: Final = """\
Attributes go with their element. Of a value that is carried, `unitCode` is in unit_name, and a `currencyID` other than that
of the document is refused (PD-145); any other attribute is told as a loss (`…/cbc:CompanyID/@schemeID`), but for those that
only say which list or scheme a code is from, or help a program to read the file: """


def _table(head: str, rows: Iterator[str]) -> str:
    return "\n".join((head, "|---" * (head.count("|") - 1) + "|", *rows, ""))


def _types() -> Iterator[str]:
    yield f"| credit_note | any CreditNote; an Invoice of type {_listed(tables.CREDIT_TYPES)} |"
    yield f"| sales_proforma | an Invoice of type {tables.PROFORMA} |"
    yield f"| sales_invoice | an Invoice of no type, or {_listed(tables.INVOICE_TYPES)} |"
    yield f"| refused | {_listed(tables.SELF_BILLED)} (self-billed), and any other |"


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes, key=lambda code: (len(code), code)))


def _inverted(table: dict[str, str]) -> Iterator[str]:
    for value in dict.fromkeys(table.values()):
        yield f"| {value} | {_listed(code for code, one in table.items() if one == value)} |"


def _verdict(path: Path) -> str:
    reading = read(path.read_bytes())
    errors = ", ".join(dict.fromkeys(fault.code for fault in reading.faults if fault.is_error))
    warnings = ", ".join(dict.fromkeys(fault.code for fault in reading.faults if not fault.is_error))
    verdict = f"refused: {errors}" if errors else "carried" + (f", with {warnings}" if warnings else "")
    codes = " ".join(dict.fromkeys(loss.code.removeprefix("UBL-") for loss in reading.losses))
    return f"| {path.stem.replace('_', ' ')} | {verdict} | {codes} |"


def test_the_page_is_that_of_the_tables(golden: Golden) -> None:
    """docs/ubl.md says what the tables say, and of each sample what becomes of it."""
    worked = {row.field for row in tables.WORKED_OUT}
    lines = [tables.Row(f"line_items[].{row.field}", row.paths) for row in tables.LINE]
    rows = [
        row for row in (*tables.HEAD, *lines, *tables.WORKED_OUT) if row in tables.WORKED_OUT or row.field not in worked
    ]
    parts = [
        HEAD, "## What becomes of what\n",
        _table("| field | taken from |", (f"| `{row.field}` | {'; else '.join(row.paths)} |" for row in rows)),
        _table("| sale_type | root and type code |", _types()),
        _table("| payment_method | code of UNTDID 4461 |", _inverted(tables.PAYMENT_METHODS)),
        "More than one method, and a code that is not here, are 0.\n",
        _table("| unit_name | code of the unit; any other as it is |", _inverted(tables.UNITS)),
        COMMENT,
        _table("| in the comment | taken from |", (f"| {label} | {path} |" for label, path in tables.REFERENCES)),
        LOST,
        _table("| code | what | what follows |", (f"| {k.code} | {k.what} | {k.consequence} |" for k in losses.KINDS)),
        "Without content of their own, and so not told: " + ", ".join(sorted(losses.WITHOUT_CONTENT)) + ".\n",
        ATTRIBUTES + ", ".join(sorted(losses.SILENT_ATTRIBUTES)) + ".\n",
        "## What becomes of the samples\n",
        _table("| tests/samples/ubl | becomes | does not carry (UBL-) |", map(_verdict, SAMPLE_FILES)),
    ]  # fmt: skip
    golden.check(DOCS / "ubl.md", "\n".join(parts))


def unaccounted(data: bytes, reading: Reading) -> list[str]:
    """Give the elements and attributes of a document that are in no field and no loss, and have content.

    This walks the document by itself: an element is in a field when the record holds its text, or it is an amount that
    the record's own sums say.
    """
    root: Any = xmlio.parse(data)
    record = "" if reading.invoice is None else render(reading.invoice).decode()
    texts = " ".join(
        record.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&#13;", "\r").split()
    )
    return [
        f"{losses.path_of(element)} {element.text[:40]}"
        for element in root.iter("*")
        if element.text
        and element.text.strip()
        and losses.path_of(element) not in losses.WITHOUT_CONTENT | _SAID_OTHERWISE
        and " ".join(element.text.split()) not in texts
        and not _is_told(element, reading)
    ] + [
        f"{losses.path_of(element)}@{name} {value}"
        for element in root.iter("*")
        for name, value in element.items()
        if value.strip()
        and not {attribute_name(name)} <= losses.CARRIED_ATTRIBUTES | losses.SILENT_ATTRIBUTES
        and (attribute_name(name), value) not in {("schemeID", "0160"), ("schemeID", "GTIN")}
        and not (name == "schemeID" and losses.path_of(element).endswith("TaxScheme/ID"))
        and not _is_told(element, reading)
        and not any(f"{_generic(loss.place)}" == f"{losses.path_of(element)}/@{name}" for loss in reading.losses)
    ]


def attribute_name(name: str) -> str:
    """Give the name of an attribute as the lists have it."""
    return name.replace("{http://www.w3.org/2001/XMLSchema-instance}", "xsi:")


# Codes that the record says in other words, and sums of what it has.
_SAID_OTHERWISE: Final = frozenset(
    {"InvoiceTypeCode", "CreditNoteTypeCode", "PaymentMeans/PaymentMeansCode", "InvoicePeriod/DescriptionCode",
     "Line/Price/BaseQuantity", "Line/AllowanceCharge/Amount", "Line/Price/PriceAmount",
     "LegalMonetaryTotal/LineExtensionAmount", "LegalMonetaryTotal/AllowanceTotalAmount",
     "LegalMonetaryTotal/ChargeTotalAmount", "LegalMonetaryTotal/PayableAmount", "LegalMonetaryTotal/PrepaidAmount",
     "LegalMonetaryTotal/PayableRoundingAmount", "AccountingSupplierParty/Party/PartyTaxScheme/TaxScheme/ID",
     "AccountingCustomerParty/Party/PartyTaxScheme/TaxScheme/ID"}
)  # fmt: skip


def _is_told(element: Any, reading: Reading) -> bool:
    """Tell whether a loss of the kind that an element belongs to is told, wherever the first of its like stands."""
    codes = {path: kind.code for kind in losses.KINDS for path in kind.elements}
    around = [losses.path_of(one) for one in (element, *element.iterancestors())]
    path = next((path for path in around if path in codes), around[0])
    return any(
        loss.code == codes.get(path, "UBL-29") and f"{_generic(loss.place)}/".startswith(f"{path}/")
        for loss in reading.losses
    )


def _generic(place: str) -> str:
    return re.sub(r"^/\w+/|\w+:|\[\d+\]", "", place).replace("InvoiceLine", "Line").replace("CreditNoteLine", "Line")


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.stem)
def test_nothing_is_left_out_in_silence(path: Path) -> None:
    """Every element of every sample is in a field or in a loss, or is without content."""
    reading = read(path.read_bytes())
    if reading.invoice is not None:
        assert unaccounted(path.read_bytes(), reading) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("<cbc:ID>INV", '<cbc:ID schemeID="series">INV', "UBL-29", "/Invoice/cbc:ID/@schemeID"),
        ("<cbc:Name>Malka", '<cbc:Name languageID="lv">Malka', "UBL-20", "/Invoice/cac:InvoiceLine/cac:Item/cbc:Name/@languageID"),
        ("<cbc:CompanyID>4", '<cbc:CompanyID schemeID="0218">4', "UBL-12",
         "/Invoice/cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID/@schemeID"),
        ("<cbc:InvoiceTypeCode>", '<cbc:InvoiceTypeCode name="0100000">', "UBL-21", "/Invoice/cbc:InvoiceTypeCode/@name"),
        ("<Invoice ", '<Invoice secret="x" ', "UBL-29", "/Invoice/@secret"),
        ("<cbc:CustomizationID>", '<cbc:CustomizationID x="y">', "UBL-29", "/Invoice/cbc:CustomizationID/@x"),
    ],
)  # fmt: skip
def test_an_attribute_that_says_something_is_told(old: str, new: str, code: str, place: str) -> None:
    """What is carried has its text in the record, and no place for the scheme or language of it."""
    before, after = (read(text).losses for text in (document(), document().replace(old, new, 1)))
    (more,) = set(after) - set(before)
    assert (more.code, more.place, more.value) == (code, place, re.findall('"(.*)"', new)[0])


@pytest.mark.parametrize("attribute", ['listID="UNCL1001"', 'listAgencyID="6"', 'schemeAgencyName="x"', 'listID=" "'])
def test_an_attribute_that_only_names_a_list_is_not_told(attribute: str) -> None:
    """The short list of the page; a blank attribute says nothing either."""
    text = document().replace("<cbc:InvoiceTypeCode>", f"<cbc:InvoiceTypeCode {attribute}>")
    assert read(text).losses == read(document()).losses


def test_text_beside_elements_is_told_even_in_what_is_carried() -> None:
    """A field holds the text before the first element alone; what else there is would be gone."""
    inside = "<cbc:Name>Mal<cbc:Bold>k</cbc:Bold>a</cbc:Name>"
    losses_of = read(document().replace("<cbc:Name>Malka</cbc:Name>", inside)).losses
    assert "Mal a k" in [loss.value for loss in losses_of]


def test_losses_are_searched_for_once_and_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that nobody asks costs no search, and asked twice it costs one."""
    searches: list[object] = []
    found = losses.found

    def counted(source: Source) -> tuple[Loss, ...]:
        searches.append(source)
        return found(source)

    monkeypatch.setattr(losses, "found", counted)
    reading = read(document())
    assert searches == []
    assert reading.losses is reading.losses
    assert len(searches) == 1


@pytest.mark.parametrize("day", ["2026-11-02Z", "2026-11-02+02:00", "2026-11-02T00:00:00"])
@pytest.mark.parametrize("element", ["IssueDate", "DueDate"])
def test_a_day_with_a_time_zone_is_no_date(day: str, element: str) -> None:
    """xs:date takes a zone, and which day it is then depends on where one stands: it is refused, not cut off."""
    due = "  <cbc:DueDate>2026-11-02</cbc:DueDate>\n"
    (fault,) = read(document(head=due).replace(f"{element}>2026-11-02<", f"{element}>{day}<")).faults
    assert (fault.code, fault.is_error) == ("PD-050", True)


@pytest.mark.parametrize(
    ("net", "charge", "discount", "tax", "gross", "is_refused"),
    [
        ("21.00", "0", "0", "21.00", "121.00", True), ("0.00", "0", "0", "0.00", "100.00", True),
        ("22.05", "5.00", "0", "22.05", "127.05", True), ("18.91", "0", "10.00", "18.91", "108.90", True),
        ("100.00", "0", "0", "21.00", "121.00", False), ("100.00", "0", "0", "100.00", "200.00", False),
        ("99.00", "0", "0", "21.00", "120.00", False), ("105.00", "5.00", "0", "22.05", "127.05", False),
    ],
)  # fmt: skip
def test_the_tax_is_not_taken_for_the_total_without_it(
    net: str, charge: str, discount: str, tax: str, gross: str, *, is_refused: bool
) -> None:
    """Of OIOUBL, whose TaxExclusiveAmount is the tax, nothing is sent; a sum that is merely wrong is a warning."""
    middle = "".join(allowance(it, charge=it == charge) for it in (charge, discount) if it != "0")
    reading = read(document(net=net, gross=gross, tax=tax, summed="100.00", middle=middle))
    assert ("PD-151" in {fault.code for fault in reading.faults}, reading.invoice is None) == (is_refused, is_refused)


@pytest.mark.parametrize(("said", "expected"), [("true", "charge"), ("1", "charge"), ("false", "discount"), ("0", "discount"),
                                                ("True", None), ("", None), ("yes", None)])  # fmt: skip
def test_a_charge_is_never_taken_for_a_discount(said: str, expected: str | None) -> None:
    """The indicator is a boolean of XML Schema; another word is refused, on a line and on the document."""
    given = allowance("10.00").replace(">false<", f">{said}<")
    invoice: Any = read(document(middle=given)).invoice
    assert (invoice and invoice.adjustments[0].type_id) == expected
    on_line = read(document(Line(between=given, total="90.00"), net="90.00", gross="108.90", tax="18.90"))
    assert ("PD-152" in {fault.code for fault in on_line.faults}) == (expected is None)


@pytest.mark.parametrize(
    "extra", ["<cbc:Surprise>42</cbc:Surprise>", "<cac:New><cac:Thing><cbc:Deep>x</cbc:Deep></cac:Thing></cac:New>",
              "<foreign xmlns='urn:x'>y</foreign>", "<cbc:Note>n</cbc:Note>tail"],
)  # fmt: skip
def test_what_nobody_knows_is_told(extra: str) -> None:
    """An element that no table names, and text between elements, is a loss of the last kind."""
    assert "UBL-29" in lost(document(head=f"  {extra}\n"))


def test_references_can_be_left_out_of_the_comment() -> None:
    """Then they are losses like any other."""
    text = (FOLDER / "references.xml").read_text(encoding="utf-8")
    assert "Order: PO-7" in taken(text).comment
    assert taken(text, references=False).comment is None
    assert not any(loss.in_comment for loss in read(text, references=False).losses)
    assert any(loss.in_comment for loss in read(text).losses)


def test_nothing_prepaid_is_nothing_lost() -> None:
    """A prepayment of zero says nothing; one of a cent is told."""
    prepaid = '    <cbc:PrepaidAmount currencyID="EUR">{}</cbc:PrepaidAmount>\n'
    assert "UBL-09" not in lost(document(totals=prepaid.format("0.00")))
    assert "UBL-09" in lost(document(totals=prepaid.format("0.01")))


def test_a_preview_of_what_is_refused_shows_its_own_faults(tmp_path: Path) -> None:
    """UBL with errors is shown as it came, and nobody says that it should be a <Sale>."""
    page = tmp_path / "page.html"
    result = run("paytraq-check", "--preview", page, FOLDER / "self_billed.xml")
    assert (result.returncode, "PD-140" in page.read_text(), "PD-091" in page.read_text()) == (3, True, False)


def test_the_operation_is_the_callers() -> None:
    """UBL does not say what is sold: --operation does, or nobody."""
    assert (taken(document()).operation, taken(document(), operation="sell_goods").operation) == (None, "sell_goods")


@pytest.mark.parametrize(
    ("base", "price", "expected"),
    [("8", "100.00", "12.5"), ("1", "100.00", "100.00"), ("1.0000", "0.7000", "0.7000"), ("1000", "0.01", "0.00001"),
     ("365", "1585", "1585"), ("0", "5", "5"), ("-2", "5", "5"), ("3", "9", "3")],
)  # fmt: skip
def test_a_base_quantity_divides_exactly_or_not_at_all(base: str, price: str, expected: str) -> None:
    """The price of one unit has every digit, or the price is kept and a warning says what it is for."""
    text = document(Line(price=price, beside_price=f'<cbc:BaseQuantity unitCode="C62">{base}</cbc:BaseQuantity>'))
    reading = read(text)
    assert reading.invoice is not None
    assert str(reading.invoice.line_items[0].price) == expected
    is_kept = expected == price and not base.startswith("1")
    assert ("PD-146" in {fault.code for fault in reading.faults}) == is_kept


def test_a_base_of_another_unit_is_not_divided_by() -> None:
    """A price for 8 hours says nothing of one piece."""
    text = document(Line(beside_price='<cbc:BaseQuantity unitCode="HUR">8</cbc:BaseQuantity>'))
    assert "PD-146" in {fault.code for fault in read(text).faults}


@pytest.mark.parametrize(
    ("between", "total", "expected"),
    [(allowance("10.00", percent="10"), "90.00", "10"), (allowance("10.00", percent="11"), "90.00", "10"),
     (allowance("33.33"), "66.67", "33.33"), (allowance("5.00") + allowance("5.00"), "90.00", "10"),
     (allowance("10.00") + allowance("10.00", charge=True), "100.00", None), (allowance("10.00"), "95.00", None),
     (allowance("10.07"), "90.00", None)],
)  # fmt: skip
def test_an_allowance_is_a_percentage_only_when_it_gives_the_total(
    between: str, total: str, expected: str | None
) -> None:
    """line_total is the document's own in every case."""
    item = taken(document(Line(between=between, total=total), net=total)).line_items[0]
    assert (str(item.line_total), item.line_discount and str(item.line_discount)) == (total, expected)


def test_a_fault_stands_where_its_element_does() -> None:
    """Line and column are those of the UBL file."""
    (fault,) = read(document().replace("2026-11-02", "02.11.2026")).faults
    assert (fault.code, fault.line, fault.column, fault.suggestion) == ("PD-050", 7, 18, 'write "2026-11-02"')


@pytest.mark.parametrize("before", ["<!-- <cbc:ID> x -->", "<cbc:Note><![CDATA[<a><b>]]></cbc:Note>",
                                    "<?php <a><b> ?>", "<cbc:Note a='>'/>", "<cbc:Note\n  a='&lt;'/>"])  # fmt: skip
def test_what_is_no_tag_is_not_counted_as_one(before: str) -> None:
    """A comment, CDATA or an instruction may hold what looks like tags; the place of a fault is right behind it too."""
    text = document().replace("  <cbc:IssueDate>", f"{before}<cbc:IssueDate>").replace("2026-11-02", "02.11.2026")
    (fault,) = read(text).faults
    at = text.index("02.11.2026")
    assert (fault.line, fault.column) == (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


# --- forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["it.xml", "-"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "it is a PDF"), (b"<!DOCTYPE html><html><br></html>", "it is a web page"),
        (b"<html><body>502</body></html>", "this is a web page"), (b"PK\x03\x04", "zip archive"),
        (b'<a:CrossIndustryInvoice xmlns:a="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>', "CII"),
        (b"<E_Invoice/>", "Estonian e-invoice"), (b"<Invoice/>", "looks like UBL, whose namespace is"),
        (b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "neither an invoice nor a credit note"),
        (b'<d:DebitNote xmlns:d="urn:oasis:names:specification:ubl:schema:xsd:DebitNote-2"/>', "neither an invoice nor"),
        (b'<AttachedDocument xmlns="urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2"/>', "an envelope around"),
        (b'<StandardBusinessDocument xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"/>',
         "an envelope around"), (b"<Finvoice Version='3.0'/>", "Finvoice"),
        (b'<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>', "looks like UBL, whose namespace is"),
    ],
)  # fmt: skip
def test_another_form_is_named_for_what_it_is(
    data: bytes, expected: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal says what was given, by its content, from a file and from standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    if name == "-" and data.startswith(b"PK"):
        return  # what is not text at all is told as no JSON
    (fault,) = read(data, name).faults
    assert expected in fault.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "windows-1257"])
def test_standard_input_may_be_ubl(encoding: str) -> None:
    """The root tells it, in any encoding that the document declares."""
    text = document().replace('"UTF-8"', f'"{encoding.removesuffix("-sig")}"')
    assert taken(text) if encoding == "utf-8" else read(text.encode(encoding), "-").invoice


# --- as it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["plain", "self_billed", "line_charge", "sub_lines", "references"])
def test_as_ubl_sends_the_bytes(stem: str) -> None:
    """What no field can carry goes as it is, byte for byte, and nothing of it is lost."""
    data = (FOLDER / f"{stem}.xml").read_bytes()
    reading = read(data, form="ubl")
    assert reading.invoice is not None
    assert (render(reading.invoice), reading.losses) == (data, ())
    key = content.key_of(reading.invoice, data, "f")
    assert key[1:] == ("sia piegādātājs", "sales_invoice", "INV-77")


@pytest.mark.parametrize(
    "term", ["cbc:ID", "cbc:IssueDate", "cbc:RegistrationName", "cbc:PayableAmount", "cac:TaxSubtotal"]
)
def test_as_ubl_asks_for_the_least(term: str) -> None:
    """A document that lacks what EN 16931 requires is not sent."""
    text = re.sub(rf"<{term}\b.*?</{term}>", "", document(), count=1, flags=re.DOTALL)
    reading = read(text, form="ubl")
    assert reading.invoice is None
    assert "PD-150" in {fault.code for fault in reading.faults}


def test_as_ubl_takes_nothing_else(tmp_path: Path) -> None:
    """A <Sale> or JSON is not UBL, and nothing is sent."""
    assert [fault.code for fault in read(b"<Sale/>", form="ubl").faults] == ["PD-149"]
    (tmp_path / "it.json").write_text("{}")
    result = run("paytraq-send", tmp_path / "it.json", "--as", "ubl", "--channel", "sandbox")
    assert result.returncode == 3
    assert b"PD-149" in result.stderr


def test_as_ubl_is_delivered_once(tmp_path: Path, paytraq_inbox: Any) -> None:
    """The outbox guards it: the same bytes are posted once, and others under its number are a conflict."""
    first, second = (taken(text, form="ubl") for text in (document(), document().replace("Malka", "Oglas")))
    with Outbox(tmp_path / "outbox.sqlite") as outbox, Sender(paytraq_inbox.channel, outbox=outbox) as sender:
        assert sender.send(first).sha256 == sender.send(first).sha256
        with pytest.raises(Conflict):
            sender.send(second)
        with pytest.raises(Conflict):
            sender.send(taken(document()))
    (arrival,) = paytraq_inbox.wait_for(1)
    assert arrival.bytes == document().encode()


def test_the_outbox_keeps_what_is_lost(tmp_path: Path) -> None:
    """Beside the record, for show and evidence; the guard compares the record alone."""
    path, ledger, proof = FOLDER / "references.xml", tmp_path / "outbox.sqlite", tmp_path / "proof.zip"
    (line,) = run("paytraq-send", path, "--check", "--json").stdout.splitlines()
    told, reference = json.loads(line)["losses"], json.loads(line)["document_ref"]
    with Server(answers(OK)) as server:
        for _ in range(2):
            sent = run("paytraq-send", path, "--channel", "env:INBOX", "--outbox", ledger, env={"INBOX": server.url()})
            assert sent.returncode == 0, sent.stderr
    assert b"already delivered" in sent.stdout
    shown = run("paytraq-outbox", "--outbox", ledger, "show", reference).stdout.decode()
    assert f"; {len(told)} facts not carried" in shown
    run("paytraq-outbox", "--outbox", ledger, "evidence", reference, "-o", proof)
    with zipfile.ZipFile(proof) as archive:
        assert json.loads(archive.read("record.json"))["losses"] == told


def test_a_channel_says_in_which_form_it_takes_ubl(tmp_path: Path) -> None:
    """The config decides where --as does not; by client, the channels must agree."""
    path, config = FOLDER / "plain.xml", tmp_path / "config.toml"
    config.write_text(
        '[channels.a]\naddress = "env:INBOX"\nas = "ubl"\nclients = ["AS Klients"]\n'
        '[channels.b]\naddress = "env:INBOX"\nclients = ["Other"]\n'
    )
    with Server(answers(OK)) as server:
        how: Any = {"env": {"INBOX": server.url()}}
        common = ("paytraq-send", path, "--no-outbox", "--config", config)
        assert run(*common, "--channel", "a", **how).returncode == 0
        assert run(*common, "--channel", "a", "--as", "sale", **how).returncode == 0
        torn = run(*common, "--channel", "by-client", **how)
        assert run(*common, "--channel", "by-client", "--as", "ubl", **how).returncode == 0
    assert (torn.returncode, b"different forms" in torn.stderr) == (2, True)
    assert [body == path.read_bytes() for body in server.bodies] == [True, False, True]
    config.write_text('[channels.a]\naddress = "env:INBOX"\nas = "cii"\n')
    assert b'as = "sale", or as = "ubl"' in run(*common, "--channel", "a", **how).stderr


def test_the_commands_tell_what_is_lost() -> None:
    """--check lists it, a receipt counts it, and --json has it as data."""
    path = FOLDER / "references.xml"
    shown = run("paytraq-send", path, "--check").stdout.decode()
    assert "UBL-01 VAT breakdown" in shown
    counted = run("paytraq-send", path, "--channel", "sandbox").stdout.decode()
    assert re.search(r"\d+ facts not carried, \d+ in the comment only; --as ubl sends the file itself", counted)
    assert "UBL-01" not in counted
    data = json.loads(run("paytraq-check", path, "--json").stdout)
    assert {"code", "what", "place", "value", "consequence", "line", "times", "in_comment"} == set(data["losses"][0])


def test_the_readme_shows_what_is_said() -> None:
    """What the README shows of a UBL document is what the command says of it."""
    root = DOCS.parent
    command = "paytraq-check tests/samples/ubl/plain.xml"
    result = run(*command.split(), cwd=root)
    assert f"$ {command}\n{result.stdout.decode()}```" in (root / "README.md").read_text(encoding="utf-8")


# --- the corpus -----------------------------------------------------------------------------------------------


def _facts() -> list[dict[str, Any]]:
    return json.loads((Path(CORPUS) / "expected_facts.json").read_text(encoding="utf-8")) if CORPUS else []


def _refusals(facts: dict[str, Any]) -> set[str]:
    """Give the rules that may refuse a document of these facts."""
    allowed = {
        "PD-140": facts["type_code"] in tables.SELF_BILLED, "PD-008": facts["client_name"] is None,
        "PD-141": "negative totals" in facts["features"], "PD-143": any(line["charges"] for line in facts["lines"]),
    }  # fmt: skip
    return {"PD-142", *(code for code, is_so in allowed.items() if is_so)}


@pytest.mark.skipif(not CORPUS, reason="PAYTRAQ_UBL_CORPUS names no folder of documents with their facts")
@pytest.mark.parametrize("facts", _facts(), ids=lambda facts: facts["path"])
def test_the_corpus_is_as_expected(facts: dict[str, Any]) -> None:
    """A real document gives the facts that it must yield, or is refused for a reason that they show."""
    data = (Path(CORPUS or "") / facts["path"]).read_bytes()
    reading = read(data)
    invoice: Any = reading.invoice
    if invoice is None:
        assert {fault.code for fault in reading.faults if fault.is_error} <= _refusals(facts)
        return
    assert unaccounted(data, reading) == []
    for name in ("document_ref", "document_date", "date_due", "currency", "supplier_name", "client_name", "sale_type",
                 "net_amount", "gross_amount"):  # fmt: skip
        if facts[name] is not None:
            assert str(getattr(invoice, name)) == facts[name]
    given = [(one.type_id, str(one.amount)) for one in invoice.adjustments]
    assert given == [(one["type"], one["amount"]) for one in facts["adjustments"]]
    lines = [(item.item_name, item.item_code, str(item.qty), str(item.line_total)) for item in invoice.line_items]
    assert lines == [(line["name"], line["sku"], line["qty"], line["line_total"]) for line in facts["lines"]]
    for item, line in zip(invoice.line_items, facts["lines"], strict=True):
        assert all(text in item.description for text in line["description"])
    assert sale.read("it.xml", render(invoice)).invoice is not None
