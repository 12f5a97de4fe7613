"""How the values of Payt's fields are taken into a record, and how they are written again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, values
from paytraq_direct.amounts import Number
from paytraq_direct.payt import rules
from paytraq_direct.taking import Kinds
from paytraq_direct.values import UNSURE

if TYPE_CHECKING:
    from paytraq_direct.fields import Field
    from paytraq_direct.values import Take


def taker(field: Field) -> Take:
    """Give the quick look for a field: only what is beyond doubt passes, all else goes rule by rule."""
    if field.codes:
        by_input = field.codes.by_input
        return lambda value: by_input.get(value, UNSURE) if type(value) is str else UNSURE
    return _TAKERS.get(field.kind) or values.taker(field)


def settle(value: Any, field: Field) -> object:
    """Give a plain value that no rule refused in the form that the record holds."""
    match field.kind:
        case "money":
            return rules.money_of(value)
        case "decimal":
            return Decimal(value)
        case "whole":
            return int(value)
        case "moment":
            return rules.moment_of(value)
        case "texts":
            return tuple(value)
        case "checksum" | "code":
            return value
    return values.settle(value, field)


def written(value: object) -> Any:
    """Give a value of a record as JSON has it: amounts and days as texts, whole numbers as numbers."""
    match value:
        case Decimal():
            return amounts.amount_text(value)
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
    return value


def _take_money(value: object) -> object:
    return Decimal(value) if type(value) is str and rules.is_money(value) else UNSURE


def _take_decimal(value: object) -> object:
    return Decimal(value) if type(value) is str and rules.is_decimal(value) else UNSURE


def _take_whole(value: Any) -> object:
    is_one = type(value) in {str, Number} and rules.is_whole(value) and int(value) <= rules.MOST_WHOLE
    return int(value) if is_one else UNSURE


def _take_moment(value: object) -> object:
    return (type(value) is str and rules.moment_of(value)) or UNSURE


def _unsure(_: object) -> object:
    return UNSURE


_TAKERS: Final[dict[str, Take]] = {
    "money": _take_money,
    "decimal": _take_decimal,
    "whole": _take_whole,
    "moment": _take_moment,
    "checksum": _unsure,
    "texts": _unsure,
}
_SAMPLES: Final = {
    "text": '"…"', "name": '"…"', "date": '"2026-01-30"', "code": '"…"', "currency": '"EUR"', "boolean": "true",
    "money": '"121.00"', "decimal": '"2.5"', "whole": "14", "moment": '"2026-11-21T05:31:56Z"', "checksum": '"…"',
    "texts": '["…"]', "object": "{…}", "rows": "[…]",
}  # fmt: skip
KINDS: Final = Kinds(taker, rules.of_value, settle, _SAMPLES)
