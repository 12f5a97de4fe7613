"""What a data file lists: its invoice numbers, where its form is known, and whether it lists any invoice at all."""

from __future__ import annotations

import codecs
import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.parsers import expat

from paytraq_direct.amounts import amount_of_text
from paytraq_direct.payt import file_rules as rules
from paytraq_direct.payt.file_rules import Flaw
from paytraq_direct.wording import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.errors import Fault

# Observed in a public integration, November 2026; what is not there is not looked at.
NUMBER: Final = "invoice_number"
OPEN: Final = "invoice_open_amount_inc_vat"
# More are only counted, so that memory stays bounded.
MOST_NUMBERS: Final = 200_000

# So much of XML and JSON, whose schemas are not public, is looked into.
_LOOKED_INTO: Final = 2**20
_LONGEST_LINE: Final = 2**20
# Source: docs.paytsoftware.com/imports/csv, read in November 2026.
_LONGEST_FIELD: Final = 255
_UNKNOWN_FORM: Final = "Payt's schema of {form} is not public"


class Listing(NamedTuple):
    """What a data file lists.

    ``rows`` is how many invoices it has, None where that cannot be told. ``numbers`` are those of invoices that are
    open and ``settled`` of those whose open amount is zero; None where they cannot be told, or are too many to keep.
    """

    form: str
    rows: int | None = None
    numbers: tuple[str, ...] | None = None
    settled: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def listing(form: str, name: str, pieces: Iterable[bytes]) -> Listing:
    """Give what a data file lists, in form csv, xml or json, reading every piece of it.

    Raises Flaw when it is not UTF-8, cannot be read, or lists nothing.
    """
    text = _decoded(name, pieces)
    if form == "csv":
        return _of_csv(name, text)
    start, size = io.StringIO(), 0
    for piece in text:
        if size < _LOOKED_INTO:
            size += start.write(piece)
    is_whole = size < _LOOKED_INTO
    (_look_into_xml if form == "xml" else _look_into_json)(name, start.getvalue(), is_whole=is_whole)
    unknown = rules.NUMBERS_UNKNOWN.fault("", name=name, why=_UNKNOWN_FORM.format(form=form.upper()))
    return Listing(form, faults=(unknown,))


def _decoded(name: str, pieces: Iterable[bytes]) -> Iterator[str]:
    """Give the pieces as text, without a mark of their order at the beginning."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before, lines = 0, 1
    for piece in pieces:
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise _not_utf8(name, error, before - waiting, lines) from None
        is_first = before == waiting
        before += len(piece)
        lines += text.count("\n")
        yield text.removeprefix("\ufeff") if is_first else text
    waiting = len(decoder.getstate()[0])
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_utf8(name, error, before - waiting, lines) from None


def _not_utf8(name: str, error: UnicodeDecodeError, before: int, lines: int) -> Flaw:
    at = lines + error.object[: error.start].count(b"\n")
    byte = f"{error.object[error.start]:#04x}"
    fault = rules.NOT_UTF8.fault("", name=name, byte=byte, offset=before + error.start, at=at, line=at)
    return Flaw(fault)


def _lines(name: str, text: Iterable[str]) -> Iterator[str]:
    """Give the lines of a text, each with its end."""
    rest = ""
    number = 1
    for piece in text:
        for line in io.StringIO(rest + piece, newline="\n"):
            if not line.endswith("\n"):
                rest = line
                break
            yield line
            number += 1
        else:
            rest = ""
        if len(rest) > _LONGEST_LINE:
            raise Flaw(rules.NOT_CSV.fault("", name=name, why=f"line {number:,} is longer than 1 MiB", line=number))
    if rest:
        yield rest


def _of_csv(name: str, text: Iterable[str]) -> Listing:
    lines = _lines(name, text)
    header = next(lines, "")
    separator = _separator(header)
    rows = csv.reader(_again(header, lines), delimiter=separator, strict=True)
    try:
        columns = [column.strip().lower() for column in next(rows, [])]
        return _Table(name, columns).read(rows)
    except csv.Error as error:
        raise Flaw(rules.NOT_CSV.fault("", name=name, why=str(error), line=rows.line_num)) from None


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _separator(header: str) -> str:
    """Tell which of the two separators the header has, by where the number's column shows."""
    plain = header.lower().replace('"', "")
    for separator in (";", ","):
        if NUMBER in (column.strip() for column in plain.split(separator)):
            return separator
    return ";" if header.count(";") >= header.count(",") else ","


