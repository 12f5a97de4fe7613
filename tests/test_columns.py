"""Rows taken column by column: the same records, the same faults as row by row, whatever stands in them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import JSON_VALUES, PYTHON_VALUES, record_of
from test_rules import smallest

from paytraq_direct import LineItem, check, fields, limits, taking, values
from paytraq_direct.amounts import Number
from paytraq_direct.invoice import _LINE_ITEM, take

if TYPE_CHECKING:
    from collections.abc import Iterable

GOOD = {"item_name": "a", "qty": "1", "price": Number("2.50")}
_ODD = (
    "|0|-0|007|1.|.5|+1|1,5|1e3|1E-400|1e400|NaN|sNaN|Infinity|-1|100|100.0|100.01|-0.0|1_000|999999999999999999|"
    "9999999999999999999|0.1234567890|0.12345678901|1\n2|1\n|\n1|\n|1 2| 1|1 |\u0663|a|a b| a|a |a\n|a\nb|a\0b|\x1f|\t|a\tb| |"
    "\xa0|a\xa0|\u2028|\u202e|\ufeff|\ud800|\udfff a|\U0001f600|" + "n" * limits.NAME_LENGTH + "|" + "n" * 256
).split("|")
CELLS = (
    st.sampled_from(_ODD)
    | st.sampled_from(_ODD).map(Number)
    | st.sampled_from([None, True, 0, 1, -1, 100, 101, 10**18, 1.5, float("nan"), Decimal("1E-400"), Decimal("2.50")])
    | JSON_VALUES
    | PYTHON_VALUES
)
KEYS = st.sampled_from(fields.names(fields.LINE_ITEM)) | st.sampled_from(["x_own", "Qty", "", 1, None])


@st.composite
def tables_of_rows(draw: st.DrawFn) -> list[dict[Any, Any]]:
    """Give rows that are good but for a few cells, each with keys of its own."""
    rows = draw(st.lists(record_of(fields.LINE_ITEM), min_size=1, max_size=12))
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.sampled_from(rows))
        row[draw(KEYS)] = draw(CELLS)
        if draw(st.booleans()):
            row.pop(draw(KEYS), None)
    return rows


def _row_by_row(rows: list[dict[Any, Any]]) -> list[LineItem] | None:
    taken = [_LINE_ITEM.quick(row) for row in rows]
    return None if None in taken else [_LINE_ITEM.made(record) for record in taken if record is not None]


@given(tables_of_rows())
@example([{**GOOD, "qty": "1\n2"}, GOOD])
@example([{**GOOD, "item_name": "a\n"}, GOOD])
@example([{**GOOD, "description": "a\n\nb"}, {**GOOD, "description": None}, GOOD])
@example([{**GOOD, "line_discount": Number("0")}, {**GOOD, "line_discount": "100.00"}, GOOD])
@example([{**GOOD, "qty": 1}, {**GOOD, "qty": Decimal("1.0")}, {**GOOD, "qty": Number("1")}])
def test_columns_and_rows_agree(rows: list[dict[Any, Any]]) -> None:
    """Column by column gives the records of row by row, to the last digit, or is as unsure."""
    assert repr(_LINE_ITEM.quick_rows(rows)) == repr(_row_by_row(rows))


@pytest.mark.parametrize("name", fields.names(fields.LINE_ITEM))
def test_one_odd_cell_is_seen_wherever_it_is(name: str) -> None:
    """What does not pass in a row alone does not pass among good ones, in the first row or the last; all else does."""
    for value in (*_ODD, *map(Number, _ODD), 5, 1.5, True, Decimal(1), [], {}):
        for place in (0, 9):
            rows: list[dict[str, Any]] = [{**GOOD} for _ in range(10)]
            rows[place][name] = value
            assert repr(_LINE_ITEM.quick_rows(rows)) == repr(_row_by_row(rows)), repr(value)


@given(tables_of_rows(), st.integers(1, 3))
def test_an_invoice_says_the_same_either_way(rows: list[dict[Any, Any]], times: int) -> None:
    """Whether its rows are taken by columns or one by one, an invoice has the same record and the same faults."""
    source = smallest(line_items=rows * times)
    with mock.patch.object(taking, "_MANY", range(1, 100)):
        by_columns = take(source)
    with mock.patch.object(taking, "_MANY", range(0)):
        assert repr(by_columns) == repr(take(source))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 10_000, 10_001, limits.LINES, limits.LINES + 1])
def test_any_number_of_lines_is_taken_or_refused(count: int) -> None:
    """From one line to the most there may be all are taken; none and too many are refused."""
    record = smallest(line_items=[{"item_name": "a", "qty": 1, "price": 1.5}] * count)
    invoice, faults = take(json.dumps(record), arithmetic=False)
    assert (invoice is None) == (count in {0, limits.LINES + 1})
    assert invoice is None or (len(invoice.line_items), faults) == (count, ())


def test_rows_without_a_column_and_with_nulls_are_quick() -> None:
    """What is null or missing in some rows, or in all, is absent there and nothing to doubt."""
    own: list[dict[str, Any]] = [{"description": "a", "unit_name": None}, {"description": None}, {"x_own": [1]}]
    taken = _LINE_ITEM.quick_rows([{**GOOD, **row} for row in (*own, {"description": "b"})])
    assert taken is not None
    assert [(one.description, one.unit_name) for one in taken] == [("a", None), (None, None), (None, None), ("b", None)]


@pytest.mark.parametrize("name", sorted(fields.required(fields.LINE_ITEM)))
@pytest.mark.parametrize("lacking", [[0], [9], range(10)], ids=str)
def test_a_required_value_that_is_missing_is_seen(name: str, lacking: Iterable[int]) -> None:
    """A row without a required value, or with null for it, does not pass, and is told of at its place."""
    for empty in ({}, {name: None}):
        rows: list[dict[str, Any]] = [{**GOOD} for _ in range(10)]
        for index in lacking:
            del rows[index][name]
            rows[index].update(empty)
        assert _LINE_ITEM.quick_rows(rows) is None
        faults = check(smallest(line_items=rows), arithmetic=False)
        assert [fault.path for fault in faults] == [f"line_items[{index}].{name}" for index in lacking]


def test_a_key_given_twice_is_seen_among_many_rows() -> None:
    """One repeated key in one of many rows is told of."""
    row = '{"item_name": "a", "qty": 1, "price": 2}'
    twice = row.replace('"qty": 1', '"qty": 1, "qty": 1')
    record = json.dumps(smallest(line_items=[])).replace(
        '"line_items": []', f'"line_items": [{", ".join([row] * 9 + [twice])}]'
    )
    assert ("PD-006", "line_items[9].qty") in [(fault.code, fault.path) for fault in check(record)]


def test_made_rows_among_plain_ones_are_kept() -> None:
    """Rows that are records already stay the very same, however many there are."""
    made = LineItem(item_name="a", qty=1, price=2)
    invoice, _ = take(smallest(line_items=[made, *([dict(GOOD)] * 10)]), arithmetic=False)
    assert invoice is not None
    assert invoice.line_items[0] is made


@pytest.mark.parametrize("kind", ["text", "name", "amount", "percent"])
def test_what_is_looked_at_together_would_pass_alone(kind: str) -> None:
    """Each pair of odd texts passes together exactly when each of them passes alone, with the same values."""
    take_one = values._TAKERS[kind]
    take_all = values.taker_of_all(take_one)
    for first in _ODD:
        for second in _ODD:
            alone = [take_one(first), take_one(second)]
            assert repr(take_all([first, second])) == repr(None if values.UNSURE in alone else alone)
