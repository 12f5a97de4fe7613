"""What a value that is not in its form was most likely meant to be: one reading is a fix, several are a choice."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from paytraq_direct import amounts, codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paytraq_direct.codes import Enumeration

_BLANKS: Final = " \t\r\n\u00a0\u2007\u2009\u202f"
_MINUS: Final = str.maketrans("\u2212\u2012\u2013", "---")
_CURRENCIES: Final = {"EURO": "EUR", "EUROS": "EUR", "€": "EUR", "£": "GBP", "US$": "USD", "ZŁ": "PLN"}
_LONGEST: Final = 60
_ALIKE: Final = 0.8
_TELLING: Final = 5

# Compiled by the first fault that asks for them: starting is for those who have none.
_iso_like = partial(re.fullmatch, r"([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_day_first = partial(re.fullmatch, r"([0-9]{1,2})([./-])\s?([0-9]{1,2})\2\s?([0-9]{4})\.?")
_grouped = partial(re.fullmatch, r"-?[0-9]{1,3}(?:([ ',.])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]+)?")
_ungrouped = partial(re.fullmatch, r"-?[0-9]+(?:[.,][0-9]+)?")
_powered = partial(re.fullmatch, r"(-?[0-9]+(?:\.[0-9]+)?)[eE]([+-]?[0-9]{1,2})")
_counted_days = partial(re.fullmatch, r"([0-9]{1,5})(?:\.0+)?\s*(?:days?|d|dienas|d\.)?", flags=re.IGNORECASE)


def dates(text: str) -> list[str]:
    """Give the days that a text may name, as YYYY-MM-DD: ``30.01.2024`` is one day, ``03/04/2024`` may be two."""
    text = text.strip(_BLANKS)
    if len(text) > _LONGEST:
        return []
    if found := _iso_like(text):
        year, separator, month, day = found.groups()
        return _days([(year, month, day)] if separator or len(month) + len(day) == 4 else [])  # noqa: PLR2004
    if found := _day_first(text):
        first, separator, second, year = found.groups()
        # A point stands between day and month, in that order, all over Europe; the others are read both ways.
        orders = [(year, second, first)] if separator == "." else [(year, second, first), (year, first, second)]
        return _days(orders)
    return []


def _days(orders: Iterable[tuple[str, str, str]]) -> list[str]:
    found = (f"{year}-{month:0>2}-{day:0>2}" for year, month, day in orders)
    return list(dict.fromkeys(day for day in found if amounts.date_of_text(day)))


def neighbours(text: str) -> list[str]:
    """Give the last day of the month for a day that its month does not have: 2026-02-30 may be 2026-02-28."""
    year, month, day = map(int, text.split("-"))
    if not (1 <= month <= 12 and 28 < day <= 31):  # noqa: PLR2004 - months of a year, days of a month
        return []
    after = date(year + month // 12, month % 12 + 1, 1)
    return [(after - timedelta(days=1)).isoformat()]


def decimals(text: str) -> list[str]:
    """Give the amounts that a text may spell: ``1 234,50`` is one, ``1,234`` may be two."""
    plain = text.strip(_BLANKS).translate(_MINUS)
    if len(plain) > _LONGEST:
        return []
    plain = re.sub(f"[{_BLANKS}]", " ", plain).replace("\u2019", "'").removeprefix("+").removesuffix("%").strip()
    if plain.startswith((".", ",")):
        plain = f"0{plain}"
    plain = plain.removesuffix(".").removesuffix(",")
    if amounts.is_amount(plain):
        return [plain]
    found: list[str] = []
    if powered := _powered(plain):
        found = [_shifted(powered[1], int(powered[2]))]
    else:
        grouped = _grouped(plain)
        if grouped:
            separator = grouped[1]
            whole, _, rest = plain.rpartition("," if separator == "." else ".") if separator in ".," else _split(plain)
            found.append(_joined(whole or rest, rest if whole else "", separator))
        if _ungrouped(plain) and not (grouped and plain.count(grouped[1]) > 1):
            found.append(plain.replace(",", "."))
    return list(dict.fromkeys(amount for amount in found if amounts.is_amount(amount)))


def _split(plain: str) -> tuple[str, str, str]:
    """Give the whole part and the fraction of an amount whose thousands are set apart by blanks or apostrophes."""
    for point in ",.":
        if point in plain:
            return plain.rpartition(point)
    return plain, "", ""


def _joined(whole: str, fraction: str, separator: str) -> str:
    return whole.replace(separator, "") + (f".{fraction}" if fraction else "")


def _shifted(digits: str, power: int) -> str:
    """Write digits with an exponent out."""
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, fraction = digits.partition(".")
    point = len(whole) + power
    number = (whole + fraction).rjust(len(whole + fraction) - min(point - 1, 0), "0")
    point = max(point, 1)
    number = number.ljust(point, "0")
    whole, fraction = number[:point].lstrip("0") or "0", number[point:].rstrip("0")
    return f"{sign}{whole}" + (f".{fraction}" if fraction else "")


def days(text: str) -> list[str]:
    """Give the number of days that a text may name: ``14 days``."""
    found = _counted_days(text.strip(_BLANKS))
    return [found[1]] if found else []


def currencies(text: str) -> list[str]:
    """Give the currency that a text may name: ``eur``, ``EURO``, ``€``."""
    upper = text.strip(_BLANKS).upper()
    upper = _CURRENCIES.get(upper, upper)
    return [upper] if upper in codes.CURRENCIES else []


def coded(text: str, enumeration: Enumeration) -> list[str]:
    """Give the codes, by name, that a text may mean: ``Sales Invoice``, ``invoice``, ``DUE-DAYS``."""
    names = {code.name: code.name for code in enumeration.codes}
    names |= {code.meaning: code.name for code in enumeration.codes}
    return named(text, names)


def named(text: str, names: dict[str, str]) -> list[str]:
    """Give what a text may name: the same letters and digits, else the one it is part of, else those a slip away."""
    from difflib import get_close_matches  # noqa: PLC0415 - costs a start-up that needs it only for a fault

    wanted = _letters(text[:_LONGEST])
    if not wanted:
        return []
    by_letters = {_letters(name): meant for name, meant in names.items()}
    ways: tuple[Callable[[], list[str]], ...] = (
        lambda: [name for name in by_letters if name == wanted],
        lambda: [name for name in by_letters if wanted in name],
        lambda: get_close_matches(wanted, by_letters, n=2, cutoff=_ALIKE),
    )
    # A short word is part of many, and a slip away from many.
    for way in ways if len(wanted) >= _TELLING else ways[:1]:
        if found := dict.fromkeys(by_letters[name] for name in way()):
            return list(found)
    return []


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
