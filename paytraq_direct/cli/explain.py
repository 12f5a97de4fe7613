"""The sum of an invoice, shown as on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import totals
from paytraq_direct.amounts import amount_text
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from paytraq_direct.invoice import Invoice
    from paytraq_direct.totals import Account, Line, Step, Target

_NAME: Final = 24
_PRICES: Final = {None: "whether prices include tax is not said", True: "prices with tax", False: "prices without tax"}
_VERDICTS: Final = {"exact": "fits", "rounded": "fits, rounded", "not given": "", "not computed": ""}


class _Row(NamedTuple):
    """One row of the sum; what it comes to stands under its neighbours, point under point."""

    label: str
    paper: str
    computed: str
    given: str = ""
    remark: str = ""


def lines_of(invoice: Invoice) -> Iterator[str]:
    """Write the sum: each line, each step, what was given and computed, and which way of rounding fits."""
    account = totals.account(invoice)
    yield f"{raw(str(invoice.document_ref))}, {invoice.currency}, {_PRICES[invoice.include_tax]}"
    yield from _table([*_line_rows(account), *_step_rows(account), *_sum_rows(account)])
    fitting = [target for target in account.targets if target.fits]
    for target in fitting or account.targets:
        yield f"  {_fit(account, target)}"
    if not account.sums:
        yield "  the sum cannot be reckoned: a quantity, a price, or the direction of an adjustment is missing"
    if account.rate is not None:
        net, gross = invoice.net_amount, invoice.gross_amount
        of = f"gross_amount {amount_text(gross)} − net_amount {amount_text(net)} = {amount_text(gross - net)}"
        yield f"  {of}, an effective tax rate of {account.rate:.2f} %"
    if off := [(number, line) for number, line in enumerate(account.lines, 1) if line.verdict == "off"]:
        is_cent = all(abs(line.difference) == totals.smallest(account.decimals) for _, line in off)
        numbers = ", ".join(str(number) for number, _ in off)
        yield f"  {'the cent' if is_cent else 'the difference'} is on line {numbers}"
    elif not account.fits:
        yield "  no line is off: the difference is in the total itself"


def data_of(invoice: Invoice) -> dict[str, Any]:
    """Give the sum for a program: amounts as their digits."""
    account = totals.account(invoice)
    decimals = account.decimals
    return {
        "document_ref": invoice.document_ref,
        "currency": invoice.currency,
        "include_tax": invoice.include_tax,
        "lines": [_line_data(line, decimals) for line in account.lines],
        "steps": [_step_data(step) for step in account.steps],
        "sums": [
            {"way": one.way, "lines": _text(one.lines, decimals), "total": _text(one.total, decimals)}
            for one in account.sums
        ],
        "targets": [
            {"name": one.name, "given": amount_text(one.given), "fits": list(one.fits)} for one in account.targets
        ],
        "rate": None if account.rate is None else f"{account.rate:.2f}",
    }


def _line_data(line: Line, decimals: int) -> dict[str, Any]:
    return {
        "computed": _text(line.computed, decimals),
        "rounded": _text(line.rounded, decimals),
        "given": None if line.item.line_total is None else amount_text(line.item.line_total),
        "verdict": line.verdict,
    }


def _step_data(step: Step) -> dict[str, Any]:
    percent = None if step.percent is None else amount_text(step.percent)
    return {"label": step.label, "percent": percent, "amount": amount_text(step.amount)}


def _table(rows: list[_Row]) -> Iterator[str]:
    after = max((len(row.computed.partition(".")[2]) for row in rows), default=0)
    rows = [row._replace(computed=_padded(row.computed, after)) for row in rows]
    widths = [max((len(column) for column in columns), default=0) for columns in zip(*rows, strict=True)]
    for row in rows:
        left = f"{row.label:<{widths[0]}}  {row.paper:<{widths[1]}}  = {row.computed:>{widths[2]}}"
        yield f"  {left}  {row.given:<{widths[3]}}  {row.remark}".rstrip()


def _padded(amount: str, after: int) -> str:
    return amount + " " * (after - len(amount.partition(".")[2]) + ("." not in amount and after > 0))


def _line_rows(account: Account) -> Iterator[_Row]:
    for number, line in enumerate(account.lines, 1):
        given = "" if line.item.line_total is None else f"given {amount_text(line.item.line_total)}"
        is_off = line.verdict == "off"
        remark = f"{totals.more(line.difference)} than computed" if is_off else _VERDICTS[line.verdict]
        computed = _text(line.computed, account.decimals) or "?"
        yield _Row(f"{number:>3}  {raw(str(line.item.item_name), _NAME)}", totals.paper(line), computed, given, remark)


def _step_rows(account: Account) -> Iterator[_Row]:
    for step in account.steps:
        sign = "−" if step.amount < 0 else "+"
        share = "" if step.percent is None else f"{amount_text(step.percent)} % of the lines"
        yield _Row(f"  {sign}  {raw(step.label, _NAME)}", share, amount_text(step.amount))


def _sum_rows(account: Account) -> Iterator[_Row]:
    for one in account.sums:
        lines = f"lines {_text(one.lines, account.decimals)}" if account.steps else ""
        yield _Row(f"  =  {one.way}", lines, _text(one.total, account.decimals) or "")


def _fit(account: Account, target: Target) -> str:
    given = f"{target.name} is {amount_text(target.given)}: "
    if len(target.fits) == len(account.sums) > 0:
        return f"{given}fits every way of rounding"
    if target.fits:
        return f"{given}fits {', and '.join(target.fits)}"
    misses = [f"{totals.miss(target, one, account.decimals)} than {one.way}" for one in account.sums]
    return given + (", ".join(misses) or "not compared")


def _text(amount: Decimal | None, decimals: int) -> str | None:
    """Write a computed amount: all of its digits, but no zeros beyond the smallest unit."""
    if amount is None:
        return None
    whole, _, fraction = amount_text(amount).partition(".")
    fraction = fraction[:decimals] + fraction[decimals:].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
