"""The numbered rules, as data: code, severity, message, source, test, suggestion.

A rule's ``broken`` looks at a value (or at a whole record) and gives None when all is well, else the words that
its message and suggestion need. A code once published never changes its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from paytraq_direct import amounts, codes
from paytraq_direct.amounts import Number
from paytraq_direct.codes import PAGE
from paytraq_direct.errors import Fault, Severity
from paytraq_direct.fields import INVOICE, OURS, Field

INPUT_LIMIT: Final = 64 * 2**20
DOCUMENT_LIMIT: Final = 32 * 2**20
TEXT_LIMIT: Final = 9_000_000
LINES_LIMIT: Final = 100_000
NAME_LENGTH: Final = 255
LINK_LENGTH: Final = 8_000

Basis = Literal["documented", "safety", "ours", "inferred"]
Words = Mapping[str, object]
Broken = Callable[[Any, Field], Words | None]
PLAIN: Final[Words] = {}

_SHOWN_LENGTH: Final = 60
# XML 1.0, section 2.2: everything but these characters is forbidden, surrogates and U+FFFE among them.
FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
LINK_PATTERN: Final = (
    r"[hH][tT][tT][pP][sS]?://(\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#@\[\]\\:\"<>]+)(:[0-9]{1,5})?([/?#][^\s\\\"<>]*)?"
)
_is_link = re.compile(LINK_PATTERN).fullmatch
_has_exponent = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+").fullmatch


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold, what it rests on, and the words for when it does not."""

    code: str
    statement: str
    basis: Basis
    message: str
    source: str = ""
    suggestion: str = ""
    broken: Broken | None = None
    needs: tuple[str, ...] = ()

    def severity(self, *, foreign: bool) -> Severity:
        """Give the weight: in documents written by others, what only our contract asks for is a warning."""
        if self.basis == "inferred" or (foreign and self.basis == "ours"):
            return "warning"
        return "error"

    def fault(
        self,
        path: str,
        *,
        field: Field | None = None,
        value: object = None,
        foreign: bool = False,
        line: int | None = None,
        column: int | None = None,
        **words: object,
    ) -> Fault:
        """Make the fault that a broken rule is reported as."""
        words = {"name": path or "the input", "value": shown(value), "kind": described(value), **words}
        suggestion = words.get("suggestion", self.suggestion)
        return Fault(
            code=self.code,
            severity=self.severity(foreign=foreign),
            path=path,
            message=self.message.format_map(words),
            value=None if value is None else raw(value),
            suggestion=str(suggestion).format_map(words) if suggestion else None,
            source=self.source or (field.source if field and self.basis == "documented" else self.basis),
            line=line,
            column=column,
        )


def raw(value: object, longest: int = _SHOWN_LENGTH) -> str:
    """Give a value as text for a program: shortened, every character safe to print."""
    if not isinstance(value, str):
        value = described(value) if isinstance(value, Mapping | list | tuple) else _repr(value)
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in value)


def shown(value: object) -> str:
    """Give a value as a person reads it in a message: texts in quotes, numbers as their digits."""
    return f'"{raw(value)}"' if isinstance(value, str) and not isinstance(value, Number) else raw(value)


def described(value: object) -> str:
    """Name the kind of a value in the words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case Number() | int() | float() | Decimal():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
    return f"a Python {type(value).__name__}"


def _repr(value: object) -> str:
    """Give the repr of a value that may be huge or may refuse to be shown."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**_SHOWN_LENGTH:
            return "a whole number of more than 60 digits"
        case Decimal() | date():
            return str(value)
        case None | int() | float():
            return repr(value)
    return described(value)


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


def _wrong_type(value: object, field: Field) -> Words | None:
    taken = isinstance(value, _ACCEPTED[field.kind])
    if isinstance(value, bool):
        taken = field.kind == "boolean"
    if field.kind in _QUOTED:
        taken = taken and not isinstance(value, Number | datetime)
    if taken:
        return None
    words: dict[str, object] = {"expected": _EXPECTED[field.kind]}
    if isinstance(value, Number) and field.kind in _QUOTED:
        words["suggestion"] = 'write it in quotes: "{value}"'
    elif field.kind == "boolean" and isinstance(value, str) and value.lower() in {"true", "false"}:
        words["suggestion"] = f"write {value.lower()}, without quotes"
    return words


