"""Where faults stand: line and column in the user's own file, and the caret under what is meant."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INVOICES, JSON_VALUES
from test_rules import FOLDER, RULES, smallest

from paytraq_direct import check, fields, render, rules
from paytraq_direct.amounts import Number
from paytraq_direct.cli.report import Report
from paytraq_direct.invoice import Invoice
from paytraq_direct.readers import Options, readings, sale
from paytraq_direct.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct import Fault

# What makes columns hard to count: a tab, letters of several bytes, one beyond the basic plane, escapes.
BEFORE = '"x_note":\t"\u017e\\u0101 \U0001d11e \\"},[{ \\t",\t'
FAULTY = {
    path.parent.name: path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("PD-*/refused.json"))
    if path.parent.name not in {"PD-001", "PD-002", "PD-004", "PD-005", "PD-014"}
}


def _layouts(text: str) -> Iterator[tuple[str, str]]:
    """Give an invoice as a pretty-printed file, on one line, and as the second line of many."""
    pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs, parse_float=Number, parse_int=Number)
    pretty = _written(pairs, "\n\t").replace("{\n\t", "{" + BEFORE + "\n\t", 1)
    line = _written(pairs, "").replace("{", "{" + BEFORE, 1)
    yield "it.json", pretty
    yield "it.json", line
    yield "it.jsonl", f"{json.dumps(smallest())}\n{line}\n"


def _written(value: Any, blank: str) -> str:
    """Write JSON again, repeated keys and the digits of numbers included."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        members = (
            f"{json.dumps(key, ensure_ascii=False)}: {_written(one, blank and blank + chr(9))}" for key, one in value
        )
        return "{" + blank + f",{blank}{' ' * (not blank)}".join(members) + blank[:-1] + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(one, blank and blank + "\t") for one in value) + "]"
    return value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def _faults(name: str, text: str) -> tuple[Fault, ...]:
    return tuple(fault for found in readings(name, io.BytesIO(text.encode()), Options()) for fault in found.faults)


def _meant(fault: Fault, text: str) -> str:
    """Give what stands at the place of a fault."""
    assert fault.line is not None
    assert fault.column is not None
    line = text.split("\n")[fault.line - 1]
    return line[fault.column - 1 : fault.column - 1 + (fault.length or 0)]


def _expected(fault: Fault, record: Any) -> set[str]:
    """Give what may stand where a fault of a record is: its value or its key as JSON, or the start of its object."""
    last = fault.path.replace("[", ".").replace("]", "").split(".")[-1] if fault.path else ""
    for step in fault.path.replace("[", ".").replace("]", "").split(".") if fault.path else ():
        record = record[int(step)] if isinstance(record, list) else record.get(step, _GONE)
        if record is _GONE:
            return {"{"}
    if fault.code in rules.AT_KEY:
        return {json.dumps(last, ensure_ascii=False)}
    if isinstance(record, Number):
        return {str(record)}
    return (
        {json.dumps(record, ensure_ascii=False)} if not isinstance(record, dict | list) else {"{", "[", "[]", "whole"}
    )


_GONE: Any = object()


@pytest.mark.parametrize("code", FAULTY)
def test_the_place_is_that_of_the_value(code: str) -> None:
    """In a pretty-printed, a one-line and a .jsonl file, after tabs, escapes and wide letters, the value itself is marked."""
    for name, text in _layouts(FAULTY[code]):
        faults = _faults(name, text)
        assert code in {fault.code for fault in faults}
        start = text.rindex('{"x_note"')
        record = json.loads(text[start:], parse_float=Number, parse_int=Number)
        for fault in faults:
            meant, expected = _meant(fault, text), _expected(fault, record)
            assert meant in expected or ("whole" in expected and meant[0] in "{["), (fault, meant)


@pytest.mark.parametrize("code", FAULTY)
def test_the_caret_stands_under_it(code: str) -> None:
    """What a terminal shows has its carets under the value, whatever stands before it on the line."""
    for name, text in _layouts(FAULTY[code]):
        for reading in readings(name, io.BytesIO(text.encode()), Options()):
            for fault in reading.faults:
                shown = _shown(reading, fault)
                at = next(
                    index for index, line in enumerate(shown) if line.strip(" |") and set(line.strip(" |")) == {"^"}
                )
                source, carets = shown[at - 1], shown[at]
                begin, end = carets.index("^"), carets.rindex("^") + 1
                # No letter of two columns stands there: a column is a character. What is cut off ends in "…".
                meant = "".join(c if c.isprintable() else "·" for c in _meant(fault, text))
                assert meant.startswith(source[begin:end].removesuffix("…"))
                assert source[begin:end] == meant or source.endswith("…")


def _shown(reading: Any, fault: Fault) -> list[str]:
    from paytraq_direct.cli.progress import Progress  # noqa: PLC0415 - of the command line

    err = io.StringIO()
    result = Result(outcome="invalid", document_ref=None, message="", channel=None)
    Report(io.StringIO(), err, Progress(err, ())).show(reading._replace(faults=(fault,)), result)
    return err.getvalue().splitlines()


@pytest.mark.parametrize(
    ("before", "columns"), [("ž", 1), ("日本", 4), ("a\u0301", 1), ("\u202e", 1), ("\U0001f600", 2)]
)
def test_wide_letters_take_two_columns(before: str, columns: int) -> None:
    """Letters that a terminal shows two columns wide move the caret by two, accents of their own by none."""
    text = f'{{"x_{before}": 1, "colour": 2}}'
    for reading in readings("it.json", io.BytesIO(text.encode()), Options()):
        fault = next(fault for fault in reading.faults if fault.path == "colour")
        carets = next(line for line in _shown(reading, fault) if "^" in line)
        assert carets.index("^") == len("      1 | ") + len('{"x_": 1, ') + columns


