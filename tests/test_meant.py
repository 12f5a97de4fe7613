"""What was most likely meant: one reading is offered as a fix, several as a choice, none as nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import AMOUNTS, DATES
from test_rules import smallest

from paytraq_direct import check, codes, meant
from paytraq_direct.errors import Fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct import Fault


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("30.01.2024", ["2024-01-30"]), ("30. 1. 2024", ["2024-01-30"]), ("30.01.2024.", ["2024-01-30"]),
        ("30/01/2024", ["2024-01-30"]), ("01/30/2024", ["2024-01-30"]), ("03/04/2024", ["2024-04-03", "2024-03-04"]),
        ("03-04-2024", ["2024-04-03", "2024-03-04"]), ("04/04/2024", ["2024-04-04"]), ("03.04.2024", ["2024-04-03"]),
        ("2024/1/5", ["2024-01-05"]), ("2024.01.05", ["2024-01-05"]), ("20240130", ["2024-01-30"]), ("2024130", []),
        (" 2024-01-30\n", ["2024-01-30"]), ("2024-01-30T00:00:00", ["2024-01-30"]), ("2024-01-30 00:00", ["2024-01-30"]),
        ("2024-01-30T10:00:00", []), ("2024-01-30T00:00:00Z", []), ("30.01.24", []), ("2024-02-30", []), ("31.02.2024", []),
        ("", []), ("today", []), ("30.13.2024", []), ("2024-01/30", []), ("30.01/2024", []), ("0" * 70, []),
    ],
)  # fmt: skip
def test_dates(text: str, days: list[str]) -> None:
    """Days of other countries, of other programs, and with too much beside them; two readings where there are two."""
    assert meant.dates(text) == days


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("1 234,50", ["1234.50"]), ("1\u00a0234,50", ["1234.50"]), ("1\u202f234.5", ["1234.5"]), ("1.234,50", ["1234.50"]),
        ("1,234.50", ["1234.50"]), ("1'234.50", ["1234.50"]), ("1\u2019234\u2019567", ["1234567"]), ("1234,5", ["1234.5"]),
        ("1,234", ["1234", "1.234"]), ("1.234.567", ["1234567"]), ("1,234,567.8", ["1234567.8"]), ("1 234 567", ["1234567"]),
        ("-1 234,50", ["-1234.50"]), ("\u22125", ["-5"]), ("+5", ["5"]), (" 5 ", ["5"]), (".5", ["0.5"]), ("5.", ["5"]),
        ("12%", ["12"]), ("12,5 %", ["12.5"]), ("1e3", ["1000"]), ("1.50E+2", ["150"]), ("-2.5e-3", ["-0.0025"]), ("0e5", ["0"]),
        ("12e-1", ["1.2"]), ("1e30", []), ("1,23,456", []), ("12 34", []), ("1.2.3", []), ("abc", []), ("", []), ("NaN", []),
        ("Infinity", []), ("1,234.567,8", []), ("0x10", []), ("1_000", []), ("\u0665", []), ("5 EUR", []), ("9" * 70, []),
        ("12345678901234567890", []), ("0.12345678901", []),
    ],
)  # fmt: skip
def test_amounts(text: str, amounts: list[str]) -> None:
    """Thousands and decimals as other countries set them apart; nothing is guessed, and nothing is rounded."""
    assert meant.decimals(text) == amounts


@given(AMOUNTS, st.sampled_from([" {}", "{} ", "+{}", "{}%"]))
def test_an_amount_in_other_clothes_keeps_its_value(amount: str, clothes: str) -> None:
    """Whatever is read as one amount has the value that was written."""
    text = clothes.format(amount)
    if not text.startswith("+-"):
        assert [Decimal(found) for found in meant.decimals(text)] in ([Decimal(amount)], [])


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from(["en", "de", "lv", "ch"]))
def test_grouped_amounts_keep_their_value(amount: Decimal, country: str) -> None:
    """An amount with two decimals, written as in four countries, is read as itself."""
    group, point = {"en": (",", "."), "de": (".", ","), "lv": ("\u00a0", ","), "ch": ("'", ".")}[country]
    text = f"{amount:,.2f}".replace(",", "G").replace(".", point).replace("G", group)
    assert meant.decimals(text) == [f"{amount:.2f}"]


@given(DATES)
def test_dates_of_other_forms_are_the_same_day(day: str) -> None:
    """A day written with points, or without anything, is that day."""
    year, month, number = day.split("-")
    assert meant.dates(f"{number}.{month}.{year}") == meant.dates(year + month + number) == [day]


@given(st.text(max_size=80))
def test_nothing_is_offered_that_is_not_taken(text: str) -> None:
    """Whatever comes in, what is offered is in its form."""
    rest = {"line_items": [{"item_name": "a", "qty": 1, "price": 1}]}
    for name, found in (
        ("document_date", meant.dates(text)),
        ("deposit", meant.decimals(text)),
        ("currency", meant.currencies(text)),
    ):
        for one in found:
            assert not [
                fault for fault in check(smallest(**{**rest, name: one})) if fault.path == name and fault.is_error
            ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sales Invoice", ["sales_invoice"]), ("invoice", ["sales_invoice"]), ("SALES-INVOICE", ["sales_invoice"]),
        ("Refund", ["credit_note"]), ("sales_invoce", ["sales_invoice"]), ("creditnota", ["credit_note"]), ("cn", []), ("", []),
        ("sales", ["sales_order", "sales_proforma", "sales_invoice", "sales_receipt", "sales_estimate"]), ("xxxxxxxx", []),
    ],
)  # fmt: skip
def test_codes(text: str, found: list[str]) -> None:
    """The same letters, a word of it, or a slip away; a short word only when it is the same."""
    assert meant.coded(text, codes.SALE_TYPE) == found


MISSING = object()


@pytest.mark.parametrize(
    ("fields", "fix"),
    [
        ({"document_date": "30.01.2024"}, Fix("replace", "2024-01-30")), ({"document_date": "03/04/2024"}, None),
        ({"document_date": "2024-02-30"}, None), ({"deposit": "1 234,50"}, Fix("replace", "1234.50")),
        ({"deposit": "1,234"}, None), ({"currency": "EURO"}, Fix("replace", "EUR")), ({"currency": "euros"}, Fix("replace", "EUR")),
        ({"currency": "$"}, None), ({"sale_type": "invoice"}, Fix("replace", "sales_invoice")), ({"sale_type": "sales"}, None),
        ({"document_ref": "INV-1 "}, Fix("replace", "INV-1")), ({"include_tax": "True"}, Fix("replace", True)),
        ({"comment": " "}, Fix("replace", None)), ({"pay_term_type": "Due-Days", "pay_term_days": 1}, Fix("replace", "due_days")),
        ({"date_due": "2026-12-01"}, Fix("add", "other_date", "pay_term_type")),
        ({"pay_term_days": 5}, Fix("add", "due_days", "pay_term_type")),
        ({"pay_term_type": 1, "pay_term_days": "14 days"}, Fix("replace", "14")),
        ({"pay_term_type": 1, "pay_term_days": 1, "date_due": "2026-12-01"}, None), ({"Comment": "x"}, Fix("rename", None, "comment")),
        ({"Comment": "x", "comment": "y"}, None), ({"coment": "x"}, Fix("rename", None, "comment")), ({"colour": 1}, None),
        ({"pdf": " https://example.com/a.pdf"}, Fix("replace", "https://example.com/a.pdf")), ({"pdf": "example.com/a.pdf"}, None),
    ],
)  # fmt: skip
def test_what_leaves_no_doubt_is_a_fix(fields: dict[str, Any], fix: Fix | None) -> None:
    """A fault says in a form for programs what to write, and says nothing there when a person has to choose."""
    named = [
        fault
        for fault in check(smallest(**fields))
        if fault.path in fields and fault.is_error | (fault.fix is not None)
    ]
    assert [fault.fix for fault in named] == [fix]
    assert all(fault.suggestion for fault in named)


@pytest.mark.parametrize(
    ("text", "value"),
    [('"deposit": 1e3', Decimal(1000)), ('"document_ref": 007', None), ('"document_ref": 77', "77"), ('"document_date": 20240130', "2024-01-30")],
)  # fmt: skip
def test_numbers_stay_numbers_and_texts_become_texts(text: str, value: object) -> None:
    """A number that is written wrongly is mended as a number; one that should be a text gets its quotes."""
    import json  # noqa: PLC0415 - for this alone

    name = text.split('"')[1]
    rest = json.dumps({key: one for key, one in smallest().items() if key != name})
    faults: tuple[Fault, ...] = check(f"{rest[:-1]}, {text}}}")
    assert [fault.fix and fault.fix.value for fault in faults if fault.is_error] == [value]


def test_long_texts_cost_nothing() -> None:
    """A text of a million characters is not searched for what it may mean."""
    searches: tuple[Callable[[str], list[str]], ...] = (meant.dates, meant.decimals, meant.days)
    for search in searches:
        assert search("1" * 1_000_000) == []
    assert meant.coded("s" * 1_000_000, codes.SALE_TYPE) == []
