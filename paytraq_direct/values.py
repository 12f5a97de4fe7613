"""How the value of each kind of field is taken: at once when there is nothing to say, else rule by rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, codes, conditions, limits
from paytraq_direct.amounts import Number

if TYPE_CHECKING:
    from paytraq_direct.fields import Field

Take = Callable[[Any], object]
TakeAll = Callable[[list[Any]], list[Any] | None]
"""The same for many values of one field, at least one: all of them as records hold them, or None for UNSURE."""


class _Unsure:
    """What a quick look gives when a value is wrong, or worth a remark."""


UNSURE: Final = _Unsure()


def taker(field: Field) -> Take:
    """Give the quick look for a field: the value as the record holds it, or UNSURE, never an exception."""
    if field.codes:
        by_input = field.codes.by_input

        def take_code(value: object) -> object:
            if type(value) in {str, int, Number}:
                return by_input.get(value, UNSURE)
            return UNSURE

        return take_code
    return _TAKERS[field.kind]


def taker_of_all(take: Take) -> TakeAll:
    """Give the quick look at many values of a field, of which ``take`` is the one at each.

    Texts and amounts are looked at together, and one by one only where that leaves a doubt.
    """
    kinds, take_together = _TOGETHER.get(take, (frozenset(), None))

    def take_all(given: list[Any]) -> list[Any] | None:
        if take_together and kinds.issuperset(map(type, given)):
            together = take_together(given)
            if together is not None:
                return together
        taken = []
        for value in given:
            settled = take(value)
            if settled is UNSURE:
                return None
            taken.append(settled)
        return taken

    return take_all


def plain(value: object) -> object:
    """Give a value of Python's own type: subclasses may say of themselves what is not so."""
    match value:
        case Number() | bool() | datetime():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case date():
            return date(value.year, value.month, value.day)
    return value


def settle(value: Any, field: Field) -> object:
    """Give a plain value that no rule refused in the form the record holds."""
    if isinstance(value, Number):
        value = str(value)
    if field.codes:
        return field.codes.by_input[value]
    match field.kind:
        case "amount" | "percent":
            return take_amount(value)
        case "days":
            return int(value)
        case "date":
            return value if isinstance(value, date) else amounts.date_of_text(value)
    return value


def _take_text(value: object) -> object:
    if type(value) is str and len(value) < limits.TEXT_BYTES // 4 and not value.isspace():
        is_plain = value.isprintable() or value.replace("\n", "").isprintable()
        return (is_plain and value) or UNSURE
    return UNSURE


def _take_name(value: object) -> object:
    if type(value) is str and value.isprintable() and value.strip() == value and len(value) <= limits.NAME_LENGTH:
        return value or UNSURE
    return UNSURE


def _take_link(value: object) -> object:
    return UNSURE if type(value) is not str or conditions.link_trouble(value) or not value.isprintable() else value


def _take_date(value: object) -> object:
    if type(value) is str:
        return amounts.date_of_text(value) or UNSURE
    if type(value) is date and amounts.FIRST_YEAR <= value.year <= amounts.LAST_YEAR:
        return value
    return UNSURE


def take_amount(value: object) -> object:
    """Take an amount from its digits, from a whole number or from a decimal; UNSURE for all else."""
    kind = type(value)
    if kind is Number or kind is str:
        return Decimal(value) if amounts.is_amount(value) else UNSURE  # type: ignore[arg-type,call-overload]
    if isinstance(value, Decimal):
        amount = amounts.amount_of_decimal(Decimal(value))
    elif isinstance(value, int) and kind is not bool:
        amount = amounts.amount_of_int(int(value))
    else:
        amount = None
    return UNSURE if amount is None else amount


def _take_percent(value: object) -> object:
    amount = take_amount(value)
    return amount if isinstance(amount, Decimal) and 0 <= amount <= 100 else UNSURE  # noqa: PLR2004


def _take_days(value: object) -> object:
    if type(value) in {str, Number}:
        days = amounts.days_of_text(value)  # type: ignore[arg-type]
        return UNSURE if days is None else days
    if type(value) is int and 0 <= value < 100_000:  # noqa: PLR2004
        return value
    return UNSURE


def _take_currency(value: object) -> object:
    return value if type(value) is str and value in codes.CURRENCIES else UNSURE


def _take_boolean(value: object) -> object:
    return value if value is True or value is False else UNSURE


_TAKERS: Final[dict[str, Take]] = {
    "text": _take_text,
    "name": _take_name,
    "link": _take_link,
    "date": _take_date,
    "currency": _take_currency,
    "boolean": _take_boolean,
    "amount": take_amount,
    "percent": _take_percent,
    "days": _take_days,
    "rows": lambda _: UNSURE,
}

_are_amounts = re.compile(rf"(?:{amounts.AMOUNT_PATTERN}\n)+").fullmatch


def _take_texts(given: list[str]) -> list[str] | None:
    if sum(map(len, given)) >= limits.TEXT_BYTES // 4 or not all(map(str.strip, given)):
        return None
    text = "".join(given)
    return given if text.isprintable() or text.replace("\n", "").isprintable() else None


def _take_names(given: list[str]) -> list[str] | None:
    is_good = max(map(len, given)) <= limits.NAME_LENGTH and all(given) and list(map(str.strip, given)) == given
    return given if is_good and "".join(given).isprintable() else None


def _take_amounts(given: list[str]) -> list[Decimal] | None:
    lines = "\n".join([*given, ""])
    return list(map(Decimal, given)) if _are_amounts(lines) and lines.count("\n") == len(given) else None


def _take_percents(given: list[str]) -> list[Decimal] | None:
    taken = _take_amounts(given)
    return taken if taken and min(taken) >= 0 and max(taken) <= 100 else None  # noqa: PLR2004


_DIGITS: Final = frozenset({str, Number})
_TOGETHER: Final[dict[Take, tuple[frozenset[type], TakeAll]]] = {
    _take_text: (frozenset({str}), _take_texts),
    _take_name: (frozenset({str}), _take_names),
    take_amount: (_DIGITS, _take_amounts),
    _take_percent: (_DIGITS, _take_percents),
}
