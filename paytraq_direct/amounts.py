"""Exact decimals and dates, to text and back: the one place that knows how they are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNT_PATTERN: Final = r"-?[0-9]{1,18}(?:\.[0-9]{1,10})?"
DATE_PATTERN: Final = r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
DAYS_PATTERN: Final = r"[0-9]{1,5}"

is_amount = re.compile(AMOUNT_PATTERN).fullmatch
_is_date = re.compile(DATE_PATTERN).fullmatch
_is_days = re.compile(DAYS_PATTERN).fullmatch
_LONGEST_AMOUNT: Final = 30


class Number(str):
    """The digits of a number exactly as they stood in a JSON text; never through a binary float."""

    __slots__ = ()


def amount_of_text(text: str) -> Decimal | None:
    """Give the decimal a text spells, with its digits kept; None when it is not written as an amount.

    Shape: an optional minus, 1 to 18 digits, at most a point and 1 to 10 more; nothing else, not even a blank.
    """
    return Decimal(text) if is_amount(text) else None


def amount_of_decimal(number: Decimal) -> Decimal | None:
    """Give a decimal in plain notation; None when it is not finite or needs more than 18 + 10 digits."""
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_AMOUNT:
        return None
    return amount_of_text(format(number, "f"))


def amount_of_int(number: int) -> Decimal | None:
    """Give the decimal of a whole number; None when it has more than 18 digits."""
    return Decimal(int(number)) if -(10**18) < number < 10**18 else None


def amount_text(amount: Decimal) -> str:
    """Write an amount with the digits it has: ``150.00`` stays ``150.00``, and never an exponent."""
    text = str(amount)
    return format(amount, "f") if "E" in text else text


def amount_texts(amounts: Sequence[Decimal | None]) -> list[str]:
    """Write amounts as ``amount_text`` does, "" for each that is absent."""
    texts = list(map(str, amounts))
    letters = "".join(texts)
    if "E" in letters or "N" in letters:  # an exponent, or the None of an absent one
        return ["" if amount is None else amount_text(amount) for amount in amounts]
    return texts


def moment_text(moment: datetime) -> str:
    """Write a moment as files and programs have it: ISO 8601 in UTC, milliseconds, with a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def date_of_text(text: str) -> date | None:
    """Give the day a text names; None unless it is a real day, YYYY-MM-DD, of the years 1900 to 2199."""
    if not _is_date(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def days_of_text(text: str) -> int | None:
    """Give a number of days; None unless it is one to five digits."""
    return int(text) if _is_days(text) else None
