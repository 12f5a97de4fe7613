"""The catalogue of bad input: each gives exactly these faults, and never another exception."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from test_rules import smallest

from paytraq_direct import InvalidInvoice, Invoice, LineItem, check, limits, read, render
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from pathlib import Path

TEXT = json.dumps(smallest())


def found(source: Any) -> list[tuple[str, str]]:
    """Give code and path of every fault."""
    return [(fault.code, fault.path) for fault in check(source)]


def as_json(name: str, digits: str) -> str:
    """Give the smallest invoice as JSON with a value written exactly so."""
    return json.dumps(smallest(**{name: "@"})).replace('"@"', digits)


@pytest.mark.parametrize(
    ("digits", "code"),
    [
        ("NaN", "PD-042"), ("Infinity", "PD-042"), ("-Infinity", "PD-042"), ("1e400", "PD-041"), ("1E5", "PD-041"),
        ("1.5e-3", "PD-041"), ("9" * 5_000, "PD-042"), ("1" * 19, "PD-042"), ("0.12345678901", "PD-042"),
        ('"1e5"', "PD-041"), ('" 1.5"', "PD-042"), ('"1.5 "', "PD-042"), ('"1.5\\n"', "PD-042"), ('"1_000"', "PD-042"),
        ('"1,5"', "PD-042"), ('"+1"', "PD-042"), ('".5"', "PD-042"), ('"1."', "PD-042"), ('""', "PD-042"),
        ('"\u0661"', "PD-042"), ('"\uff11"', "PD-042"), ('"NaN"', "PD-042"), ('"0x10"', "PD-042"), ("true", "PD-009"),
        ("[1]", "PD-009"), ("{}", "PD-009"), ("null", "PD-008"),
    ],
)  # fmt: skip
def test_amounts_that_are_none(digits: str, code: str) -> None:
    """What is no plain decimal is refused, however JSON spells it."""
    assert found(as_json("net_amount", digits)) == [(code, "net_amount")]


@pytest.mark.parametrize(
    "digits", ["12345678901234567.89", "150.00", "-0", "0", "0.0000000001", "1", "100000000000000000", "0.10", "00.5"]
)
def test_amounts_keep_their_digits(digits: str) -> None:
    """An amount arrives with the digits it was written with, as a JSON number, a JSON text, and a Decimal."""
    written = f"<NetAmount>{digits}</NetAmount>".encode()
    sources = [f'"{digits}"'] if digits == "00.5" else [digits, f'"{digits}"']
    for source in sources:
        plain = written.replace(b">00.5", b">0.5")
        assert plain in render(Invoice.from_json(as_json("net_amount", source)))
    if digits != "00.5":
        assert written in render(Invoice(**smallest(net_amount=Decimal(digits))))


class Markup(str):
    """A text that template engines take for markup, and that lies about itself."""

    __slots__ = ()

    def __html__(self) -> str:
        return "<b>"

    def __str__(self) -> str:
        return "<lie/>"


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (0.1, ["PD-040"]), (float("nan"), ["PD-040"]), (float("inf"), ["PD-040"]), (True, ["PD-009"]), (1j, ["PD-009"]),
        (Decimal("NaN"), ["PD-042"]), (Decimal("sNaN"), ["PD-042"]), (Decimal("-Infinity"), ["PD-042"]),
        (Decimal("1E+30"), ["PD-042"]), (Decimal("1E-11"), ["PD-042"]), (10**18, ["PD-042"]), (10**5_000, ["PD-042"]),
        (Fraction(1, 3), ["PD-009"]), (b"1", ["PD-009"]), (object(), ["PD-009"]), (Decimal("1E+3"), []), (10**17, []),
        (Markup("1.5"), []),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_amounts_of_python(value: object, codes: list[str]) -> None:
    """Python's numbers are taken when they are exact, and told how to be written when they are not."""
    assert [fault.code for fault in check(smallest(net_amount=value), arithmetic=False)] == codes


