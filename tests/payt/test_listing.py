"""What a data file lists: read in pieces of any size, refused when it lists nothing or cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.payt import listing as listing_
from paytraq_direct.payt.file_rules import Flaw
from paytraq_direct.payt.intake import Intake
from paytraq_direct.payt.listing import listing

from .desk import CSV

if TYPE_CHECKING:
    from pathlib import Path

    from paytraq_direct.errors import Fault

HEADER = b"invoice_number,b\r\n"


def fault_of(form: str, *pieces: bytes) -> Fault:
    """Give the fault for which a data file is refused."""
    with pytest.raises(Flaw) as caught:
        listing(form, "it", pieces)
    return caught.value.fault


def in_pieces(data: bytes, size: int) -> list[bytes]:
    """Cut bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)]


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@given(
    table=st.lists(st.tuples(_texts, _texts, _texts), max_size=12),
    separator=st.sampled_from(";,"),
    end=st.sampled_from(["\r\n", "\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    size=st.integers(1, 97),
)
def test_numbers_are_found_whatever_is_around_them(
    table: list[tuple[str, str, str]], separator: str, end: str, mark: bytes, size: int
) -> None:
    """Separators, quotes, line ends in fields, a mark of order, pieces of any size: the numbers are those that were written."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("Debtor", " Invoice_Number ", "c"), *table])
    wanted = list(dict.fromkeys(number.strip() for _, number, _ in table if number.strip()))
    pieces = in_pieces(mark + out.getvalue().encode(), size)
    if not wanted:
        assert fault_of("csv", *pieces).code == "PD-221"
        return
    found = listing("csv", "it", pieces)
    assert (found.numbers, found.settled) == (tuple(wanted), ())
    assert found.rows == sum(any(field.strip() for field in row) for row in table)


@given(
    before=st.text("a\nā€😀", max_size=50),
    size=st.integers(1, 9),
    bad=st.sampled_from([b"\xff", b"\xc4", b"\xed\xa0\x80"]),
)
def test_a_byte_that_is_no_utf8_is_found(before: str, size: int, bad: bytes) -> None:
    """Offset and line of the first wrong byte are told, however the file is cut."""
    data = before.encode() + bad + b"\n1,2\n"
    fault = fault_of("csv", *in_pieces(data, size))
    assert (fault.code, fault.line) == ("PD-222", before.count("\n") + 1)
    assert f"byte {bad[0]:#04x} at offset {len(before.encode())}," in fault.message


def test_what_is_paid_need_not_stay() -> None:
    """Invoices whose open amount is zero are told apart, where the file has that column."""
    found = listing("csv", "it", [CSV, b"1003;0.00\r\n1004;0\r\n1005;\r\n1006;-5.00\r\n"])
    assert found.numbers == ("1001", "1002", "1005", "1006")
    assert found.settled == ("1003", "1004")


@pytest.mark.parametrize(
    "data",
    [HEADER, HEADER.strip(), HEADER + b"\r\n\r\n", HEADER + b",\r\n ,\r\n", HEADER + b",x\r\n"],
)
def test_csv_without_a_row_is_refused(data: bytes) -> None:
    """A header alone, blank lines, blank rows, rows without a number: Payt would mark all as paid."""
    assert fault_of("csv", data).code == "PD-221"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (HEADER + b'"1' + b"x" * 200_000 + b'",2\r\n', "field larger than field limit"),
        (HEADER + b'"1,2\r\n', "unexpected end of data"),
        (HEADER + b'"1"2,3\r\n', "expected after"),
        (HEADER + b"1" * 3_000_000, "longer than 1 MiB"),
        (b"a\rb\rc", "new-line character"),
    ],
)
def test_csv_that_cannot_be_read_is_refused(data: bytes, why: str) -> None:
    """What cannot be read may list fewer than it seems: it is refused, and the line is told."""
    fault = fault_of("csv", *in_pieces(data, 65_536))
    assert (fault.code, why in fault.message, bool(fault.line)) == ("PD-223", True, True)


def test_long_fields_and_unknown_columns_warn() -> None:
    """More than 255 characters in a field, and a file without the column of numbers, are told."""
    found = listing("csv", "it", [b"a,b\r\n" + b"x" * 256 + b",1\r\n"])
    assert (found.numbers, found.rows) == (None, 1)
    assert [(fault.code, fault.severity) for fault in found.faults] == [("PD-234", "warning"), ("PD-227", "warning")]


def test_too_many_numbers_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound no numbers are kept, the rows are counted, and that is told."""
    monkeypatch.setattr(listing_, "MOST_NUMBERS", 10)
    rows = b"".join(b"%d,x\r\n" % number for number in range(11))
    assert listing("csv", "it", [HEADER + rows[: rows.index(b"10,")]]).numbers is not None
    found = listing("csv", "it", [HEADER + rows])
    assert (found.numbers, found.settled, found.rows, [fault.code for fault in found.faults]) == (
        None,
        (),
        11,
        ["PD-227"],
    )


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        ("xml", "<invoices/>", "PD-221"),
        (
            "xml",
            "<?xml version='1.0'?>\n<payt><administration>X</administration><invoices>\n</invoices></payt>",
            "PD-221",
        ),
        ("xml", '<p:payt xmlns:p="urn:x"><p:invoices><p:invoice/></p:invoices></p:payt>', "PD-221"),
        ("xml", "<invoices><invoice></invoices>", "PD-224"),
        ("xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x><y>1</y></x>", "PD-224"),
        ("xml", "no xml", "PD-224"),
        ("json", "[]", "PD-221"),
        ("json", "{}", "PD-221"),
        ("json", '{"administration": "X", "invoices": []}', "PD-221"),
        ("json", '[{"invoices": [{}, null]}]', "PD-221"),
        ("json", "null", "PD-221"),
        ("json", '{"invoices": [', "PD-224"),
        ("json", "[" * 100_000, "PD-224"),
    ],
)
def test_xml_and_json_without_an_invoice_are_refused(form: str, data: str, code: str) -> None:
    """As far as it can be told without a schema, a file that lists nothing is refused, and so is what is not well-formed."""
    assert fault_of(form, data.encode()).code == code


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("xml", "<invoices><invoice><number>1</number></invoice></invoices>"),
        ("xml", '<payt><invoices><invoice number="1"/></invoices></payt>'),
        ("xml", "<facturen><factuur><nummer>1</nummer></factuur></facturen>"),
        ("xml", "<a><invoices><invoice><n>1</n></invoice>" + "<x>1</x>" * 300_000),
        ("json", '{"invoices": [{"number": 1}]}'),
        ("json", '[{"nummer": "1"}]'),
        ("json", "[" + '{"a": 1},' * 300_000),
    ],
)
def test_xml_and_json_with_something_warn_that_numbers_are_unknown(form: str, data: str) -> None:
    """Their schemas are not public, so what is missing from them cannot be told, and that is said."""
    found = listing(form, "it", in_pieces(data.encode(), 65_536))
    assert ([fault.code for fault in found.faults], found.numbers, found.rows) == (["PD-227"], None, None)


def test_a_bomb_is_refused_where_it_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a gzip that comes to more than the bound, no more than the bound is decompressed."""
    monkeypatch.setattr("paytraq_direct.payt.intake.MOST_BYTES", 5_000_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(HEADER + b"1,x\r\n" * 4_000_000))
    assert path.stat().st_size < 100_000
    with Intake(path) as intake, pytest.raises(Flaw) as caught:
        intake.look_through()
    assert caught.value.fault.code == "PD-232"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv.gz", CSV, "is no gzip"),
        ("a.csv", gzip.compress(CSV, mtime=0), "which its name does not say"),
        ("a.csv.gz", gzip.compress(CSV, mtime=0)[:-4], "no whole gzip"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00 nonsense", "no whole gzip"),
        ("a.csv.gz", gzip.compress(CSV, mtime=0) + b"more", "no whole gzip"),
    ],
)
def test_gzip_and_name_agree(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """Payt decompresses by the name: a name that says otherwise than the content, and a broken gzip, are refused."""
    path = tmp_path / name
    path.write_bytes(data)
    with Intake(path, "csv") as intake, pytest.raises(Flaw) as caught:
        intake.look_through()
    assert (caught.value.fault.code, words in caught.value.fault.message) == ("PD-231", True)