def _empty(value: str, field: Field) -> Words | None:
    if value.strip():
        return None
    return PLAIN if field.required else {"suggestion": "leave {name} out, or give it a text"}


def _forbidden(value: str, _: Field) -> Words | None:
    if value.isprintable() or not (found := FORBIDDEN.search(value)):
        return None
    at = found.start()
    return {
        "character": f"U+{ord(found[0]):04X}",
        "place": at + 1,
        "near": raw(value[max(0, at - 10) : at] + "⟨?⟩" + value[at + 1 : at + 11]),
    }


def _too_long(value: str, _: Field) -> Words | None:
    if len(value) * 4 <= TEXT_LIMIT or (size := len(value.encode())) <= TEXT_LIMIT:
        return None
    return {"size": f"{size:,}"}


def _bidi(value: str, _: Field) -> Words | None:
    if value.isprintable() or not (found := BIDI.search(value)):
        return None
    return {"character": f"U+{ord(found[0]):04X}", "place": found.start() + 1}


def _blanks_around(value: str, _: Field) -> Words | None:
    return PLAIN if value != value.strip() else None


def _long_name(value: str, _: Field) -> Words | None:
    return {"length": len(value)} if len(value) > NAME_LENGTH else None


def _date_form(value: object, _: Field) -> Words | None:
    form = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
    return PLAIN if isinstance(value, str) and not form(value) else None


def _year(value: object, _: Field) -> Words | None:
    year = value.year if isinstance(value, date) else int(str(value)[:4])
    return None if amounts.FIRST_YEAR <= year <= amounts.LAST_YEAR else {"year": year}


def _no_such_day(value: object, _: Field) -> Words | None:
    return PLAIN if isinstance(value, str) and amounts.date_of_text(value) is None else None


def link_trouble(value: str) -> str | None:
    """Say what keeps a text from being a link that a client can open; None when nothing does."""
    if len(value) > LINK_LENGTH:
        return f"longer than {LINK_LENGTH:,} characters"
    if _is_link(value):
        return None
    if re.match(r"[a-zA-Z]+://[^/?#]*@", value):
        return "a link with a user name or password in it"
    return "not an http:// or https:// address"


def _not_a_link(value: str, _: Field) -> Words | None:
    why = link_trouble(value)
    return {"why": why} if why else None


def _unknown_code(value: object, field: Field) -> Words | None:
    assert field.codes is not None  # noqa: S101 - the table gives every field of kind "code" its codes
    return None if value in field.codes.by_input else {"choices": field.codes.choices}


def _unknown_currency(value: str, _: Field) -> Words | None:
    if value in codes.CURRENCIES or value in codes.WITHDRAWN_CURRENCIES:
        return None
    upper = value.strip().upper()
    return {"suggestion": f'write "{upper}"'} if upper in codes.CURRENCIES else PLAIN


def _withdrawn(value: str, _: Field) -> Words | None:
    successor = codes.WITHDRAWN_CURRENCIES.get(value)
    return {"successor": successor} if successor else None


def _float(value: object, _: Field) -> Words | None:
    return PLAIN if isinstance(value, float) else None


def _exponent(value: object, _: Field) -> Words | None:
    return PLAIN if isinstance(value, str) and len(value) < _SHOWN_LENGTH and _has_exponent(value) else None


def _not_an_amount(value: object, _: Field) -> Words | None:
    match value:
        case str():
            amount = amounts.amount_of_text(value)
        case int():
            amount = amounts.amount_of_int(value)
        case Decimal():
            amount = amounts.amount_of_decimal(value)
        case _:
            amount = None
    return PLAIN if amount is None else None


def _not_a_percentage(value: object, _: Field) -> Words | None:
    assert isinstance(value, str | int | Decimal)  # noqa: S101 - PD-040 to PD-042 came before
    return None if 0 <= Decimal(value) <= 100 else PLAIN  # noqa: PLR2004


def _not_days(value: object, _: Field) -> Words | None:
    return PLAIN if amounts.days_of_text(str(value) if _short(value) else "") is None else None


def _short(value: object) -> bool:
    return not isinstance(value, int) or -(10**18) < value < 10**18


def _no_lines(value: object, field: Field) -> Words | None:
    return PLAIN if field.required and not value else None


def _too_many_lines(value: list[object], _: Field) -> Words | None:
    return {"count": f"{len(value):,}"} if len(value) > LINES_LIMIT else None