def test_a_decimal_with_an_exponent_is_written_out() -> None:
    """1E+3 is 1000 in the document, and 1E-8 is 0.00000001."""
    document = render(Invoice(**smallest(net_amount=Decimal("1E+3"), gross_amount=Decimal("1E-8"))))
    assert b"<NetAmount>1000</NetAmount>" in document
    assert b"<GrossAmount>0.00000001</GrossAmount>" in document


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", [("PD-002", "")]), ("{", [("PD-002", "")]), ("[]", [("PD-005", "")]), ("null", [("PD-005", "")]),
        ('"{}"', [("PD-005", "")]), ("7", [("PD-005", "")]), (TEXT + TEXT, [("PD-002", "")]), ("<Sale/>", [("PD-002", "")]),
        ("[" * 100_000, [("PD-004", "")]), (b"\xff\xfe{\x00}\x00", [("PD-001", "")]), (TEXT.encode("utf-16"), [("PD-001", "")]),
        (TEXT.encode("utf-32-be"), [("PD-002", "")]), (b"\xef\xbb\xbf" + TEXT.encode(), []), ("\ufeff" + TEXT, []),
        (TEXT.replace("SIA S", "SIA \u00e4").encode("latin-1", "replace").replace(b"\\u00e4", b"\xe4"), []),
        (None, [("PD-005", "")]), (7, [("PD-005", "")]), ([], [("PD-005", "")]), (b"", [("PD-002", "")]),
        (b"\xef\xbb\xbf{\xff", [("PD-001", "")]), (b"\xef\xbb\xbf" * 2 + TEXT.encode(), [("PD-002", "")]), ("NaN", [("PD-005", "")]),
        ("\ufeff\ufeff" + TEXT, [("PD-002", "")]), ("\0", [("PD-002", "")]), (memoryview(b"{}"), [("PD-005", "")]),
        ('{"' + "a" * 1_000_000, [("PD-002", "")]), ('{"a":' * 500, [("PD-002", "")]), ('{"a":' * 100_000, [("PD-004", "")]),
        (bytearray(TEXT.encode()), []), (MappingProxyType(smallest()), []),
    ],
)  # fmt: skip
def test_inputs_that_are_no_invoice(source: Any, expected: list[tuple[str, str]]) -> None:
    """Whatever is given instead of an invoice is told for what it is."""
    if isinstance(source, bytes) and b"\xe4" in source and not source.startswith(b"\xff"):
        expected = [("PD-001", "")]
    assert found(source) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('"qty": 1', '"qty": 1, "qty": 1000', [("PD-006", "line_items[0].qty")]),
        ('"currency": "EUR"', '"currency": "EUR", "currency": "EUR"', [("PD-006", "currency")]),
        ('"currency"', '"Currency"', [("PD-007", "Currency")]),
        ('"currency"', '"x_currency"', [("PD-008", "currency")]),
        ('"qty": 1', '"qty": 1, "\\ud800": 1', [("PD-007", "line_items[0].\\ud800")]),
        ('"qty": 1', '"qty": 1, "": 1', [("PD-007", "line_items[0].")]),
        ('"qty": 1', '"qty": 1, "x_a": {"b": [NaN, {"c": 1, "c": 2}]}', []),
        ('"qty": 1', '"qty": 1, "qty": 2, "qty": 2', [("PD-006", "line_items[0].qty")]),
        ('"qty": 1', '"qty": 1, "colour": 1, "colour": 2', [("PD-007", "line_items[0].colour"), ("PD-006", "line_items[0].colour")]),
        ('"AS K"', '"AS \\ud800"', [("PD-020", "client_name")]),
        ('"AS K"', '"AS \\u0000"', [("PD-020", "client_name")]),
        ('"AS K"', '"AS \\ufffe"', [("PD-020", "client_name")]),
        ('"AS K"', '"AS \\u001f"', [("PD-020", "client_name")]),
        ('"AS K"', '"\\u00a0"', [("PD-021", "client_name")]),
        ('"AS K"', '""', [("PD-021", "client_name")]),
        ('"AS K"', '"AS\\u00a0K"', []),
        ('"AS K"', '"AS\\u2028K \\u0085"', [("PD-023", "client_name")]),
        ('"AS K"', '"AS \\u202eK"', [("PD-024", "client_name")]),
        ('"AS K"', '["AS K"]', [("PD-009", "client_name")]),
        ('"2026-11-02"', '"20261102"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '"2026-W45-1"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '"2026-11-02T00:00"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '"0001-01-01"', [("PD-051", "document_date")]),
        ('"2026-11-02"', '"2200-01-01"', [("PD-051", "document_date")]),
        ('"2026-11-02"', '"2026-02-30"', [("PD-052", "document_date")]),
        ('"2026-11-02"', '"1899-12-31"', [("PD-051", "document_date")]),
        ('"2026-11-02"', '"1900-01-01"', []),
        ('"2026-11-02"', '"2199-12-31"', []),
        ('"2026-11-02"', '"20240130"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '" 2026-11-02"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '"2026-11-02\\n"', [("PD-050", "document_date")]),
        ('"2026-11-02"', '"0000-00-00"', [("PD-051", "document_date")]),
        ('"2026-11-02"', '"\u0662\u0660\u0662\u0666-11-02"', [("PD-050", "document_date")]),
        ('"2026-11-02"', "20261102", [("PD-009", "document_date")]),
        ('"sales_invoice"', '"Sales_Invoice"', [("PD-060", "sale_type")]),
        ('"sales_invoice"', '"sales_invoice "', [("PD-060", "sale_type")]),
        ('"EUR"', '"eur"', [("PD-070", "currency")]),
        ('"EUR"', "978", [("PD-009", "currency")]),
        ('[{"item_name"', '[null, 3, {"item_name"', [("PD-005", "line_items[0]"), ("PD-005", "line_items[1]")]),
        ('[{"item_name"', '{"a": [{"item_name"', [("PD-002", "")]),
    ],
)  # fmt: skip
def test_invoices_with_something_wrong(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    """Each thing that is wrong is told with its path."""
    assert TEXT.count(before) == 1
    assert found(TEXT.replace(before, after)) == expected


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_a_forbidden_character_is_shown_where_it_is(character: str) -> None:
    """The place is counted in characters from 1, and what stands around it is shown without the character."""
    (fault,) = check(smallest(client_name=f"\U0001f600 \u017d{character}z"))
    assert (fault.code, fault.message) == (
        "PD-020", f"client_name holds U+{ord(character):04X} at character 4, which XML forbids: \U0001f600 \u017d⟨?⟩z",
    )  # fmt: skip


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "www.techspec.no", "url", "http://", "https:///x",
        "https://user:pass@example.com/", "https://user@example.com/", "https://exa mple.com", "https://example.com\\@evil",
        "https://example.com/\u00a0", "https://[zz]/", "//example.com", "https://example.com:port/", "https://e.com/\u202ex",
        "https://e.com/\n", " https://e.com/", "https://e.com/" + "x" * 8_000,
    ],
)  # fmt: skip
def test_links_that_no_client_should_open(link: str) -> None:
    """A link is http or https, plain, of a sane length."""
    assert [(fault.code, fault.path) for fault in check(smallest(pdf=link)) if fault.is_error] == [("PD-080", "pdf")]


