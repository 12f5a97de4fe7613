"""The arithmetic of an invoice: recomputed as on paper, under both usual ways of rounding.

A line is qty × price less line_discount; the lines, the adjustments and the shipping charge come to the net amount, or
with include_tax to the gross amount. Some round each line and each adjustment, some only the sum. PayTraq's page says
nothing of it, so what fits either way is well, and what fits neither is a warning.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from paytraq_direct import codes
from paytraq_direct.amounts import amount_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from paytraq_direct.invoice import Adjustment, Invoice, LineItem

Verdict = Literal["exact", "rounded", "off", "not given", "not computed"]
Way = Literal["the given line totals", "each line rounded", "the sum rounded"]

# Room for every digit of a product of amounts, and of a sum of as many as an invoice may have.
_EXACT: Final = Context(prec=100)
_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)
_CENTS: Final = 2
_of_line: Final = attrgetter("qty", "price", "line_discount", "line_total")


class Line(NamedTuple):
    """One line: what its values come to, and what was given. Amounts are in the currency of the invoice."""

    item: LineItem
    computed: Decimal | None
    rounded: Decimal | None
    verdict: Verdict

    @property
    def total(self) -> Decimal | None:
        """What the line counts: its given total, or else the computed one, rounded."""
        return self.rounded if self.item.line_total is None else self.item.line_total

    @property
    def difference(self) -> Decimal:
        """What the given total is more than the computed one, rounded."""
        return _ZERO if self.total is None or self.rounded is None else _EXACT.subtract(self.total, self.rounded)


class Step(NamedTuple):
    """What is added to the lines: an adjustment, or the shipping charge. A discount is negative.

    ``percent`` is of the sum of the lines, None where a sum is given.
    """

    label: str
    percent: Decimal | None
    amount: Decimal


class Sum(NamedTuple):
    """What the lines and steps come to under one way of rounding."""

    way: Way
    lines: Decimal
    total: Decimal


class Target(NamedTuple):
    """A total that the invoice gives, and the ways of rounding that it fits."""

    name: Literal["net_amount", "gross_amount"]
    given: Decimal
    fits: tuple[Way, ...]


class Account(NamedTuple):
    """The whole reckoning of an invoice. ``sums`` is empty when it cannot be made: a value or a direction is missing.

    ``targets`` are the totals that the lines may come to: one, or both where include_tax is not given. ``rate`` is
    the tax rate that gross and net imply, in percent, None where there is no net amount.
    """

    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    sums: tuple[Sum, ...]
    targets: tuple[Target, ...]
    rate: Decimal | None
    decimals: int

    @property
    def fits(self) -> bool:
        """Whether the lines come to one of the totals, or cannot be reckoned."""
        return not self.sums or any(target.fits for target in self.targets)


def adds_up(invoice: Invoice) -> bool:
    """Tell at once whether nothing is to be said; every good invoice comes by here, most need no more than this."""
    if invoice.adjustments or invoice.shipping_charge:
        return False
    decimals = codes.MINOR_UNITS.get(invoice.currency, _CENTS)
    half = _half(decimals)
    multiply, subtract, add = _EXACT.multiply, _EXACT.subtract, _EXACT.add
    total = _ZERO
    for qty, price, discount, given in map(_of_line, invoice.line_items):
        if qty is None or price is None:  # in documents of others
            return False
        counted = multiply(qty, price)
        if discount:
            counted = subtract(counted, multiply(counted, discount.scaleb(-2)))
        if given is not None and given != counted:
            if not -half <= subtract(given, counted) <= half or given.as_tuple().exponent < -decimals:
                return False
            counted = given
        total = add(total, counted)
    net, gross = _totals(invoice)
    if net is None or gross is None or not _ZERO <= net <= gross:
        return False
    return (total == net and not invoice.include_tax) or (total == gross and invoice.include_tax is not False)


@cache
def _half(decimals: int) -> Decimal:
    """Give half of the smallest unit of a currency with so many decimals."""
    return Decimal(5).scaleb(-decimals - 1)


def account(invoice: Invoice) -> Account:
    """Reckon an invoice."""
    decimals = codes.MINOR_UNITS.get(invoice.currency, _CENTS)
    lines = tuple(_line(item, decimals) for item in invoice.line_items)
    steps = tuple(_steps(invoice, lines, decimals))
    sums = tuple(_sums(invoice, lines, decimals)) if _is_complete(invoice, lines) else ()
    targets = tuple(_targets(invoice, sums, lines, decimals))
    net, gross = _totals(invoice)
    rate = None if net is None or gross is None else tax_of(net, gross)[1]
    return Account(lines, steps, sums, targets, rate, decimals)


def _line(item: Any, decimals: int) -> Line:
    if item.qty is None or item.price is None:
        return Line(item, None, None, "not computed")
    computed = _EXACT.multiply(item.qty, item.price)
    if item.line_discount:
        share = _EXACT.divide(item.line_discount, _HUNDRED)
        computed = _EXACT.subtract(computed, _EXACT.multiply(computed, share))
    rounded = _rounded(computed, decimals)
    if item.line_total is None:
        return Line(item, computed, rounded, "not given")
    if item.line_total == computed:
        return Line(item, computed, rounded, "exact")
    written = max(decimals, -int(item.line_total.normalize(_EXACT).as_tuple().exponent))
    is_near = any(item.line_total in _roundings(computed, places) for places in {decimals, written})
    return Line(item, computed, rounded, "rounded" if is_near else "off")


def _is_complete(invoice: Invoice, lines: Iterable[Line]) -> bool:
    has_lines = all(line.total is not None for line in lines)
    return has_lines and all(
        None not in (adjustment.amount, adjustment.type_id, adjustment.pct_or_amount)
        for adjustment in invoice.adjustments
    )


def _steps(invoice: Invoice, lines: Sequence[Line], decimals: int) -> Iterator[Step]:
    """Give the adjustments, those in percent of the lines as they are given, and the shipping charge, rounded."""
    base = _total(line.total or _ZERO for line in lines)
    for adjustment in invoice.adjustments:
        percent = adjustment.amount if adjustment.pct_or_amount == "pct" else None
        label = adjustment.description or adjustment.type_id or "adjustment"
        yield Step(label, percent, _rounded(_of(adjustment, base), decimals))
    if invoice.shipping_charge:
        yield Step("shipping", None, invoice.shipping_charge)


def _of(adjustment: Adjustment, base: Decimal) -> Decimal:
    """Give what an adjustment adds to a sum of lines."""
    amount = adjustment.amount or _ZERO
    if adjustment.pct_or_amount == "pct":
        amount = _EXACT.divide(_EXACT.multiply(base, amount), _HUNDRED)
    return _EXACT.minus(amount) if adjustment.type_id == "discount" else amount


def _sums(invoice: Invoice, lines: Sequence[Line], decimals: int) -> Iterator[Sum]:
    if any(line.item.line_total is not None for line in lines):
        given = _total(line.total or _ZERO for line in lines)
        yield Sum("the given line totals", given, _with_steps(invoice, given, decimals))
    if all(line.computed is not None for line in lines):
        each = _total(line.rounded or _ZERO for line in lines)
        yield Sum("each line rounded", each, _with_steps(invoice, each, decimals))
        exact = _total(line.computed or _ZERO for line in lines)
        yield Sum("the sum rounded", exact, _with_steps(invoice, exact, None))


def _with_steps(invoice: Invoice, lines: Decimal, decimals: int | None) -> Decimal:
    """Give a sum of lines with adjustments and shipping, each rounded unless only the end of it is."""
    amounts = (_of(adjustment, lines) for adjustment in invoice.adjustments)
    steps = amounts if decimals is None else (_rounded(amount, decimals) for amount in amounts)
    return _total((lines, *steps, invoice.shipping_charge or _ZERO))


def _targets(invoice: Invoice, sums: Sequence[Sum], lines: Sequence[Line], decimals: int) -> Iterator[Target]:
    names: tuple[Literal["net_amount", "gross_amount"], ...] = ("net_amount", "gross_amount")
    for name in names:
        given: Decimal | None = getattr(invoice, name)
        if invoice.include_tax is (name == "net_amount") or given is None:
            continue
        # Some write the totals of a credit note with a minus and its lines without.
        signed = (given, _EXACT.minus(given)) if invoice.sale_type == "credit_note" else (given,)
        fits = dict.fromkeys(one.way for one in sums for amount in signed if _comes_to(one, amount, lines, decimals))
        yield Target(name, given, tuple(fits))


def _comes_to(found: Sum, given: Decimal, lines: Sequence[Line], decimals: int) -> bool:
    if given == found.total or given in _roundings(found.total, decimals):
        return True
    if found.way != "each line rounded":
        return False
    # A half may have been rounded to the even neighbour, line by line.
    even = _total(_rounded(line.computed or _ZERO, decimals, ROUND_HALF_EVEN) for line in lines)
    return given == _EXACT.add(found.total, _EXACT.subtract(even, found.lines))


def tax_of(net: Decimal, gross: Decimal) -> tuple[Decimal, Decimal | None]:
    """Give what gross is more than net, and that in percent of net; no percent where there is no net amount."""
    tax = _EXACT.subtract(gross, net)
    return tax, _EXACT.divide(_EXACT.multiply(tax, _HUNDRED), net) if net else None


def _totals(invoice: Invoice) -> tuple[Decimal | None, Decimal | None]:
    """Give the net and the gross amount, which documents of others may lack."""
    return invoice.net_amount, invoice.gross_amount


def _roundings(amount: Decimal, decimals: int) -> tuple[Decimal, Decimal]:
    return _rounded(amount, decimals), _rounded(amount, decimals, ROUND_HALF_EVEN)


def _rounded(amount: Decimal, decimals: int, how: str = ROUND_HALF_UP) -> Decimal:
    return amount.quantize(smallest(decimals), rounding=how, context=_EXACT)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def complaints(invoice: Invoice) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Say what fits no way of rounding: which rule (``line``, ``sum``, ``order``), where, and the words for it."""
    found = account(invoice)
    for index, line in enumerate(found.lines):
        if line.verdict == "off" and line.rounded is not None and line.item.line_total is not None:
            words = {"computed": amount_text(line.rounded), "sum": paper(line), "more": more(line.difference)}
            yield "line", f"line_items[{index}].line_total", {**words, "value": line.item.line_total}
    if not found.fits and found.targets:
        target = found.targets[0]
        nearest = min(found.sums, key=lambda one: abs(_EXACT.subtract(target.given, one.total)))
        computed = amount_text(_rounded(nearest.total, found.decimals))
        words = {"computed": computed, "more": miss(target, nearest, found.decimals)}
        nor = " (gross_amount does not fit either)" if len(found.targets) > 1 else ""
        yield "sum", target.name, {**words, "value": target.given, "nor": nor}
    net, gross = _totals(invoice)
    if net is not None and gross is not None and (abs(gross) < abs(net) or gross * net < 0):
        yield "order", "gross_amount", {"net": amount_text(net), "value": gross}


def paper(line: Line) -> str:
    """Write a line's sum as on paper: ``3 × 33.333 − 10 %``."""
    item = line.item
    if line.computed is None:
        return "?"
    less = f" − {amount_text(item.line_discount)} %" if item.line_discount else ""
    return f"{amount_text(item.qty)} × {amount_text(item.price)}{less}"


def miss(target: Target, found: Sum, decimals: int) -> str:
    """Say by how much a total misses a sum, rounded."""
    return more(_EXACT.subtract(target.given, _rounded(found.total, decimals)))


def smallest(decimals: int) -> Decimal:
    """Give the smallest unit of a currency with so many decimals."""
    return Decimal(1).scaleb(-decimals)


def more(difference: Decimal) -> str:
    """Say by how much something is too much, or too little."""
    return f"{amount_text(abs(difference))} {'more' if difference > 0 else 'less'}"
