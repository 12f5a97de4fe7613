"""Python objects as input: values of other classes, keys of other kinds, lists without an end, copies of a record."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import pickle
from collections import ChainMap, OrderedDict, UserDict
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import repeat
from typing import Any

import pytest
from strategies import Liar
from test_rules import smallest

from paytraq_direct import Adjustment, Invoice, LineItem, check, limits, render, schema
from paytraq_direct.readers import sale


class Word(enum.StrEnum):
    """Words of the wire."""

    INVOICE = "sales_invoice"
    EURO = "EUR"


class Number(enum.IntEnum):
    """Numbers of the wire."""

    DUE_DAYS = 1


class Name(str, enum.Enum):  # noqa: UP042 - the older form says another text of itself
    """Names of the record."""

    DUE_DAYS = "due_days"


class Count(int):
    """A number that shows itself as something else."""

    def __str__(self) -> str:
        return "many"


class Measure(float):
    """A float that shows itself as other libraries do."""

    def __repr__(self) -> str:
        return "np.float64(0.1)"


class Day(dt.date):
    """A day that writes itself in its own way."""

    def __str__(self) -> str:
        return "2 November"


@pytest.mark.parametrize(
    ("changes", "plain"),
    [
        ({"sale_type": Word.INVOICE, "currency": Word.EURO}, {}),
        ({"pay_term_type": Number.DUE_DAYS, "pay_term_days": Number.DUE_DAYS}, {"pay_term_type": 1, "pay_term_days": 1}),
        ({"pay_term_type": Name.DUE_DAYS, "pay_term_days": Count(7)}, {"pay_term_type": 1, "pay_term_days": 7}),
        ({"pay_term_type": "1", "pay_term_days": Liar("7")}, {"pay_term_type": 1, "pay_term_days": 7}),
        ({"net_amount": Count(7), "gross_amount": Liar("7.50")}, {"net_amount": 7, "gross_amount": Decimal("7.50")}),
        ({"document_date": Day(2026, 11, 2), "client_name": Liar("AS K")}, {}),
    ],
)  # fmt: skip
def test_a_value_is_what_it_is_and_not_what_it_says(changes: dict[str, Any], plain: dict[str, Any]) -> None:
    """Values of classes derived from Python's own are taken for what they hold; the record holds plain ones."""
    invoice = Invoice(**smallest(**changes))
    assert invoice == Invoice(**smallest(**plain))
    assert schema.verdict(render(invoice)) == ()
    assert {type(getattr(invoice, name)) for name in changes} <= {str, int, Decimal, dt.date}


def test_a_float_is_shown_as_its_digits() -> None:
    """The way to write a float is one that can be copied, whatever its class says of itself."""
    (fault,) = check(smallest(net_amount=Measure(0.1)))
    assert (fault.code, fault.value, fault.suggestion) == ("PD-040", "0.1", 'write Decimal("0.1") or "0.1"')


def test_a_day_with_a_time_is_no_date() -> None:
    """A datetime is refused rather than cut off, with or without a zone."""
    for moment in (dt.datetime(2026, 11, 2, 23, 30), dt.datetime(2026, 11, 2, tzinfo=dt.UTC)):  # noqa: DTZ001 - on purpose
        assert [fault.code for fault in check(smallest(document_date=moment))] == ["PD-009"]


@pytest.mark.parametrize(
    "key",
    [None, 7, 10**5_000, 1.5, b"currency", ("currency",), dt.date(2026, 1, 1), float("nan")],
    ids=lambda key: type(key).__name__,
)
def test_keys_that_are_no_texts(key: object) -> None:
    """A key that is no text is no field, however big it is."""
    assert [fault.code for fault in check({**smallest(), key: 1})] == ["PD-007"]  # type: ignore[dict-item] # that is the point


def test_lists_without_an_end_are_given_up() -> None:
    """Lines that never stop coming are refused when there are too many."""
    assert [fault.code for fault in check(smallest(line_items=repeat(None)))] == ["PD-011"]
    assert [fault.code for fault in check(smallest(adjustments=iter([{}] * (limits.LINES + 1))))] == ["PD-011"]


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict, lambda data: ChainMap({}, data)])
def test_any_mapping_is_an_invoice(kind: Any) -> None:
    """Mappings of every kind are taken, for the invoice and for its lines."""
    record = smallest()
    record["line_items"] = [kind(record["line_items"][0])]
    assert check(kind(record)) == ()
    assert Invoice(**kind(record)) == Invoice(**smallest())


@pytest.mark.parametrize("value", ["abc", b"abc", {"item_name": "a"}, 7, None, LineItem(item_name="a", qty=1, price=1)])
def test_what_is_no_list_is_told(value: object) -> None:
    """One line in place of a list, a text, a number: each is one fault of line_items."""
    assert [(fault.path, fault.is_error) for fault in check(smallest(line_items=value))] == [("line_items", True)]


def test_a_record_inside_a_record_is_told() -> None:
    """An Adjustment is no line, a LineItem no adjustment, an Invoice neither."""
    line, adjustment = LineItem(item_name="a", qty=1, price=1), Adjustment(amount=1)
    record = smallest(line_items=[adjustment, Invoice(**smallest())], adjustments=[line])
    assert [(fault.code, fault.path) for fault in check(record)] == [
        ("PD-005", "line_items[0]"), ("PD-005", "line_items[1]"), ("PD-005", "adjustments[0]"),
    ]  # fmt: skip


def test_a_record_can_be_copied() -> None:
    """Copies, pickles and replaced fields are invoices, checked anew."""
    invoice = Invoice(**smallest())
    for same in (copy.copy(invoice), copy.deepcopy(invoice), pickle.loads(pickle.dumps(invoice)), replace(invoice)):  # noqa: S301 - our own
        assert same == invoice
        assert render(same) == render(invoice)
    assert replace(invoice, document_ref="INV-2") == Invoice(**smallest(document_ref="INV-2"))
    with pytest.raises(Exception, match="PD-070"):
        replace(invoice, currency="EURO")


def test_a_changed_copy_of_a_finished_document_is_a_new_document() -> None:
    """Bytes that were read travel with the record they spell, and not with another one."""
    document = render(Invoice(**smallest(comment="as it was"))).replace(b"\n", b"\r\n")
    reading = sale.read("it.xml", document)
    assert reading.invoice is not None
    assert reading.invoice.document == document
    changed = replace(reading.invoice, comment="changed")
    assert render(changed) == render(Invoice(**smallest(comment="changed")))


def test_no_arithmetic_setting_changes_an_amount() -> None:
    """The digits are kept whatever precision and traps the caller's decimal context has."""
    digits = "123456789012345678.0123456789"
    with localcontext(prec=3) as context:
        context.traps = dict.fromkeys(context.traps, True)
        invoice = Invoice(**smallest(net_amount=Decimal(digits), gross_amount=digits))
        document = render(invoice)
    assert document.count(f"Amount>{digits}</".encode()) == 2