# --- the input as a whole -------------------------------------------------------------------------------------

NOT_UTF8: Final = Rule(
    "PD-001", "The input is UTF-8.", "ours", "the input is not UTF-8: byte {byte} at offset {offset:,}", OURS,
    "save the file as UTF-8",
)  # fmt: skip
NOT_JSON: Final = Rule("PD-002", "A .json input is well-formed JSON.", "ours", "not JSON: {why}", "RFC 8259")
TOO_LARGE: Final = Rule(
    "PD-003", f"An input has at most {INPUT_LIMIT:,} bytes.", "ours",
    f"the input is larger than {INPUT_LIMIT:,} bytes", OURS,
    "one invoice is far smaller; send many as .jsonl, one on each line",
)  # fmt: skip
TOO_DEEP: Final = Rule(
    "PD-004", "An input is not nested deeper than a record can be.", "ours", "the input is nested too deeply", OURS,
    "an invoice is an object with a list of line items, no deeper",
)  # fmt: skip
NOT_AN_INVOICE: Final = Rule(
    "PD-005", "An invoice is an object with fields.", "ours", "{name} must be an object with fields; it is {kind}",
    OURS, "paytraq-check --schema prints the form of an invoice",
)  # fmt: skip
DUPLICATE_KEY: Final = Rule(
    "PD-006", "A key stands once in an object.", "ours", "{name} is given twice", OURS, "keep one of the two",
)  # fmt: skip
UNKNOWN_KEY: Final = Rule(
    "PD-007", "Every key is a field of the record, or begins with x_.", "ours",
    "{name} is not a field of {record}", OURS, "take it out, or begin its name with x_ to have it ignored",
)  # fmt: skip
UNKNOWN_KEY_IGNORED: Final = Rule(
    "PD-013", "With --ignore-unknown, an unknown key is left out and said.", "inferred",
    "{name} is not a field of {record} and is left out", OURS,
)  # fmt: skip
MISSING: Final = Rule(
    "PD-008", "A required field is there.", "ours", "{name} is missing: {meaning}", OURS,
    "every {record} has {required}",
)  # fmt: skip
WRONG_TYPE: Final = Rule(
    "PD-009", "A value has the type of its field.", "ours", "{name} must be {expected}; it is {kind}: {value}", OURS,
    broken=_wrong_type,
)  # fmt: skip
NO_LINES: Final = Rule(
    "PD-010", "An invoice has at least one line item.", "ours", "{name} is empty; an invoice has at least one line",
    OURS, broken=_no_lines,
)  # fmt: skip
TOO_MANY_LINES: Final = Rule(
    "PD-011", f"An invoice has at most {LINES_LIMIT:,} lines.", "ours",
    f"{{name}} has {{count}} entries; at most {LINES_LIMIT:,} are taken", OURS,
    "split it into several invoices", broken=_too_many_lines,
)  # fmt: skip
DOCUMENT_TOO_LARGE: Final = Rule(
    "PD-012", f"A document has at most {DOCUMENT_LIMIT:,} bytes.", "ours",
    f"the document would have {{size}} bytes; at most {DOCUMENT_LIMIT:,} are sent", OURS,
    "shorten its texts, or split it into several invoices",
)  # fmt: skip
UNREADABLE: Final = Rule(
    "PD-015", "An input can be read to its end.", "ours", "the input cannot be read: {why}", OURS,
)  # fmt: skip
NOTHING_IN_IT: Final = Rule(
    "PD-014", "An input holds at least one invoice.", "ours", "there is no invoice in it", OURS,
)  # fmt: skip

# --- texts ----------------------------------------------------------------------------------------------------

