"""The arithmetic: sums that were worked out by hand, in numbers and as they are shown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import iso4217
import pytest
from commands import run
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from strategies import INVOICES
from test_rules import smallest

from paytraq_direct import Invoice, check, codes, totals
from paytraq_direct.cli import explain
from paytraq_direct.invoice import take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Golden

GIVEN, EACH, SUM = "the given line totals", "each line rounded", "the sum rounded"
ALL = (GIVEN, EACH, SUM)


class Case(NamedTuple):
    """An invoice, and what a person with a pencil makes of it.

    ``lines`` are (qty, price, discount, given total); ``computed`` what each comes to; ``sums`` the totals by way of
    rounding; ``fits`` the total that fits and how; ``codes`` what is warned of.
    """

    lines: Sequence[tuple[str, str, str | None, str | None]]
    net: str
    gross: str
    computed: list[str]
    sums: dict[str, str]
    fits: tuple[str, tuple[str, ...]] | None
    codes: list[str]
    more: dict[str, Any]


def case(  # noqa: PLR0917 - a table of cases
    lines: Sequence[tuple[str, str, str | None, str | None]], net: str, gross: str, computed: list[str], sums: dict[str, str],
    fits: tuple[str, tuple[str, ...]] | None, warned: list[str] | None = None, **more: Any,
) -> Case:  # fmt: skip
    """Give a case."""
    return Case(lines, net, gross, computed, sums, fits, warned or [], more)


def adjusted(amount: str, type_id: str, pct_or_amount: str) -> dict[str, Any]:
    """Give one adjustment."""
    return {
        "adjustments": [
            {"amount": amount, "type_id": type_id, "pct_or_amount": pct_or_amount, "description": "Atlaide"}
        ]
    }


CENT3 = [("1", "0.335", None, None)] * 3
CASES = {
    "plain": case([("2", "5.00", None, "10.00")], "10.00", "12.10", ["10"], {GIVEN: "10", EACH: "10", SUM: "10"},
                  ("net_amount", ALL)),
    "no line totals": case([("3", "33.333", None, None)], "100.00", "121.00", ["99.999"], {EACH: "100", SUM: "99.999"},
                           ("net_amount", (EACH, SUM))),
    "each line rounded": case(CENT3, "1.02", "1.23", ["0.335"] * 3, {EACH: "1.02", SUM: "1.005"}, ("net_amount", (EACH,))),
    "the sum rounded": case(CENT3, "1.01", "1.22", ["0.335"] * 3, {EACH: "1.02", SUM: "1.005"}, ("net_amount", (SUM,))),
    "the sum rounded to even": case(CENT3, "1.00", "1.21", ["0.335"] * 3, {EACH: "1.02", SUM: "1.005"},
                                    ("net_amount", (SUM,))),
    "lines rounded to even": case([("1", "0.345", None, None)] * 3, "1.02", "1.23", ["0.345"] * 3, {EACH: "1.05", SUM: "1.035"},
                                  ("net_amount", (EACH,))),
    "a cent too many": case(CENT3, "1.03", "1.25", ["0.335"] * 3, {EACH: "1.02", SUM: "1.005"}, None, ["PD-121"]),
    "discount, rounded": case([("3", "33.333", "10", "90.00")], "90.00", "108.90", ["89.9991"],
                              {GIVEN: "90", EACH: "90", SUM: "89.9991"}, ("net_amount", ALL)),
    "discount, all digits": case([("3", "33.333", "10", "89.9991")], "90.00", "108.90", ["89.9991"],
                                 {GIVEN: "89.9991", EACH: "90", SUM: "89.9991"}, ("net_amount", ALL)),
    "the cent is on line 2": case([("3", "33.333", "10", "90.00"), ("1", "10.00", None, "10.01")], "100.01", "121.01",
                                  ["89.9991", "10"], {GIVEN: "100.01", EACH: "100", SUM: "99.9991"}, ("net_amount", (GIVEN,)),
                                  ["PD-120"]),
    "two cents that cancel out": case([("1", "10.00", None, "10.01"), ("1", "10.00", None, "9.99")], "20.00", "24.20",
                                      ["10", "10"], {GIVEN: "20", EACH: "20", SUM: "20"}, ("net_amount", ALL),
                                      ["PD-120", "PD-120"]),
    "a line that is far off": case([("2", "10.00", None, "200.00")], "200.00", "242.00", ["20"],
                                   {GIVEN: "200", EACH: "20", SUM: "20"}, ("net_amount", (GIVEN,)), ["PD-120"]),
    "discount in percent": case([("4", "25.00", None, "100.00")], "90.00", "108.90", ["100"], {GIVEN: "90", EACH: "90", SUM: "90"},
                                ("net_amount", ALL), **adjusted("10", "discount", "pct")),
    "discount as a sum": case([("4", "25.00", None, "100.00")], "87.50", "105.88", ["100"],
                              {GIVEN: "87.5", EACH: "87.5", SUM: "87.5"}, ("net_amount", ALL),
                              **adjusted("12.50", "discount", "amount")),
    "charge in percent, rounded": case([("1", "33.33", None, "33.33")], "35.00", "42.35", ["33.33"],
                                       {GIVEN: "35", EACH: "35", SUM: "34.9965"}, ("net_amount", ALL),
                                       **adjusted("5", "charge", "pct")),
    "charge as a sum, and shipping": case([("1", "20.00", None, None)], "26.10", "31.58", ["20"], {EACH: "26.1", SUM: "26.1"},
                                          ("net_amount", (EACH, SUM)), **adjusted("2.10", "charge", "amount"),
                                          shipping_charge="4.00"),
    "prices with tax": case([("2", "60.50", None, "121.00")], "100.00", "121.00", ["121"],
                            {GIVEN: "121", EACH: "121", SUM: "121"}, ("gross_amount", ALL), include_tax=True),
    "said to be with tax, and is not": case([("2", "50.00", None, "100.00")], "100.00", "121.00", ["100"],
                                            {GIVEN: "100", EACH: "100", SUM: "100"}, None, ["PD-121"], include_tax=True),
    "said to be without tax, and is not": case([("2", "60.50", None, "121.00")], "100.00", "121.00", ["121"],
                                               {GIVEN: "121", EACH: "121", SUM: "121"}, None, ["PD-121"], include_tax=False),
    "not said, and with tax": case([("2", "60.50", None, None)], "100.00", "121.00", ["121"], {EACH: "121", SUM: "121"},
                                   ("gross_amount", (EACH, SUM))),
    "credit note": case([("10", "2.50", None, "25.00")], "25.00", "30.25", ["25"], {GIVEN: "25", EACH: "25", SUM: "25"},
                        ("net_amount", ALL), sale_type="credit_note"),
    "credit note, all negative": case([("-10", "2.50", None, "-25.00")], "-25.00", "-30.25", ["-25"],
                                      {GIVEN: "-25", EACH: "-25", SUM: "-25"}, ("net_amount", ALL), sale_type="credit_note"),
    "credit note, totals negative": case([("10", "2.50", None, "25.00")], "-25.00", "-30.25", ["25"],
                                         {GIVEN: "25", EACH: "25", SUM: "25"}, ("net_amount", ALL), sale_type="credit_note"),
    "invoice, totals negative": case([("10", "2.50", None, "25.00")], "-25.00", "-30.25", ["25"],
                                     {GIVEN: "25", EACH: "25", SUM: "25"}, None, ["PD-121"]),
    "a returned item": case([("2", "10.00", None, "20.00"), ("-1", "5.00", None, "-5.00")], "15.00", "18.15", ["20", "-5"],
                            {GIVEN: "15", EACH: "15", SUM: "15"}, ("net_amount", ALL)),
    "yen have no cents": case([("3", "33.3", None, "100")], "100", "110", ["99.9"], {GIVEN: "100", EACH: "100", SUM: "99.9"},
                              ("net_amount", ALL), currency="JPY"),
    "euros have": case([("3", "33.3", None, "100")], "100", "121", ["99.9"], {GIVEN: "100", EACH: "99.9", SUM: "99.9"},
                       ("net_amount", (GIVEN,)), ["PD-120"]),
    "dinars have three decimals": case([("3", "0.3333", None, None)], "1.000", "1.050", ["0.9999"], {EACH: "1", SUM: "0.9999"},
                                       ("net_amount", (EACH, SUM)), currency="KWD"),
    "wholly discounted": case([("1", "50.00", "100", "0.00")], "0.00", "0.00", ["0"], {GIVEN: "0", EACH: "0", SUM: "0"},
                              ("net_amount", ALL)),
    "gross below net": case([("1", "10.00", None, None)], "10.00", "2.10", ["10"], {EACH: "10", SUM: "10"},
                            ("net_amount", (EACH, SUM)), ["PD-122"]),
    "all the digits there are": case(
        [("123456789012345678.0123456789", "1.0000000001", None, None)], "123456789024691356.91", "123456789024691356.91",
        ["123456789024691356.91358024670123456789"], {}, ("net_amount", (EACH, SUM)),
    ),
    "a direction is missing": case([("1", "10.00", None, "10.00")], "10.00", "12.10", ["10"], {}, None, ["PD-046"],
                                   adjustments=[{"amount": "5"}]),
}  # fmt: skip


def invoice_of(one: Case) -> dict[str, Any]:
    """Give the record of a case."""
    names = ("qty", "price", "line_discount", "line_total")
    items = [
        {"item_name": f"Prece {number}", **{n: v for n, v in zip(names, line, strict=True) if v is not None}}
        for number, line in enumerate(one.lines, 1)
    ]
    return smallest(line_items=items, net_amount=one.net, gross_amount=one.gross, **one.more)


@pytest.mark.parametrize("name", CASES)
def test_sums_worked_out_by_hand(name: str) -> None:
    """Each line, each sum, what fits and what is warned of are what a person worked out."""
    one = CASES[name]
    invoice, faults = take(invoice_of(one))
    assert invoice is not None
    account = totals.account(invoice)
    assert [line.computed for line in account.lines] == [Decimal(text) for text in one.computed]
    if one.sums:
        assert {found.way: found.total for found in account.sums} == {way: Decimal(t) for way, t in one.sums.items()}
    fitting = [(target.name, target.fits) for target in account.targets if target.fits]
    assert fitting[:1] == ([one.fits] if one.fits else [])
    assert [fault.code for fault in faults] == one.codes
    assert totals.adds_up(invoice) <= (not one.codes)


@pytest.mark.parametrize("name", CASES)
def test_sums_as_they_are_shown(name: str, golden: Golden) -> None:
    """--explain shows them as on paper."""
    invoice, _ = take(invoice_of(CASES[name]))
    assert invoice is not None
    golden.check(
        SAMPLES / "sums" / f"{name.replace(',', '').replace(' ', '-')}.txt", "\n".join(explain.lines_of(invoice)) + "\n"
    )


def test_explain_on_the_command_line(tmp_path: Path) -> None:
    """paytraq-check --explain prints the sum after the invoice; with --json its numbers are in the line."""
    file = tmp_path / "cent.json"
    file.write_text(json.dumps(invoice_of(CASES["the cent is on line 2"])))
    shown = run("paytraq-check", "--explain", file)
    assert shown.returncode == 0
    assert "  the cent is on line 2\n" in shown.stdout.decode()
    assert b"warning PD-120" in shown.stderr
    (line,) = map(json.loads, run("paytraq-check", "--explain", "--json", file).stdout.splitlines())
    assert [one["verdict"] for one in line["sum"]["lines"]] == ["rounded", "off"]
    assert line["sum"]["rate"] == "21.00"
    silent = run("paytraq-check", "--no-arithmetic", "--strict", file)
    assert (silent.returncode, silent.stderr) == (0, b"")
    assert run("paytraq-check", "--strict", file).returncode == 3


@given(INVOICES)
def test_what_adds_up_at_once_adds_up_on_paper(record: dict[str, Any]) -> None:
    """The quick look never lets something through that the careful one would tell."""
    invoice = Invoice(**record)
    if totals.adds_up(invoice):
        assert list(totals.complaints(invoice)) == []
    explain.data_of(invoice)
    assert list(explain.lines_of(invoice))


_CENTS = st.decimals(min_value=0, max_value=10_000, places=2)


@given(
    lines=st.lists(st.tuples(st.integers(1, 50), _CENTS, st.sampled_from([None, 5, 10])), min_size=1, max_size=6),
    way=st.sampled_from(["each line rounded", "the sum rounded"]), cent=st.sampled_from([0, 1, -1]),
)  # fmt: skip
def test_a_lost_cent_is_seen_and_only_that(
    lines: list[tuple[int, Decimal, int | None]], way: Literal["each line rounded", "the sum rounded"], cent: int
) -> None:
    """Whoever rounds either way is told nothing; who is further off than rounding can be is."""
    items = [
        {"item_name": "a", "qty": qty, "price": price, **({} if off is None else {"line_discount": off})}
        for qty, price, off in lines
    ]
    invoice = Invoice(**smallest(line_items=items, net_amount="0", gross_amount="0"))
    sums = {found.way: found.total for found in totals.account(invoice).sums}
    right = sums[way].quantize(Decimal("0.01"))
    # Half a cent of a line may go up or down, as who rounds it likes.
    away = cent * (2 + len(lines)) * Decimal("0.01")
    beyond = (max(sums.values()) if cent > 0 else min(sums.values())).quantize(Decimal("0.01")) + away
    net = right if cent == 0 else beyond
    found = [
        fault.code
        for fault in check(smallest(line_items=items, net_amount=net, gross_amount=net * 2, include_tax=False))
    ]
    expected = [] if cent == 0 else ["PD-121"]
    assert [code for code in found if code != "PD-122"] == expected


def test_the_decimals_of_currencies_are_those_of_iso_4217() -> None:
    """Every current currency rounds to its own smallest unit."""
    for currency in iso4217.Currency:
        if currency.code in codes.CURRENCIES and currency.exponent is not None:
            assert codes.MINOR_UNITS.get(currency.code, 2) == currency.exponent, currency.code
