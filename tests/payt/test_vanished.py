"""The danger of data files: what is missing from one, Payt takes for paid, so nothing goes missing in silence."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from test_cli import plain
from wire.servers import OK

from paytraq_direct import Outbox

from .desk import PDF, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from .desk import Desk


def sent(desk: Desk, name: str, data: bytes, *options: str) -> tuple[int, str]:
    """Upload a data file and give exit code and what was said of it."""
    result = desk(desk.file(name, data), *options)
    return result.returncode, result.stderr.decode()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv", b"", "PD-220"),
        ("a.xml", b"", "PD-220"),
        ("a.pdf", b"", "PD-220"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "PD-221"),
        ("a.csv", rows(), "PD-221"),
        ("a.csv.gz", gzip.compress(rows(), mtime=0), "PD-221"),
        ("a.xml", b"<invoices/>", "PD-221"),
        ("a.json", b"[]", "PD-221"),
    ],
)
def test_an_empty_file_never_goes(desk: Desk, name: str, data: bytes, code: str) -> None:
    """However it is empty, whatever is said with it, nothing is sent."""
    for options in ([], ["--yes"], ["--gzip", "--yes", "--resend", name], ["--check"]):
        exit_code, said = sent(desk, name, data, *options)
        assert (exit_code, code in said) == (3, True), said
    assert desk.recorder.heads == []


def test_the_first_file_is_compared_with_nothing_and_that_is_said(desk: Desk) -> None:
    """Without an earlier file, or without an outbox, it goes, and one is told that nothing was compared."""
    assert sent(desk, "a.csv", rows(1), "--no-outbox")[0] == 0
    code, said = sent(desk, "a.csv", rows(1))
    assert (code, "PD-228" in said, "no earlier one" in said) == (0, True, True)
    assert "PD-228" not in sent(desk, "b.csv", rows(1, 2))[1]


def test_what_vanished_is_listed_and_wants_a_yes(desk: Desk) -> None:
    """The first twenty numbers and how many there are; exit 3 and nothing sent, until --yes."""
    assert sent(desk, "a.csv", rows(*range(1, 31)))[0] == 0
    code, said = sent(desk, "b.csv", rows(*range(26, 40)))
    assert (code, len(desk.recorder.heads)) == (3, 1)
    assert "25 invoices of the last data file (a.csv) are missing from b.csv" in said
    assert "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 5 more" in said
    assert "--yes" in said
    code, said = sent(desk, "b.csv", rows(*range(26, 40)), "--yes")
    assert (code, len(desk.recorder.heads), "warning PD-225" in said) == (0, 2, True)


def test_from_python_too(desk: Desk) -> None:
    """vanished_ok is the yes of Python, and the numbers are there as data."""
    with Outbox(desk.path) as outbox:
        with desk.uploader(outbox) as uploader:
            uploader.upload(desk.file("a.csv", rows(1, 2)))
            found = uploader.upload(desk.file("b.csv", rows(2)))
        assert (found.result.outcome, found.vanished, len(desk.recorder.heads)) == ("invalid", ("1",), 1)
        assert "vanished_ok=True" in str(found.result.faults[0].suggestion)
        with desk.uploader(outbox, vanished_ok=True) as uploader:
            found = uploader.upload(desk.file("b.csv", rows(2)))
        assert (found.result.outcome, found.vanished) == ("delivered", ("1",))


def test_what_is_paid_may_go(desk: Desk) -> None:
    """An invoice that last stood there with nothing open is no danger: it may leave the file without a yes."""
    assert sent(desk, "a.csv", rows(1) + rows(2, amount="0.00").split(b"\r\n", 1)[1])[0] == 0
    assert sent(desk, "b.csv", rows(1))[0] == 0
    assert sent(desk, "c.csv", rows(2))[0] == 3


@pytest.mark.parametrize(
    ("answer", "code"), [(plain("400 Bad"), 0), (plain("429 Busy"), 0), (plain("502 Away"), 3), (OK, 3)]
)
def test_only_what_payt_may_have_is_compared_with(desks: Callable[..., Desk], answer: bytes, code: int) -> None:
    """A file that was refused is not there; one in doubt may be, as well as the one before it."""
    desk = desks(OK, answer, OK)
    assert sent(desk, "a.csv", rows(1))[0] == 0
    sent(desk, "b.csv", rows(1, 2))
    assert sent(desk, "c.csv", rows(1, 3))[0] == code


def test_in_doubt_is_compared_with_the_one_before_as_well(desks: Callable[..., Desk]) -> None:
    """Which of two Payt has is not known: what is in either must stay."""
    desk = desks(OK, plain("502 Away"), OK)
    sent(desk, "a.csv", rows(1, 2))
    sent(desk, "b.csv", rows(2, 3), "--yes")
    code, said = sent(desk, "c.csv", rows(2))
    assert (code, "2 invoices" in said, "3, 1" in said) == (3, True, True)


def test_each_administration_has_its_own(desk: Desk) -> None:
    """A file of one administration says nothing of another's."""
    assert desk(desk.file("a.csv", rows(1)), code="ONE").returncode == 0
    assert desk(desk.file("b.csv", rows(2)), code="TWO").returncode == 0
    assert desk(desk.file("c.csv", rows(3)), code="ONE").returncode == 3