def test_all_faults_at_once() -> None:
    """Everything that is wrong is told in one go, across fields too, in the order of the document."""
    record = smallest(
        document_date="today", sale_type="invoice", currency="EURO", pay_term_type=1, date_due="2026-12-01", pay_term_days="x",
        line_items=[{"item_name": "", "qty": 0.5, "price": "1,0", "colour": "red"}, {"qty": 1}], net_amount=None,
    )  # fmt: skip
    assert found(record) == [
        ("PD-050", "document_date"), ("PD-060", "sale_type"), ("PD-070", "currency"), ("PD-044", "pay_term_days"),
        ("PD-031", "date_due"), ("PD-021", "line_items[0].item_name"), ("PD-040", "line_items[0].qty"),
        ("PD-042", "line_items[0].price"), ("PD-007", "line_items[0].colour"), ("PD-008", "line_items[1].item_name"),
        ("PD-008", "line_items[1].price"), ("PD-008", "net_amount"),
    ]  # fmt: skip


def test_texts_are_data_and_nothing_else() -> None:
    """Template syntax, markup, carriage returns and lying texts arrive as the characters they are."""
    comment = "{{7*7}} {% raw %} <b>&amp;]]></b> \r\n\t\u2028 %s {x}"
    invoice = Invoice(**smallest(comment=comment, client_name=Markup("A & <B>")))
    reading = sale.read("it.xml", render(invoice))
    assert reading.invoice is not None
    assert (reading.invoice.comment, reading.invoice.client_name) == (comment, "A & <B>")
    assert type(invoice.client_name) is str


def test_lines_may_come_from_anywhere() -> None:
    """Line items are taken from lists, tuples, generators, mappings and LineItem alike."""
    item = smallest()["line_items"][0]
    expected = (LineItem(**item), LineItem(**item))
    for lines in ([item, item], (LineItem(**item), item), (dict(item) for _ in range(2)), [MappingProxyType(item)] * 2):
        assert Invoice(**smallest(line_items=lines)).line_items == expected


def test_a_record_cannot_be_changed() -> None:
    """An invoice that was checked stays what was checked."""
    invoice = Invoice(**smallest())
    with pytest.raises(AttributeError):
        invoice.currency = "USD"  # type: ignore[misc] # that is the point
    with pytest.raises(AttributeError):
        invoice.line_items[0].qty = Decimal(7)  # type: ignore[misc] # that is the point


