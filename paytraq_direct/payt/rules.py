"""What must hold of an invoice for Payt, as data: rules of its own, and the core's where they are the same."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, conditions, meant, rules, wording
from paytraq_direct.amounts import Number
from paytraq_direct.errors import Fix
from paytraq_direct.fields import OURS
from paytraq_direct.payt.fields import FILES, OPENAPI
from paytraq_direct.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.conditions import Words
    from paytraq_direct.errors import Fault
    from paytraq_direct.fields import Field

MOST_WHOLE: Final = 2**31 - 1
BASICS: Final = "Payt, basics of the API"

is_money = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}").fullmatch
is_decimal = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?").fullmatch
is_whole = re.compile(r"[0-9]{1,10}").fullmatch
_is_moment = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z").fullmatch
_controls = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]").search
# What Payt keeps as it was first sent. Source: support.paytsoftware.com, Which invoice details can I edit, 2026.
_KEPT: Final = ("amount_total", "currency_code", "invoice_date", "due_date", "debtor_number", "debtor_identifier")
_CHECKSUM_BYTES: Final = 64
_CHECKSUM_LENGTH: Final = 88

_EXPECTED: Final = {
    "money": "an amount in quotes, with two decimals", "decimal": "a number in quotes", "whole": "a whole number",
    "moment": "a time in quotes, in UTC", "checksum": "a text", "texts": "a list of texts", "object": "an object",
    "code": "a text",
}  # fmt: skip
_ACCEPTED: Final[Mapping[str, tuple[type, ...]]] = {
    "money": (str, int, Decimal), "decimal": (str, int, Decimal), "whole": (int, str), "moment": (str, datetime),
    "checksum": (str,), "texts": (list, tuple), "object": (Mapping,), "code": (str,),
}  # fmt: skip


def moment_of(value: object) -> str | None:
    """Give a moment as it is sent; None when it is none, or of a year that no invoice has."""
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = amounts.moment_text(value)
        if not isinstance(value, str) or not _is_moment(value):
            return None
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None
    return value if amounts.FIRST_YEAR <= moment.year <= amounts.LAST_YEAR else None


def money_of(value: object) -> Decimal | None:
    """Give an amount with exactly two decimals; None for one that has more, or is none."""
    if isinstance(value, Decimal):
        exact = amounts.amount_of_decimal(value)
        value = None if exact is None else amounts.amount_text(exact)
        if value is not None and "." in value:
            value = value.rstrip("0")
        elif value is not None:
            value += "."
        value = value and value + "0" * max(0, 2 - len(value.partition(".")[2]))
    elif isinstance(value, int):
        value = f"{value}.00" if -(10**15) < value < 10**15 else None
    return Decimal(value) if isinstance(value, str) and is_money(value) else None


def _wrong_type(value: object, field: Field) -> Words | None:
    if field.kind not in _ACCEPTED:
        return conditions.wrong_type(value, field)
    is_quoted = field.kind in {"money", "decimal", "moment", "checksum", "code"}
    taken = isinstance(value, _ACCEPTED[field.kind]) and not isinstance(value, bool)
    if taken and not (is_quoted and isinstance(value, Number)):
        return None
    words: dict[str, object] = {"expected": _EXPECTED[field.kind]}
    if isinstance(value, Number) and field.kind in {"money", "decimal"}:
        words |= _amount_meant(value, field)
    return words


def _amount_meant(value: str, field: Field) -> Words:
    """Offer the amount that a text or number most likely is, in quotes and with its decimals."""
    readings = meant.decimals(str(value))
    if field.kind == "money":
        moneys = [money_of(Decimal(reading)) for reading in readings]
        readings = [amounts.amount_text(money) for money in moneys if money is not None]
    if len(readings) != 1:
        return {"suggestion": f"write {' or '.join(map(wording.shown, readings))}"} if readings else {}
    return {"suggestion": f'write "{readings[0]}"', "fix": Fix("replace", value=readings[0])}


def _not_money(value: object, field: Field) -> Words | None:
    if money_of(value) is not None:
        return None
    return _amount_meant(value, field) if isinstance(value, str) else {}


def _not_decimal(value: object, field: Field) -> Words | None:
    amount: object = value
    if isinstance(value, Decimal):
        amount = amounts.amount_of_decimal(value)
    elif isinstance(value, int):
        amount = amounts.amount_of_int(value)
    if amount is not None and is_decimal(str(amount) if isinstance(amount, str) else amounts.amount_text(amount)):  # type: ignore[arg-type]
        return None
    return _amount_meant(value, field) if isinstance(value, str) else {}


def _not_whole(value: object, _: Field) -> Words | None:
    text = str(value) if isinstance(value, str) or abs(int(value)) < 10**12 else ""  # type: ignore[call-overload]
    return None if is_whole(text) and int(text) <= MOST_WHOLE else {}


def _not_a_moment(value: object, _: Field) -> Words | None:
    if moment_of(value) is not None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        text = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment.tzinfo else ""
    except (ValueError, OverflowError):
        text = ""
    if not moment_of(text):
        return {}
    return {"suggestion": f'write "{text}"', "fix": Fix("replace", value=text)}


def _not_a_checksum(value: str, _: Field) -> Words | None:
    try:
        is_one = len(value) == _CHECKSUM_LENGTH and len(base64.b64decode(value, validate=True)) == _CHECKSUM_BYTES
    except (binascii.Error, ValueError):
        is_one = False
    return None if is_one else {"length": len(value)}


def _not_texts(value: list[object], _: Field) -> Words | None:
    for index, one in enumerate(value):
        if not isinstance(one, str) or isinstance(one, Number) or not one.strip() or _controls(one):
            return {"index": index, "one": wording.shown(one)}
    return None


def _control(value: str, _: Field) -> Words | None:
    found = None if value.isprintable() else _controls(value)
    return {"character": f"U+{ord(found[0]):04X}", "place": found.start() + 1} if found else None


def _due_before(values: Words, _: Field) -> Words | None:
    issued, due = values.get("invoice_date"), values.get("due_date")
    is_before = isinstance(issued, date) and isinstance(due, date) and due < issued
    return {"due": due, "issued": issued} if is_before else None


def _open_above(values: Words, _: Field) -> Words | None:
    total, left = values.get("amount_total"), values.get("amount_open")
    if not isinstance(total, Decimal) or not isinstance(left, Decimal):
        return None
    return {"total": total, "left": left} if abs(left) > abs(total) or left * total < 0 else None


def _without(*names: str) -> Any:
    def is_without(values: Words, _: Field) -> Words | None:
        return None if any(name in values for name in names) else {}

    return is_without


def _no_document(values: Words, _: Field) -> Words | None:
    document: Any = values.get("document")
    return None if "sent_at" in values or (document is not None and not document.destroy) else {}


def _half_ordered(values: Words, _: Field) -> Words | None:
    lines: Any = values.get("invoice_lines", ())
    orders = [line.line_order for line in lines if line.line_order is not None]
    if orders and len(orders) < len(lines):
        return {"why": f"{len(orders)} of {len(lines)} lines have a line_order"}
    twice = [order for order, count in Counter(orders).items() if count > 1]
    return {"why": f"line_order {twice[0]} stands more than once"} if twice else None


# fmt: off
WRONG_TYPE: Final = replace(rules.WRONG_TYPE, broken=_wrong_type)
UNKNOWN_CODE: Final = Rule("PD-206", "A code is one that Payt documents.", "documented",
    "{name} is not a documented value: {value}", OPENAPI, "write one of {choices}", conditions.unknown_code)
CONTROL: Final = Rule("PD-200", "A text for Payt holds no control characters.", "safety",
    "{name} holds {character} at character {place}, which is no letter and no blank", "safety",
    "take the character out", _control)
NOT_MONEY: Final = Rule("PD-201", "An amount for Payt is a text with exactly two decimals.", "documented",
    "{name} is not an amount with two decimals: {value}", BASICS, 'write it like "1234.50"', _not_money)
NOT_DECIMAL: Final = Rule("PD-202", "A quantity or percentage for Payt is a text with a decimal number.", "ours",
    "{name} is not a decimal number: {value}", OURS, 'write it like "2" or "2.5"', _not_decimal)
NOT_WHOLE: Final = Rule("PD-203", "A whole number for Payt lies from 0 to 2147483647.", "documented",
    "{name} is not a whole number from 0 to 2147483647: {value}", OPENAPI, "write digits only", _not_whole)
NOT_A_MOMENT: Final = Rule("PD-204", "A time for Payt is ISO 8601 in UTC.", "documented",
    "{name} is not a time in UTC: {value}", BASICS, 'write it like "2026-11-21T05:31:56Z"', _not_a_moment)
NOT_A_CHECKSUM: Final = Rule("PD-205", "The checksum of a document is its SHA3-512 in base64.", "documented",
    "{name} is not a SHA3-512 in base64, which has 88 characters; it has {length}", FILES,
    "payt.checksum(data) gives it", _not_a_checksum)
NOT_TEXTS: Final = Rule("PD-207", "A list of labels holds texts that are not blank.", "ours",
    "{name}[{index}] is no text that can be a label: {one}", OURS, "give each label a text", _not_texts)
DUE_BEFORE: Final = Rule("PD-208", "due_date is not before invoice_date.", "documented",
    "due_date {due} is before invoice_date {issued}", "Payt, How do I solve validation or import errors",
    "check both dates", _due_before, needs=("invoice_date",))
NO_DEBTOR: Final = Rule("PD-209", "An invoice for Payt names its debtor.", "inferred",
    "there is neither debtor_number nor debtor_identifier, so Payt cannot tell whose it is", "inferred",
    "add debtor_number", _without("debtor_number", "debtor_identifier"), needs=("debtor_number", "debtor_identifier"))
NO_DOCUMENT: Final = Rule("PD-210", "An invoice that Payt is to mail has its document.", "observed",
    "there is no document, and Payt cannot mail an invoice without one", "Payt, Add invoice document or attachment",
    "upload the PDF and name it as document, or give sent_at when you mailed it yourself", _no_document,
    needs=("document", "sent_at"))
NO_LINE_TOTAL: Final = Rule("PD-211", "A line for Payt has a total, without or with tax.", "documented",
    "{name} has neither total_excl_tax_amount nor total_incl_tax_amount", OPENAPI, "add one of the two",
    _without("total_excl_tax_amount", "total_incl_tax_amount"),
    needs=("total_excl_tax_amount", "total_incl_tax_amount"))
LINE_ORDER: Final = Rule("PD-212", "Every line has a line_order of its own, or none has one.", "documented",
    "{why}; every line has one of its own, or none has one", OPENAPI, "number all lines, or none", _half_ordered)
OPEN_ABOVE_TOTAL: Final = Rule("PD-213", "What is open lies between nothing and the total.", "inferred",
    "amount_open {left} is not between 0 and amount_total {total}", "inferred", "check both amounts", _open_above,
    needs=("amount_total",))
REPEATED_NUMBER: Final = Rule("PD-214", "A number stands once in what is sent together.", "documented",
    "invoice_number {value} stands in {origin} already", OPENAPI, "keep one of the two")
CANNOT_CHANGE: Final = Rule("PD-215", "Number, total, dates, currency and debtor stay as first sent.", "observed",
    "{name} was first sent as {before} and is {after} now, which Payt does not take over",
    "Payt, Which invoice details can I edit", "send a credit note and a new invoice")
NOT_FOR_PAYT: Final = Rule("PD-216", "What Payt chases is an invoice or a credit note.", "safety",
    "a document of type {value} is nothing that a debtor is asked to pay", "safety", "send invoices and credit notes")
# fmt: on

_TEXT: Final = (WRONG_TYPE, rules.EMPTY_TEXT, CONTROL, rules.TEXT_TOO_LONG)
_VALUE_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "text": (*_TEXT, rules.BIDI_CONTROL),
    "name": (*_TEXT, rules.BLANKS_AROUND, rules.BIDI_CONTROL, rules.LONG_NAME),
    "date": rules.VALUE_RULES["date"],
    "currency": rules.VALUE_RULES["currency"],
    "boolean": rules.VALUE_RULES["boolean"],
    "rows": rules.VALUE_RULES["rows"],
    "code": (WRONG_TYPE, UNKNOWN_CODE),
    "money": (rules.BINARY_FLOAT, WRONG_TYPE, NOT_MONEY),
    "decimal": (rules.BINARY_FLOAT, WRONG_TYPE, NOT_DECIMAL),
    "whole": (WRONG_TYPE, NOT_WHOLE),
    "moment": (WRONG_TYPE, NOT_A_MOMENT),
    "checksum": (WRONG_TYPE, NOT_A_CHECKSUM),
    "texts": (WRONG_TYPE, NOT_TEXTS),
    "object": (WRONG_TYPE,),
}
INVOICE_RULES: Final = {
    "due_date": (DUE_BEFORE,),
    "amount_open": (OPEN_ABOVE_TOTAL,),
    "invoice_lines": (LINE_ORDER,),
    "": (NO_DEBTOR, NO_DOCUMENT),
}
LINE_RULES: Final = {"": (NO_LINE_TOTAL,)}


def of_value(field: Field) -> tuple[Rule, ...]:
    """List the rules for one field's value, in the order in which they are tried."""
    return _VALUE_RULES[field.kind]


def every() -> Iterator[Rule]:
    """Give the rules that only Payt's records have, by code."""
    found = {rule.code: rule for rule in globals().values() if isinstance(rule, Rule)}
    del found[WRONG_TYPE.code]
    return iter(sorted(found.values(), key=lambda rule: rule.code))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Give the warnings about what is not as it was first sent, two records as JSON has them, where Payt keeps it."""
    changed = [name for name in _KEPT if name in before and name in after and before[name] != after[name]]
    return tuple(CANNOT_CHANGE.fault(name, before=before[name], after=after[name]) for name in changed)