FORBIDDEN_CHARACTER: Final = Rule(
    "PD-020", "A text holds only characters that XML allows.", "safety",
    "{name} holds {character} at character {place}, which XML forbids: {near}", "XML 1.0, section 2.2",
    "take the character out", _forbidden,
)  # fmt: skip
EMPTY_TEXT: Final = Rule(
    "PD-021", "A text that is given is not blank.", "ours", "{name} is blank", OURS, "give it a text", _empty,
)  # fmt: skip
TEXT_TOO_LONG: Final = Rule(
    "PD-022", f"A text has at most {TEXT_LIMIT:,} bytes of UTF-8.", "ours",
    f"{{name}} has {{size}} bytes; at most {TEXT_LIMIT:,} are taken", OURS, "shorten it", _too_long,
)  # fmt: skip
BLANKS_AROUND: Final = Rule(
    "PD-023", "A name or number has no blanks around it.", "inferred", "{name} has blanks around it: {value}",
    suggestion="take the blanks away", broken=_blanks_around,
)  # fmt: skip
BIDI_CONTROL: Final = Rule(
    "PD-024", "A text holds no characters that turn the direction of writing.", "inferred",
    "{name} holds {character} at character {place}, which can make a text look like another",
    suggestion="take the character out", broken=_bidi,
)  # fmt: skip
LONG_NAME: Final = Rule(
    "PD-025", f"A name or number has at most {NAME_LENGTH} characters.", "inferred",
    f"{{name}} has {{length}} characters; more than {NAME_LENGTH} may be cut", broken=_long_name,
)  # fmt: skip

# --- terms of payment -----------------------------------------------------------------------------------------


def _type_name(values: Words) -> str:
    code = codes.PAY_TERM_TYPE.by_value.get(values.get("pay_term_type"))
    return f"it is {code}" if code else "no pay_term_type is given"


def _date_due_against_type(values: Words, _: Field) -> Words | None:
    if "date_due" not in values or values.get("pay_term_type") == 0:
        return None
    if "pay_term_type" not in values:
        return {"given": _type_name(values), "suggestion": 'add "pay_term_type": "other_date"'}
    ways = 'write "pay_term_type": "other_date" (due on that date), or leave date_due out'
    return {"given": _type_name(values), "suggestion": ways}


def _days_against_type(values: Words, _: Field) -> Words | None:
    if "pay_term_days" not in values or values.get("pay_term_type") in {1, 2}:
        return None
    if "pay_term_type" not in values:
        return {"given": _type_name(values), "suggestion": 'add "pay_term_type": "due_days"'}
    ways = 'write "pay_term_type": "due_days" (due that many days later), or leave pay_term_days out'
    return {"given": _type_name(values), "suggestion": ways}


def _other_date_without_date(values: Words, _: Field) -> Words | None:
    return PLAIN if values.get("pay_term_type") == 0 and "date_due" not in values else None


def _due_days_without_days(values: Words, _: Field) -> Words | None:
    return PLAIN if values.get("pay_term_type") == 1 and "pay_term_days" not in values else None


def _due_before_date(values: Words, _: Field) -> Words | None:
    issued, due = values.get("document_date"), values.get("date_due")
    return (
        {"due": due, "issued": issued} if isinstance(issued, date) and isinstance(due, date) and due < issued else None
    )


DATE_DUE_TYPE: Final = Rule(
    "PD-031", "date_due is given only with pay_term_type 0 (other_date).", "documented",
    "date_due is allowed only with pay_term_type 0 (other_date); {given}", broken=_date_due_against_type,
    needs=("pay_term_type",),
)  # fmt: skip
DAYS_TYPE: Final = Rule(
    "PD-032", "pay_term_days is given only with pay_term_type 1 (due_days) or 2 (eom).", "documented",
    "pay_term_days is allowed only with pay_term_type 1 (due_days) or 2 (eom); {given}", broken=_days_against_type,
    needs=("pay_term_type",),
)  # fmt: skip
OTHER_DATE_WITHOUT_DATE: Final = Rule(
    "PD-033", "pay_term_type 0 (other_date) comes with date_due.", "inferred",
    "pay_term_type is 0 (other_date), but there is no date_due", suggestion="add date_due",
    broken=_other_date_without_date, needs=("date_due",),
)  # fmt: skip
DUE_DAYS_WITHOUT_DAYS: Final = Rule(
    "PD-034", "pay_term_type 1 (due_days) comes with pay_term_days.", "inferred",
    "pay_term_type is 1 (due_days), but there is no pay_term_days", suggestion="add pay_term_days",
    broken=_due_days_without_days, needs=("pay_term_days",),
)  # fmt: skip
DUE_BEFORE_DATE: Final = Rule(
    "PD-035", "date_due is not before document_date.", "inferred",
    "date_due {due} is before document_date {issued}", suggestion="check both dates", broken=_due_before_date,
    needs=("document_date",),
)  # fmt: skip

# --- amounts --------------------------------------------------------------------------------------------------