def test_the_constructor_raises_every_error() -> None:
    """InvalidInvoice carries all errors, and leaves the warnings to check()."""
    with pytest.raises(InvalidInvoice) as caught:
        Invoice(**smallest(currency="EURO", document_ref=" 1", net_amount=1.5))
    assert [fault.code for fault in caught.value.faults] == ["PD-070", "PD-040"]
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "PD-090"), (b"<Sale>", "PD-090"), (b"\x00", "PD-090"), (b"<a>" * 300 + b"</a>" * 300, "PD-090"),
        (b'<?xml version="1.0" encoding="no-such"?><Sale/>', "PD-090"),
        (b'<!DOCTYPE Sale SYSTEM "file:///etc/passwd"><Sale/>', "PD-090"),
        (b'<!DOCTYPE Sale [<!ENTITY e SYSTEM "file:///etc/passwd">]><Sale>&e;</Sale>', "PD-090"),
        (b'<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Sale>&b;</Sale>', "PD-090"),
        (b"<Invoice/>", "PD-091"), (b'<Sale xmlns="urn:x"/>', "PD-091"), (b"<Sale>&undefined;</Sale>", "PD-090"),
    ],
)  # fmt: skip
def test_xml_that_is_not_taken(document: bytes, code: str) -> None:
    """XML that is broken, unsafe or something else is refused with one fault, and nothing outside is read."""
    reading = sale.read("it.xml", document)
    assert reading.invoice is None
    assert [fault.code for fault in reading.faults] == [code]
    assert "root:" not in str(reading.faults)


def test_a_document_of_others_may_lack_what_only_we_ask_for() -> None:
    """A <Sale> in UTF-16 without half of our required fields is read with warnings, and kept byte for byte."""
    document = "<?xml version='1.0' encoding='UTF-16'?><Sale><Header><SaleType>sales_invoice</SaleType></Header></Sale>"
    reading = sale.read("it.xml", document.encode("utf-16"))
    assert reading.invoice is not None
    assert render(reading.invoice) == document.encode("utf-16")
    assert {fault.severity for fault in reading.faults} == {"warning"}


def test_blanks_around_numbers_and_dates_are_the_documents_own() -> None:
    """A document that was indented inside its leaves says what it says, and is sent as it is."""
    document = (
        render(Invoice(**smallest())).replace(b"2026-11-02", b"\n  2026-11-02\n").replace(b"<Qty>1<", b"<Qty> 1 <")
    )
    reading = sale.read("it.xml", document)
    assert (reading.faults, reading.invoice, reading.invoice and reading.invoice.document) == (
        (), Invoice(**smallest()), document,
    )  # fmt: skip


def test_warnings_of_ready_made_lines_are_told() -> None:
    """A LineItem that deserves a remark gets it again when its invoice is checked."""
    item = LineItem(item_name=" a", qty=1, price=1)
    assert found(smallest(line_items=[item])) == [("PD-023", "line_items[0].item_name")]


def test_names_of_codes_are_not_for_documents() -> None:
    """In a document, PayTermType is 1 and not due_days."""
    document = render(Invoice(**smallest(pay_term_type=1, pay_term_days=3))).replace(b"Type>1<", b"Type>due_days<")
    reading = sale.read("it.xml", document)
    assert [(fault.code, fault.path, fault.suggestion) for fault in reading.faults if fault.is_error] == [
        ("PD-063", "pay_term_type", 'write "1"')
    ]