def test_without_numbers_the_size_is_compared(desk: Desk) -> None:
    """Of XML and JSON, and CSV without the column, less than half is held back; what cannot be told is said."""
    entry = b"<invoice><number>1</number></invoice>"
    assert sent(desk, "a.xml", b"<invoices>" + entry * 100 + b"</invoices>")[0] == 0
    code, said = sent(desk, "b.xml", b"<invoices>" + entry * 51 + b"</invoices>")
    assert (code, "PD-227" in said) == (0, True)
    code, said = sent(desk, "c.xml", b"<invoices>" + entry * 20 + b"</invoices>")
    assert (code, "PD-226" in said, "--yes" in said) == (3, True, True)
    assert sent(desk, "c.xml", b"<invoices>" + entry * 20 + b"</invoices>", "--yes")[0] == 0
    code, said = sent(desk, "d.csv", rows(1))
    assert (code, "the last one (c.xml) was XML" in said) == (0, True)


def test_rows_are_compared_where_there_are_no_numbers(desk: Desk) -> None:
    """CSV without the column of numbers is compared by its rows."""
    assert sent(desk, "a.csv", b"a;b\n" + b"1;2\n" * 9)[0] == 0
    code, said = sent(desk, "b.csv", b"a;b\n" + b"1;a much longer field\n" * 4)
    assert (code, "has 4 rows, and the last data file (a.csv) had 9 rows" in said) == (3, True)


def test_a_check_compares_and_writes_nothing(desk: Desk) -> None:
    """The dry run says what would vanish."""
    sent(desk, "a.csv", rows(1, 2))
    code, said = sent(desk, "b.csv", rows(2), "--check")
    assert (code, "PD-225" in said, len(desk.recorder.heads), desk.states()) == (3, True, 1, ["delivered"])


def test_json_has_all_that_vanished(desk: Desk) -> None:
    """A program gets every number, and the fault."""
    sent(desk, "a.csv", rows(*range(50)))
    line = json.loads(desk(desk.file("b.csv", rows(49)), "--json").stdout)
    assert (line["outcome"], line["vanished"]) == ("invalid", [str(number) for number in range(49)])
    assert line["faults"][0]["code"] == "PD-225"


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("141234.pdf", [], ""),
        ("invoice.pdf", [], "holds no digit"),
        ("141234.pdf", ["--invoice-number", "141234"], ""),
        ("INV-141234 copy.pdf", ["--invoice-number", "141234"], ""),
        ("141235.pdf", ["--invoice-number", "141234"], "does not hold the invoice number 141234"),
        ("141234.pdf", ["--invoice-number", ".pdf"], "does not hold"),
    ],
)
def test_a_pdf_that_payt_cannot_link_is_warned_about(desk: Desk, name: str, options: list[str], why: str) -> None:
    """The name must hold the exact number; a warning, since Payt takes the file all the same."""
    result = desk(desk.file(name, PDF), *options)
    assert result.returncode == 0
    assert (why in result.stderr.decode(), b"PD-229" in result.stderr) == (True, bool(why))


def test_a_pdf_is_held_against_the_last_data_file(desk: Desk) -> None:
    """Where a data file was sent, a PDF whose name holds none of its numbers is warned about."""
    sent(desk, "a.csv", rows("A-77", "A-78"))
    assert "PD-229" not in sent(desk, "Invoice A-77.pdf", PDF)[1]
    assert "no invoice number of the last data file" in sent(desk, "A-99.pdf", PDF)[1]