BINARY_FLOAT: Final = Rule(
    "PD-040", "An amount is never a binary float.", "ours",
    "{name} is a Python float, which does not hold decimals exactly: {value}", OURS,
    'write Decimal("{value}") or "{value}"', _float,
)  # fmt: skip
EXPONENT: Final = Rule(
    "PD-041", "An amount is written without an exponent.", "ours", "{name} is written with an exponent: {value}", OURS,
    "write it out in digits", _exponent,
)  # fmt: skip
NOT_AN_AMOUNT: Final = Rule(
    "PD-042", "An amount has up to 18 digits, then at most a point and up to 10 more.", "ours",
    "{name} is not a decimal number: {value}", OURS,
    "write digits with a decimal point and nothing else: 1234.50", _not_an_amount,
)  # fmt: skip
NOT_A_PERCENTAGE: Final = Rule(
    "PD-043", "A percentage lies from 0 to 100.", "ours", "{name} must be from 0 to 100 percent; it is {value}", OURS,
    "10 means 10 %", _not_a_percentage,
)  # fmt: skip
NOT_DAYS: Final = Rule(
    "PD-044", "A number of days is whole and has at most five digits.", "ours",
    "{name} is not a whole number of days: {value}", OURS, "write 0 or more, at most five digits", _not_days,
)  # fmt: skip


def _pct_out_of_range(values: Words, _: Field) -> Words | None:
    amount = values.get("amount")
    if values.get("pct_or_amount") != "pct" or not isinstance(amount, Decimal) or 0 <= amount <= 100:  # noqa: PLR2004
        return None
    return {"amount": amounts.amount_text(amount)}


def _direction_unknown(values: Words, _: Field) -> Words | None:
    missing = [name for name in ("amount", "type_id", "pct_or_amount") if name not in values]
    return {"missing": " and ".join(missing)} if missing else None


def _negative(values: Words, _: Field) -> Words | None:
    amount = values.get("amount")
    return {"amount": amounts.amount_text(amount)} if isinstance(amount, Decimal) and amount < 0 else None


PCT_OUT_OF_RANGE: Final = Rule(
    "PD-045", "The amount of an adjustment in percent lies from 0 to 100.", "ours",
    "{name} must be from 0 to 100 with pct_or_amount pct; it is {amount}", OURS,
    'write "pct_or_amount": "amount" for a sum', _pct_out_of_range,
    needs=("pct_or_amount",),
)  # fmt: skip
HALF_AN_ADJUSTMENT: Final = Rule(
    "PD-046", "An adjustment says how much, which way, and whether it is a percentage.", "inferred",
    "{name} has no {missing}, so its meaning is open", suggestion="add {missing}", broken=_direction_unknown,
    needs=("amount", "type_id", "pct_or_amount"),
)  # fmt: skip
NEGATIVE_ADJUSTMENT: Final = Rule(
    "PD-047", "The amount of an adjustment is positive; type_id gives the direction.", "inferred",
    "{name} is negative ({amount}); type_id gives the direction",
    suggestion="write it without the minus, and choose charge or discount", broken=_negative,
)  # fmt: skip

# --- dates ----------------------------------------------------------------------------------------------------

DATE_FORM: Final = Rule(
    "PD-050", "A date is written YYYY-MM-DD.", "documented", "{name} is not a date written YYYY-MM-DD: {value}",
    suggestion="write it as 2014-01-30", broken=_date_form,
)  # fmt: skip
YEAR: Final = Rule(
    "PD-051", "A year lies from 1900 to 2199.", "ours", "{name} has the year {year}; 1900 to 2199 are taken", OURS,
    broken=_year,
)  # fmt: skip
NO_SUCH_DAY: Final = Rule(
    "PD-052", "A date is a day of the calendar.", "documented", "{name} names a day that does not exist: {value}",
    broken=_no_such_day,
)  # fmt: skip

# --- codes ----------------------------------------------------------------------------------------------------