def test_files_that_are_not_opened(tmp_path: Path) -> None:
    """Folders, pipes, devices, missing files and unknown kinds are refused before a byte is read, without waiting."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "invoice.txt").write_text("{}")
    expected = {
        "pipe.json": "it is not a regular file: pass it on standard input and name it -",
        "folder.json": "it is a folder: name the files in it",
        "invoice.txt": "its name ends in neither .json, .jsonl nor .xml, which says how it is read",
        "nothing.json": "No such file or directory",
    }
    for name, why in expected.items():
        with pytest.raises(OSError, match=r".+") as caught:
            read(tmp_path / name)
        assert caught.value.strerror == why
    with pytest.raises(OSError, match="not a regular file"):
        read("/dev/zero")


def test_a_link_to_a_file_is_the_file(tmp_path: Path) -> None:
    """A symbolic link is read as what it leads to."""
    (tmp_path / "invoice.json").write_text(TEXT)
    (tmp_path / "link.json").symlink_to(tmp_path / "invoice.json")
    ((origin, invoice, faults),) = read(tmp_path / "link.json")
    assert (origin, invoice, faults) == (str(tmp_path / "link.json"), Invoice(**smallest()), ())


def test_a_name_that_no_file_can_have_is_refused() -> None:
    """Names that the system cannot even ask for are told like any other file that is not there."""
    for name in ("a\0.json", "\ud800.json"):
        with pytest.raises(OSError, match="no file can have this name"):
            read(name)


def test_a_cut_line_is_shown_where_it_ends(tmp_path: Path) -> None:
    """In .jsonl, a fault stands in its own line, however that line ends; blank lines count."""
    (tmp_path / "it.jsonl").write_bytes(b'{"a": 1\n\r\n{"a": 1\r\n\xef\xbb\xbf{"\xff"}\n  \n{"a"')
    readings = list(read(tmp_path / "it.jsonl"))
    assert [(fault.code, fault.line, fault.column) for reading in readings for fault in reading.faults] == [
        ("PD-002", 1, 8), ("PD-002", 3, 8), ("PD-001", 4, 3), ("PD-002", 6, 5),
    ]  # fmt: skip


def test_a_line_that_is_too_long_is_one_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In .jsonl, a line beyond the limit is refused alone, and the next one is read."""
    monkeypatch.setattr(limits, "INPUT_BYTES", 1_000)
    monkeypatch.setattr("paytraq_direct.readers.json.LINE_LIMIT", 1_001)
    (tmp_path / "it.jsonl").write_text(f'{{"x_long": "{"x" * 3_000}"}}\n\n{TEXT}\n{TEXT}')
    readings = list(read(tmp_path / "it.jsonl"))
    assert [reading.origin.rpartition(":")[2] for reading in readings] == ["1", "3", "4"]
    assert [[fault.code for fault in reading.faults] for reading in readings] == [["PD-003"], [], []]


@pytest.mark.parametrize("lines", [100, pytest.param(10_000, marks=pytest.mark.soak)])
def test_many_lines_go_all_the_way(lines: int) -> None:
    """An invoice of many lines is rendered, fits, and comes back whole."""
    items = [{"item_name": f"Malka {n}", "qty": n, "price": "0.01"} for n in range(1, lines + 1)]
    invoice = Invoice(**smallest(line_items=items))
    reading = sale.read("it.xml", render(invoice), arithmetic=False)
    assert reading.faults == ()
    assert reading.invoice == invoice


@pytest.mark.parametrize("size", [100_000, pytest.param(8_900_000, marks=pytest.mark.soak)])
def test_a_long_comment_goes_all_the_way(size: int) -> None:
    """A comment of nearly nine megabytes arrives as it is."""
    invoice = Invoice(**smallest(comment="ž<" * (size // 4)))
    reading = sale.read("it.xml", render(invoice), arithmetic=False)
    assert reading.faults == ()
    assert reading.invoice == invoice


@pytest.mark.soak
def test_twenty_megabytes_of_comment_are_refused() -> None:
    """A comment of 20 MB is one clear fault, in JSON too."""
    assert found(json.dumps(smallest(comment="x" * 20_000_000))) == [("PD-022", "comment")]


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        ('{"a": 1,}', "there is a comma too many", 8), ('{"a": [1 , ]}', "there is a comma too many", 10),
        ('{"a": 1,, "b": 2}', "there is a comma too many", 9), ('{"a": 1 "b": 2}', "a comma is missing before this", 9),
        ('{"a" 1}', "a colon is missing between a key and its value", 6), ("{'a': 1}", "there is a single quote", 2),
        ('{"a": True}', "True is no value of JSON", 7), ('{"a": None}', "None is no value of JSON", 7),
        ('{"a": "x\ty"}', "a line end or another control character stands in a text", 9),
        ('{"a": "\\x"}', "a backslash begins nothing that JSON knows", 8),
        ('{"a": "\\u12"}', "after \\u there should be four hexadecimal digits", 9), ('{"a": ', "it ends in the middle", 7),
        ('{"a": "b', "a text begins here and does not end", 7), ("{a: 1}", "here should be a key in double quotes", 2),
        ('{"a": }', "here should be a value", 7), ('{"a": 1]', "this bracket is not the one that was opened", 8),
        ("<Sale/>", "it is XML", 1), ("", "it is empty", 1), ("{} {}", "there is more after the end of it", 4),
    ],
)  # fmt: skip
def test_what_is_wrong_with_what_is_no_json(text: str, words: str, column: int) -> None:
    """Whatever Python calls it, the message says in plain words what is wrong, and where."""
    (fault,) = check(text)
    assert (fault.code, fault.message, fault.column) == ("PD-002", f"not JSON: {words}", column)
