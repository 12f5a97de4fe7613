"""The lines of a UBL document: each with its own total; price, discount and bar code as far as they are exact."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, codes, rules
from paytraq_direct.readers.ubl import tables
from paytraq_direct.readers.ubl.head import is_charge
from paytraq_direct.readers.ubl.paths import Paths
from paytraq_direct.readers.ubl.source import decimal, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.paths import Found, Spot
    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element

_AMOUNTS: Final = frozenset({"qty", "price", "line_total"})
_CENTS: Final = 2
_PLACES: Final = (0, 2, 4, 6, 8, 10)
_HUNDRED: Final = 100
_BASE: Final = "cac:Price/cbc:BaseQuantity"
_SUB_LINE: Final = "cac:SubInvoiceLine"
_BAR_CODE: Final = "cac:Item/cac:StandardItemIdentification/cbc:ID"
_DESCRIPTIONS: Final = ("cac:Item/cbc:Description", "cbc:Note")
_CHARGED: Final = Paths(tables.CHARGED_PATHS)
_is_gtin = re.compile("[0-9]{8}|[0-9]{12,14}").fullmatch


class Line:
    """One line on its way into the record; ``record`` is what has been taken of it."""

    def __init__(self, source: Source, element: Element, found: Found, path: str, decimals: int) -> None:
        self.record: dict[str, Any] = {}
        self._source = source
        self._found = found
        self._path = path
        self._decimals = decimals
        self._places = {"": element}
        self._remarks: list[str] = []
        source.stand_below(path, self._places)

    def take(self) -> dict[str, Any]:
        """Give the record of the line."""
        found, record, places, taken = self._found, self.record, self._places, self._source.taken
        for field, paths in tables.LINE:
            for path in paths:
                if path in found:
                    element, text = found[path][0]
                    taken.add(element)
                    places[field] = element
                    record[field] = decimal(text) if field in _AMOUNTS else text
                    break
        unit = self._unit()
        if _SUB_LINE in found:
            self._source.fault(rules.SUB_LINES, found[_SUB_LINE][0][0], self._path)
        if _BASE in found:
            self._price(unit, found[_BASE][0])
        if tables.CHARGED in found:
            self._discount([(one, _CHARGED.found(one)) for one, _ in found[tables.CHARGED]])
        if _BAR_CODE in found:
            self._bar_code(found[_BAR_CODE][0])
        parts = [self._take("description", spot) for path in _DESCRIPTIONS for spot in found.get(path, ())]
        if parts or self._remarks:
            record["description"] = "\n".join((*parts, *self._remarks))
        return record

    def _at(self, field: str) -> str:
        return f"{self._path}.{field}"

    def _take(self, field: str, spot: Spot) -> str:
        element, text = spot
        self._source.taken.add(element)
        self._places.setdefault(field, element)
        return text

    def _unit(self) -> str:
        element = self._places.get("qty")
        unit = "" if element is None else (element.get("unitCode") or "").strip()
        if unit and element is not None:
            self._places["unit_name"] = element
            self.record["unit_name"] = tables.UNITS.get(unit, unit)
        return unit

    def _price(self, unit: str, base: Spot) -> None:
        """Divide the price by the quantity that it is for; where that does not come out, keep it and say so."""
        element, text = base
        self._source.taken.add(element)
        price, per = _number(self.record.get("price")), _number(decimal(text))
        of = (element.get("unitCode") or unit).strip()
        if price is None or (per == 1 and of == unit):
            return
        one = _written(price / per) if per and per > 0 and of == unit else None
        if one is not None:
            self.record["price"] = one
            return
        amount = f"{text} {tables.UNITS.get(of, of)}".strip()
        self._source.fault(rules.PRICE_KEPT, element, self._at("price"), value=self.record["price"], per=amount)
        self._remarks.append(f"Price per {amount}")

    def _unit_price(self) -> Fraction | None:
        """Give the exact price of one unit, also where the record cannot hold it."""
        price = _number(decimal(text_of(self._found, "cac:Price/cbc:PriceAmount")))
        per = _number(decimal(text_of(self._found, _BASE) or "1"))
        return None if price is None or not per else price / per

    def _discount(self, charged: list[tuple[Element, Found]]) -> None:
        """Turn what is allowed and charged on the line into one percentage, if that gives its total."""
        less = Fraction(0)
        for one, found in charged:
            for amount in found.get("cbc:Amount", ()):
                value = _number(decimal(self._take("line_discount", amount))) or Fraction(0)
                less += -value if is_charge(self._source, one, found, self._path) else value
        qty, price = _number(self.record.get("qty")), self._unit_price()
        if less == 0 or qty is None or price is None:
            return
        full = qty * price
        percent = less / full * _HUNDRED if full else None
        at = charged[0][0]
        if percent is None or not 0 <= percent <= _HUNDRED:
            self._source.fault(rules.LINE_CHARGE, at, self._path, amount=_written(-less) or "?")
            return
        # A percentage of few digits may give the total though the amounts do not: then they disagree, and it says so.
        for text in self._percentages(charged, percent) if self._gives_total(full - less) else ():
            if self._gives_total(full * (1 - Fraction(text) / _HUNDRED)):
                self.record["line_discount"] = text
                return
        total = self.record.get("line_total", "not given")
        self._source.fault(
            rules.DISCOUNT_KEPT, at, self._at("line_discount"), total=total, amount=_written(less) or "?"
        )

    def _percentages(self, charged: list[tuple[Element, Found]], percent: Fraction) -> Iterator[str]:
        """Give the percentages to try: the document's own, then the computed one with ever more digits."""
        if len(charged) == 1:
            own = decimal(text_of(charged[0][1], "cbc:MultiplierFactorNumeric"))
            number = _number(own)
            if number is not None and 0 <= number <= _HUNDRED:
                yield own
        for places in _PLACES:
            yield amounts.amount_text(_rounded(percent, places, ROUND_HALF_UP))

    def _gives_total(self, computed: Fraction) -> bool:
        total = _number(self.record.get("line_total"))
        ways = (ROUND_HALF_UP, ROUND_HALF_EVEN)
        return total == computed or any(total == Fraction(_rounded(computed, self._decimals, way)) for way in ways)

    def _bar_code(self, spot: Spot) -> None:
        if _has_check_digit(spot[1]):
            self.record["item_bar_code"] = self._take("item_bar_code", spot)


def decimals_of(currency: object) -> int:
    """Give how many decimals the amounts of a currency have."""
    return codes.MINOR_UNITS.get(str(currency), _CENTS)


def _number(text: object) -> Fraction | None:
    """Give the exact number of a text that is an amount; None of any other."""
    return Fraction(text) if isinstance(text, str) and amounts.is_amount(text) else None


def _written(number: Fraction) -> str | None:
    """Write a number as an amount; None when it has no end within ten decimals."""
    rounded = _rounded(number, _PLACES[-1], ROUND_HALF_UP)
    if Fraction(rounded) != number:
        return None
    text = amounts.amount_text(rounded)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(number: Fraction, places: int, way: str) -> Decimal:
    whole, rest = divmod(abs(number) * 10**places, 1)
    half = Fraction(1, 2)
    up = rest > half or (rest == half and (way == ROUND_HALF_UP or int(whole) % 2 == 1))
    count = int(whole) + up
    return Decimal((int(number < 0), tuple(map(int, str(count))), -places))


def _has_check_digit(text: str) -> bool:
    """Tell whether a text is a GTIN: its last digit is the one that the others ask for."""
    if not _is_gtin(text):
        return False
    digits = [int(digit) for digit in reversed(text)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
