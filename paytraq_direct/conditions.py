"""What the rules look for: each gives None when all is well, else the words that the rule's message needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from paytraq_direct import amounts, codes, limits, meant, wording
from paytraq_direct.amounts import Number
from paytraq_direct.errors import Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paytraq_direct.fields import Field

Words = Mapping[str, object]

_BROKEN: Final[Words] = {}


# XML 1.0, section 2.2: control characters but for tab and line ends, surrogates, U+FFFE and U+FFFF.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


# The very characters that LinkType of xsd/sale.xsd allows: no engine's own idea of a blank or a word comes in.
_BEYOND_ASCII: Final = (
    "\xa1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff"
)
LINK_PATTERN: Final = (
    r"[hH][tT][tT][pP][sS]?://(\[[0-9A-Fa-f:.]{2,45}\]|[!$-.0-9;=A-Z\^_`a-z{|}~" + _BEYOND_ASCII + "]+)"
    r"(:[0-9]{1,5})?([/?#][!#-;=?-Z\[\]\^_`a-z{|}~" + _BEYOND_ASCII + "]*)?"
)


_is_number = partial(re.fullmatch, r"-?[0-9]+(\.[0-9]+)?")
_CURRENCY_BESIDE: Final = r"^\s*([A-Z]{3}|[€£$])\s*(?=[-+0-9])|(?<=[0-9])\s*([A-Z]{3}|[€£$])\s*$"
_has_exponent = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+").fullmatch


_EXPECTED: Final = {
    "text": "a text", "name": "a text", "link": "a text", "currency": "a text", "code": "a code or its name",
    "date": "a date, YYYY-MM-DD", "boolean": "true or false", "amount": "a decimal number",
    "percent": "a percentage", "days": "a whole number of days", "rows": "a list of objects",
}  # fmt: skip


_ACCEPTED: Final[Mapping[str, tuple[type, ...]]] = {
    "text": (str,), "name": (str,), "link": (str,), "currency": (str,), "code": (str, int), "boolean": (bool,),
    "date": (str, date), "amount": (str, int, Decimal), "percent": (str, int, Decimal), "days": (str, int),
    "rows": (list, tuple),
}  # fmt: skip


_QUOTED: Final = frozenset({"text", "name", "link", "currency", "date"})


def _offered(found: Sequence[object], instead_of: object = "", *, is_sure: bool = True) -> Words:
    """Give the words that offer what was meant instead of a value: a fix when there is no doubt, else a choice."""
    if not found:
        return _BROKEN
    if isinstance(instead_of, Number | int):
        found = [Decimal(str(one)) for one in found]
    choice = " or ".join(wording.shown(one) for one in found).replace("{", "{{").replace("}", "}}")
    fix = {"fix": Fix("replace", value=found[0])} if is_sure and len(found) == 1 else {}  # type: ignore[arg-type] # a str or Decimal
    return {"suggestion": f"write {choice}", **fix}


def wrong_type(value: object, field: Field) -> Words | None:
    taken = isinstance(value, _ACCEPTED[field.kind])
    if isinstance(value, bool):
        taken = field.kind == "boolean"
    if field.kind in _QUOTED:
        taken = taken and not isinstance(value, Number | datetime)
    if taken:
        return None
    words: dict[str, object] = {"expected": _EXPECTED[field.kind]}
    if isinstance(value, Number) and field.kind == "date":
        words |= _offered(meant.dates(str(value)))
    elif isinstance(value, Number) and field.kind in _QUOTED - {"currency"}:
        words |= {"suggestion": 'write it in quotes: "{value}"', "fix": Fix("replace", value=str(value))}
    elif field.kind == "boolean" and isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        plain = value.strip().lower()
        words |= {"suggestion": f"write {plain}, without quotes", "fix": Fix("replace", value=plain == "true")}
    return words


def empty(value: str, field: Field) -> Words | None:
    if value.strip():
        return None
    return _BROKEN if field.required else {"suggestion": "leave {name} out, or give it a text", "fix": Fix("replace")}


def forbidden(value: str, _: Field) -> Words | None:
    if value.isprintable() or not (found := _FORBIDDEN.search(value)):
        return None
    at = found.start()
    return {
        "character": f"U+{ord(found[0]):04X}",
        "place": at + 1,
        "near": wording.raw(value[max(0, at - 10) : at] + "⟨?⟩" + value[at + 1 : at + 11]),
    }


def too_long(value: str, _: Field) -> Words | None:
    if len(value) * 4 <= limits.TEXT_BYTES or (size := len(value.encode())) <= limits.TEXT_BYTES:
        return None
    return {"size": f"{size:,}"}


def bidi(value: str, _: Field) -> Words | None:
    if value.isprintable() or not (found := _BIDI.search(value)):
        return None
    return {"character": f"U+{ord(found[0]):04X}", "place": found.start() + 1}


def blanks_around(value: str, _: Field) -> Words | None:
    plain = value.strip()
    return _offered([plain]) if value != plain else None


def long_name(value: str, _: Field) -> Words | None:
    return {"length": len(value)} if len(value) > limits.NAME_LENGTH else None


def date_form(value: object, _: Field) -> Words | None:
    form = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
    return _offered(meant.dates(value)) if isinstance(value, str) and not form(value) else None


def year(value: object, _: Field) -> Words | None:
    year = value.year if isinstance(value, date) else int(str(value)[:4])
    return None if amounts.FIRST_YEAR <= year <= amounts.LAST_YEAR else {"year": year}


def no_such_day(value: object, _: Field) -> Words | None:
    if not isinstance(value, str) or amounts.date_of_text(value) is not None:
        return None
    return _offered(meant.neighbours(value), is_sure=False)


@cache
def _link_form(*, is_ascii: bool) -> re.Pattern[str]:
    """Compile the pattern of links when there is a first one: 4 ms, or 0.1 ms without the characters beyond ASCII."""
    return re.compile(LINK_PATTERN.replace(_BEYOND_ASCII, "") if is_ascii else LINK_PATTERN)


def link_trouble(value: str) -> str | None:
    """Say what keeps a text from being a link that a client can open; None when nothing does."""
    if len(value) > limits.LINK_LENGTH:
        return f"longer than {limits.LINK_LENGTH:,} characters"
    if _link_form(is_ascii=value.isascii()).fullmatch(value):
        return None
    if re.match(r"[a-zA-Z]+://[^/?#]*@", value):
        return "a link with a user name or password in it"
    return "not an http:// or https:// address"


def not_a_link(value: str, _: Field) -> Words | None:
    why = link_trouble(value)
    if why is None:
        return None
    plain = value.strip()
    if not link_trouble(plain):
        return {"why": why, **_offered([plain])}
    is_bare = "." in plain.partition("/")[0] and not link_trouble(f"https://{plain}")
    return {"why": why, **(_offered([f"https://{plain}"], is_sure=False) if is_bare else _BROKEN)}


def unknown_code(value: object, field: Field) -> Words | None:
    assert field.codes is not None  # noqa: S101 - the table gives every field of kind "code" its codes
    if value in field.codes.by_input:
        return None
    return {"choices": field.codes.choices, **_offered(meant.coded(str(value), field.codes) if _short(value) else [])}


def unknown_currency(value: str, _: Field) -> Words | None:
    if value in codes.CURRENCIES or value in codes.WITHDRAWN_CURRENCIES:
        return None
    return _offered(meant.currencies(value))


def withdrawn(value: str, _: Field) -> Words | None:
    successor = codes.WITHDRAWN_CURRENCIES.get(value)
    return {"successor": successor} if successor else None


def binary_float(value: object, _: Field) -> Words | None:
    return _BROKEN if isinstance(value, float) else None


def exponent(value: object, _: Field) -> Words | None:
    if not isinstance(value, str) or len(value) >= wording.LENGTH or not _has_exponent(value):
        return None
    return _offered(meant.decimals(value), value)


def not_an_amount(value: object, _: Field) -> Words | None:
    match value:
        case str():
            amount = amounts.amount_of_text(value)
        case int():
            amount = amounts.amount_of_int(value)
        case Decimal():
            amount = amounts.amount_of_decimal(value)
        case _:
            amount = None
    if amount is not None:
        return None
    if not isinstance(value, str) or len(value) > wording.LENGTH:
        return _BROKEN
    if _is_number(value):
        return {"suggestion": "at most 18 digits before the point and 10 after it are taken"}
    plain = re.sub(_CURRENCY_BESIDE, "", value)
    return _offered(meant.decimals(plain), value, is_sure=plain == value)


def not_a_percentage(value: object, _: Field) -> Words | None:
    assert isinstance(value, str | int | Decimal)  # noqa: S101 - PD-040 to PD-042 came before
    return None if 0 <= Decimal(value) <= 100 else _BROKEN  # noqa: PLR2004


def not_days(value: object, _: Field) -> Words | None:
    if amounts.days_of_text(str(value) if _short(value) else "") is not None:
        return None
    return _offered(meant.days(value), value) if isinstance(value, str) else _BROKEN


def _short(value: object) -> bool:
    return not isinstance(value, int) or -(10**18) < value < 10**18


def no_lines(value: object, field: Field) -> Words | None:
    return _BROKEN if field.required and not value else None


def too_many_lines(value: list[object], _: Field) -> Words | None:
    return {"count": f"{len(value):,}"} if len(value) > limits.LINES else None


def _type_name(values: Words) -> str:
    code = codes.PAY_TERM_TYPE.by_value.get(values.get("pay_term_type"))
    return f"it is {code}" if code else "no pay_term_type is given"


def _added(key: str, value: str) -> Words:
    return {"suggestion": f'add "{key}": "{value}"', "fix": Fix("add", key=key, value=value)}


def date_due_against_type(values: Words, _: Field) -> Words | None:
    if "date_due" not in values or values.get("pay_term_type") == 0:
        return None
    if "pay_term_type" not in values:
        return {"given": _type_name(values), **_added("pay_term_type", "other_date")}
    ways = 'write "pay_term_type": "other_date" (due on that date), or leave date_due out'
    return {"given": _type_name(values), "suggestion": ways}


def days_against_type(values: Words, _: Field) -> Words | None:
    if "pay_term_days" not in values or values.get("pay_term_type") in {1, 2}:
        return None
    if "pay_term_type" not in values:
        return {"given": _type_name(values), **_added("pay_term_type", "due_days")}
    ways = 'write "pay_term_type": "due_days" (due that many days later), or leave pay_term_days out'
    return {"given": _type_name(values), "suggestion": ways}


def other_date_without_date(values: Words, _: Field) -> Words | None:
    return _BROKEN if values.get("pay_term_type") == 0 and "date_due" not in values else None


def due_days_without_days(values: Words, _: Field) -> Words | None:
    return _BROKEN if values.get("pay_term_type") == 1 and "pay_term_days" not in values else None


def due_before_date(values: Words, _: Field) -> Words | None:
    issued, due = values.get("document_date"), values.get("date_due")
    return (
        {"due": due, "issued": issued} if isinstance(issued, date) and isinstance(due, date) and due < issued else None
    )


def pct_out_of_range(values: Words, _: Field) -> Words | None:
    amount = values.get("amount")
    if values.get("pct_or_amount") != "pct" or not isinstance(amount, Decimal) or 0 <= amount <= 100:  # noqa: PLR2004
        return None
    return {"amount": amounts.amount_text(amount)}


def direction_unknown(values: Words, _: Field) -> Words | None:
    missing = [name for name in ("amount", "type_id", "pct_or_amount") if name not in values]
    return {"missing": " and ".join(missing)} if missing else None


def negative(values: Words, _: Field) -> Words | None:
    amount = values.get("amount")
    return {"amount": amounts.amount_text(amount)} if isinstance(amount, Decimal) and amount < 0 else None