class _Table:
    """The rows of a CSV file, as they are counted and their numbers kept."""

    def __init__(self, name: str, columns: list[str]) -> None:
        self._name = name
        self._number = columns.index(NUMBER) if NUMBER in columns else None
        self._open = columns.index(OPEN) if OPEN in columns else None
        self._rows = 0
        self._long = 0
        self._first_long = 0

    def read(self, rows: Any) -> Listing:
        """Read all rows; raises Flaw when there are none."""
        numbers: dict[str, bool] = {}
        for row in rows:
            if not any(map(str.strip, row)):
                continue
            self._rows += 1
            self._look_at(row, rows.line_num)
            if self._number is not None and len(row) > self._number and len(numbers) <= MOST_NUMBERS:
                number = row[self._number].strip()
                is_open = not self._is_settled(row)
                if number:
                    numbers[number] = numbers.get(number, False) or is_open
        if not self._rows:
            raise Flaw(rules.NO_INVOICES.fault("", name=self._name, why="there is no row below its header"))
        if self._number is not None and not numbers:
            raise Flaw(rules.NO_INVOICES.fault("", name=self._name, why=f"no row has an {NUMBER}"))
        return self._told(numbers)

    def _look_at(self, row: list[str], line: int) -> None:
        if max(map(len, row)) > _LONGEST_FIELD:
            self._first_long = self._first_long or line
            self._long += sum(len(field) > _LONGEST_FIELD for field in row)

    def _is_settled(self, row: list[str]) -> bool:
        if self._open is None or len(row) <= self._open:
            return False
        amount = amount_of_text(row[self._open].strip())
        return amount is not None and amount == 0

    def _told(self, numbers: dict[str, bool]) -> Listing:
        faults = []
        if self._long:
            count = counted(self._long, "field")
            faults.append(rules.LONG_FIELD.fault("", name=self._name, count=count, at=self._first_long))
        is_known = self._number is not None and len(numbers) <= MOST_NUMBERS
        if not is_known:
            why = f"it has no column {NUMBER}" if self._number is None else f"it lists more than {MOST_NUMBERS:,}"
            faults.append(rules.NUMBERS_UNKNOWN.fault("", name=self._name, why=why))
        found = tuple(number for number, is_open in numbers.items() if is_open)
        settled = tuple(number for number, is_open in numbers.items() if not is_open)
        return Listing("csv", self._rows, found if is_known else None, settled if is_known else (), tuple(faults))


class _Enough(Exception):
    """It is known that the file lists something."""


class _Elements:
    """What an XML file has, until it shows an invoice: an element named so that holds something."""

    def __init__(self) -> None:
        self.has_invoices = False
        self.has_something = False
        self._path: list[bool] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Go into an element."""
        self._seen(is_something=len(self._path) > 0 and any(":" not in name for name in attributes))
        if any(self._path):
            raise _Enough
        is_invoice = len(self._path) > 0 and "invoice" in tag.rpartition(":")[2].lower()
        self.has_invoices = self.has_invoices or is_invoice
        # A list named after invoices is none itself: what it lists stands in it.
        self._path.append(is_invoice and not tag.lower().endswith("s"))
        if self._path[-1] and any(":" not in name for name in attributes):
            raise _Enough

    def end(self, _tag: str) -> None:
        """Come out of an element."""
        self._path.pop()

    def text(self, text: str) -> None:
        """Read a text."""
        if text.strip():
            self._seen(is_something=len(self._path) > 1)
            if any(self._path):
                raise _Enough

    def _seen(self, *, is_something: bool) -> None:
        self.has_something = self.has_something or is_something


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it has a DOCTYPE")


def _look_into_xml(name: str, start: str, *, is_whole: bool) -> None:
    """Make sure that XML is well-formed and lists something, as far as that shows at its beginning."""
    elements = _Elements()
    # The declaration may name another encoding; the file was read as UTF-8, so that it is.
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = elements.start
    parser.EndElementHandler = elements.end
    parser.CharacterDataHandler = elements.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(start.encode(), is_whole)
    except _Enough:
        return
    except (expat.ExpatError, ValueError) as error:
        why = str(error).split(":")[0]
        line = getattr(error, "lineno", None)
        fault = rules.NOT_WELL_FORMED.fault("", name=name, form="XML", why=why, line=line)
        raise Flaw(fault) from None
    if is_whole and (elements.has_invoices or not elements.has_something):
        raise Flaw(rules.NO_INVOICES.fault("", name=name, why="no invoice in it holds anything"))


def _look_into_json(name: str, start: str, *, is_whole: bool) -> None:
    """Make sure that JSON can be read and lists something; of a long one, that it holds more than blanks."""
    if not is_whole:
        return
    try:
        data = json.loads(start)
    except (ValueError, RecursionError) as error:
        why = getattr(error, "msg", "it is nested too deep, or a number in it is too long").lower()
        line = getattr(error, "lineno", None)
        raise Flaw(rules.NOT_WELL_FORMED.fault("", name=name, form="JSON", why=why, line=line)) from None
    lists = [
        value for key, value in _members(data) if "invoice" in key.lower() and isinstance(value, list | dict | None)
    ]
    if not _has_value(lists or data):
        raise Flaw(rules.NO_INVOICES.fault("", name=name, why=f"it holds {shown(data)} and nothing in it"))


def _members(data: object) -> Iterator[tuple[str, object]]:
    """Give the members of the outer objects."""
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict):
            yield from one.items()


def _has_value(data: object) -> bool:
    """Tell whether there is anything but empty lists and objects."""
    todo = [data]
    while todo:
        match todo.pop():
            case dict() as members:
                todo += members.values()
            case list() as entries:
                todo += entries
            case None | "":
                pass
            case _:
                return True
    return False