def test_a_long_line_is_shown_around_the_place() -> None:
    """Of a file on one line, only the neighbourhood is shown."""
    text = json.dumps(smallest(comment="x" * 5_000, currency="EURO"))
    (fault,) = check(text)
    assert fault.excerpt is not None
    assert len(fault.excerpt.text) <= 102
    assert fault.excerpt.text[fault.excerpt.start :].startswith('"EURO"')
    assert text[(fault.column or 0) - 1 :].startswith('"EURO"')


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,\n "ž": }', 2, 7), ("", 1, 1), ('{"a": 1', 1, 8), ('{"a": "\t"}', 1, 8), ("{'a': 1}", 1, 2),
        ('{"a": 1}\n{"b": 2}', 2, 1), ("\ufeff{,}", 1, 2),
    ],
)  # fmt: skip
def test_places_of_what_is_no_json(text: str, line: int, column: int) -> None:
    """A syntax error has its line and column in code points too."""
    (fault,) = _faults("it.json", text)
    assert (fault.code, fault.line, fault.column) == ("PD-002", line, column)
    assert (fault.excerpt is not None) == bool(text)


def test_the_place_of_a_byte_that_is_not_utf_8() -> None:
    """What cannot be decoded is marked where it stands."""
    (reading,) = readings("it.json", io.BytesIO('{"ž": 1,\n "ā'.encode() + b'\xff": 2}'), Options())
    (fault,) = reading.faults
    assert (fault.code, fault.line, fault.column) == ("PD-001", 2, 4)


def test_elements_of_an_array_have_their_own_places() -> None:
    """The same fault in several invoices of an array is marked in each."""
    text = json.dumps([smallest(), smallest(currency="EURO"), smallest(currency="euro")], indent=1)
    faults = _faults("it.json", text)
    assert [text.split("\n")[(fault.line or 0) - 1].strip() for fault in faults] == [
        '"currency": "EURO",',
        '"currency": "euro",',
    ]


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("<Currency>EUR<", "<Currency a='>'>EURO<", "EURO"), ("<Currency>EUR<", "<Currency>\t \u017eEURO <", "\u017eEURO"),
        ("<Currency>EUR<", "<Currency><![CDATA[EURO]]><", "<Currency>"), ("<Qty>1<", "<!-- \u017e --><Qty>1,5<", "1,5"),
        ("<Qty>1<", "<?p \U0001d11e?><Qty>&#49;,5<", "&#49;,5"), ("<Currency>EUR<", "<Currency>EU&amp;R<", "EU&amp;R"),
        ("<Currency>EUR<", "<Currency>EUR</Currency><Currency>E<", "E"), ("<Sale>", '<Sale\tb="\u017e">', '<Sale\tb="\u017e">'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_places_in_a_document(old: str, new: str, meant: str, encoding: str) -> None:
    """In XML of any encoding the text of the element is marked, or its tag where there is no text of its own."""
    text = render(Invoice(**smallest())).decode().replace(' encoding="UTF-8"', "").replace(old, new, 1)
    faults = sale.read("it.xml", text.encode(encoding)).faults
    assert meant in {_meant(fault, text) for fault in faults}
    assert all(fault.line and fault.column for fault in faults)


CONTRADICTED = {"pay_term_type", "pay_term_days", "date_due", "document_date"}
_FIELDS = [field.name for field in fields.INVOICE]
_LINE_FIELDS = [field.name for field in fields.LINE_ITEM]


@given(
    invoice=INVOICES, name=st.sampled_from(_FIELDS), of_line=st.none() | st.sampled_from(_LINE_FIELDS), value=JSON_VALUES,
    indent=st.sampled_from([None, 1]),
)  # fmt: skip
def test_a_mutation_is_where_its_faults_are(
    invoice: dict[str, Any], name: str, of_line: str | None, value: Any, indent: int | None
) -> None:
    """Of a good invoice with one value replaced, every new fault is at that value, in it, or at what it contradicts."""
    known = {(fault.code, fault.path) for fault in check(json.dumps(invoice), arithmetic=False)}
    record = json.loads(json.dumps(invoice))
    path = f"line_items[0].{of_line}" if of_line else name
    (record["line_items"][0] if of_line else record)[of_line or name] = value
    text = json.dumps(record, indent=indent, ensure_ascii=False)
    if any("\ud800" <= c <= "\udfff" for c in text):
        text = json.dumps(record, indent=indent)
    for fault in check(text, arithmetic=False):
        if (fault.code, fault.path) in known:
            continue
        assert fault.path.startswith(path) or {fault.path, path} <= CONTRADICTED
        if fault.path == path and fault.code != "PD-008" and not isinstance(value, dict | list):
            assert json.loads(_meant(fault, text)) == value or value != value  # noqa: PLR0124 - NaN differs from itself


def test_every_rule_of_a_json_value_was_tried() -> None:
    """Rules without a sample file need a size, an option, another program or a document."""
    assert set(RULES) - set(FAULTY) == {
        "PD-001", "PD-002", "PD-003", "PD-004", "PD-005", "PD-011", "PD-012", "PD-013", "PD-014", "PD-015", "PD-022",
        "PD-040", "PD-090", "PD-091", "PD-092", "PD-093", "PD-094", "PD-100", "PD-110", "PD-111",
        *(f"PD-{number}" for number in (*range(130, 138), *range(140, 153))),
    }  # fmt: skip