CODES: Final = {
    field.codes.element: Rule(
        code, f"{field.codes.element} is one of the documented values: {field.codes.choices}.", "documented",
        "{name} is not a documented value: {value}", suggestion="write one of {choices}", broken=_unknown_code,
    )
    for code, field in zip(
        ("PD-060", "PD-061", "PD-062", "PD-063", "PD-064", "PD-065", "PD-066", "PD-067"),
        [f for table in (INVOICE, *(f.rows for f in INVOICE)) for f in table if f.codes],
        strict=True,
    )
    if field.codes
}  # fmt: skip
UNKNOWN_CURRENCY: Final = Rule(
    "PD-070", "A currency is a current code of ISO 4217.", "ours", "{name} is not a currency code of ISO 4217: {value}",
    OURS, "write the three capitals: EUR", _unknown_currency,
)  # fmt: skip
WITHDRAWN_CURRENCY: Final = Rule(
    "PD-071", "A currency is still in use.", "inferred", "{name} {value} was withdrawn; its successor is {successor}",
    "ISO 4217, list three", broken=_withdrawn,
)  # fmt: skip
NOT_A_LINK: Final = Rule(
    "PD-080", "A link is an http or https address without a user name or password.", "safety",
    "{name} is {why}: {value}", "safety: the client opens it in a browser",
    "give a full address: https://example.com/invoice.pdf", _not_a_link,
)  # fmt: skip

# --- documents written by others ------------------------------------------------------------------------------

NOT_XML: Final = Rule("PD-090", "An XML input is well-formed and plain.", "safety", "not XML that can be taken: {why}",
                      "XML 1.0")  # fmt: skip
NOT_A_SALE: Final = Rule(
    "PD-091", "The root of a document is Sale, without a namespace.", "documented",
    "the root element is {root}; a PayTraq document begins with <Sale>{hint}", f"{PAGE}, Payload",
)  # fmt: skip
UNKNOWN_ELEMENT: Final = Rule(
    "PD-092", "Every element and attribute of a document stands on the PayTraq Direct page.", "ours",
    "{name} is not on the PayTraq Direct page", OURS, "it is sent as it is; PayTraq may ignore it",
)  # fmt: skip
REPEATED_ELEMENT: Final = Rule(
    "PD-093", "An element stands once where the page shows it once.", "ours", "{name} stands more than once", OURS,
)  # fmt: skip
FINISHED_DOCUMENT: Final = Rule(
    "PD-094", "A finished document is sent as it is.", "ours",
    "--operation cannot be written into a finished <Sale> document", OURS, "write <Operation> into the file",
)  # fmt: skip
SCHEMA: Final = Rule("PD-100", "The document fits xsd/sale.xsd.", "ours", "the document does not fit sale.xsd: {why}",
                     OURS)  # fmt: skip

_TEXT: Final = (WRONG_TYPE, EMPTY_TEXT, FORBIDDEN_CHARACTER, TEXT_TOO_LONG)
_AMOUNT: Final = (BINARY_FLOAT, WRONG_TYPE, EXPONENT, NOT_AN_AMOUNT)
VALUE_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "text": (*_TEXT, BIDI_CONTROL),
    "name": (*_TEXT, BLANKS_AROUND, BIDI_CONTROL, LONG_NAME),
    "link": (*_TEXT, NOT_A_LINK),
    "date": (WRONG_TYPE, DATE_FORM, YEAR, NO_SUCH_DAY),
    "code": (WRONG_TYPE,),
    "currency": (WRONG_TYPE, UNKNOWN_CURRENCY, WITHDRAWN_CURRENCY),
    "boolean": (WRONG_TYPE,),
    "amount": _AMOUNT,
    "percent": (*_AMOUNT, NOT_A_PERCENTAGE),
    "days": (WRONG_TYPE, NOT_DAYS),
    "rows": (WRONG_TYPE, NO_LINES, TOO_MANY_LINES),
}
INVOICE_RULES: Final = {
    "pay_term_type": (OTHER_DATE_WITHOUT_DATE, DUE_DAYS_WITHOUT_DAYS),
    "pay_term_days": (DAYS_TYPE,),
    "date_due": (DATE_DUE_TYPE, DUE_BEFORE_DATE),
}
ADJUSTMENT_RULES: Final = {"amount": (PCT_OUT_OF_RANGE, NEGATIVE_ADJUSTMENT), "": (HALF_AN_ADJUSTMENT,)}


def of_value(field: Field) -> tuple[Rule, ...]:
    """List the rules for one field's value, in the order in which they are tried."""
    rules = VALUE_RULES[field.kind]
    return (*rules, CODES[field.codes.element]) if field.codes else rules


def every() -> Iterator[Rule]:
    """Give every rule, by code."""
    found = {rule.code: rule for rule in globals().values() if isinstance(rule, Rule)}
    found.update({rule.code: rule for rule in CODES.values()})
    return iter(sorted(found.values(), key=lambda rule: rule.code))
