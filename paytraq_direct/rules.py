"""The numbered rules, as data: code, severity, message, source, test, suggestion.

A rule's ``broken`` looks at a value (or at a whole record) and gives None when all is well, else the words that
its message and suggestion need. A code once published never changes its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paytraq_direct import conditions, limits
from paytraq_direct.codes import PAGE
from paytraq_direct.fields import INVOICE, OURS
from paytraq_direct.rule import Rule as Rule  # noqa: PLC0414 - whoever has the rules has their kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paytraq_direct.fields import Field

# --- the input as a whole -------------------------------------------------------------------------------------

NOT_UTF8: Final = Rule(
    "PD-001", "The input is UTF-8.", "ours", "the input is not UTF-8: byte {byte} at offset {offset:,}", OURS,
    "save the file as UTF-8",
)  # fmt: skip
NOT_JSON: Final = Rule("PD-002", "A .json input is well-formed JSON.", "ours", "not JSON: {why}", "RFC 8259")
TOO_LARGE: Final = Rule(
    "PD-003", f"An input has at most {limits.INPUT_BYTES:,} bytes.", "ours",
    f"the input is larger than {limits.INPUT_BYTES:,} bytes", OURS,
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
    "add it, such as {sample}",
)  # fmt: skip
WRONG_TYPE: Final = Rule(
    "PD-009", "A value has the type of its field.", "ours", "{name} must be {expected}; it is {kind}: {value}", OURS,
    broken=conditions.wrong_type,
)  # fmt: skip
NO_LINES: Final = Rule(
    "PD-010", "An invoice has at least one line item.", "ours", "{name} is empty; an invoice has at least one line",
    OURS, broken=conditions.no_lines,
)  # fmt: skip
TOO_MANY_LINES: Final = Rule(
    "PD-011", f"An invoice has at most {limits.LINES:,} lines.", "ours",
    f"{{name}} has {{count}} entries; at most {limits.LINES:,} are taken", OURS,
    "split it into several invoices", broken=conditions.too_many_lines,
)  # fmt: skip
DOCUMENT_TOO_LARGE: Final = Rule(
    "PD-012", f"A document has at most {limits.DOCUMENT_BYTES:,} bytes.", "ours",
    f"the document would have {{size}} bytes; at most {limits.DOCUMENT_BYTES:,} are sent", OURS,
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
    "take the character out", conditions.forbidden,
)  # fmt: skip
EMPTY_TEXT: Final = Rule(
    "PD-021", "A text that is given is not blank.", "ours", "{name} is blank", OURS, "give it a text", conditions.empty,
)  # fmt: skip
TEXT_TOO_LONG: Final = Rule(
    "PD-022", f"A text has at most {limits.TEXT_BYTES:,} bytes of UTF-8.", "ours",
    f"{{name}} has {{size}} bytes; at most {limits.TEXT_BYTES:,} are taken", OURS, "shorten it", conditions.too_long,
)  # fmt: skip
BLANKS_AROUND: Final = Rule(
    "PD-023", "A name or number has no blanks around it.", "inferred", "{name} has blanks around it: {value}",
    broken=conditions.blanks_around,
)  # fmt: skip
BIDI_CONTROL: Final = Rule(
    "PD-024", "A text holds no characters that turn the direction of writing.", "inferred",
    "{name} holds {character} at character {place}, which can make a text look like another",
    suggestion="take the character out", broken=conditions.bidi,
)  # fmt: skip
LONG_NAME: Final = Rule(
    "PD-025", f"A name or number has at most {limits.NAME_LENGTH} characters.", "inferred",
    f"{{name}} has {{length}} characters; more than {limits.NAME_LENGTH} may be cut", broken=conditions.long_name,
)  # fmt: skip

# --- terms of payment -----------------------------------------------------------------------------------------


DATE_DUE_TYPE: Final = Rule(
    "PD-031", "date_due is given only with pay_term_type 0 (other_date).", "documented",
    "date_due is allowed only with pay_term_type 0 (other_date); {given}", broken=conditions.date_due_against_type,
    needs=("pay_term_type",),
)  # fmt: skip
DAYS_TYPE: Final = Rule(
    "PD-032", "pay_term_days is given only with pay_term_type 1 (due_days) or 2 (eom).", "documented",
    "pay_term_days is allowed only with pay_term_type 1 (due_days) or 2 (eom); {given}",
    broken=conditions.days_against_type, needs=("pay_term_type",),
)  # fmt: skip
OTHER_DATE_WITHOUT_DATE: Final = Rule(
    "PD-033", "pay_term_type 0 (other_date) comes with date_due.", "inferred",
    "pay_term_type is 0 (other_date), but there is no date_due", suggestion="add date_due",
    broken=conditions.other_date_without_date, needs=("date_due",),
)  # fmt: skip
DUE_DAYS_WITHOUT_DAYS: Final = Rule(
    "PD-034", "pay_term_type 1 (due_days) comes with pay_term_days.", "inferred",
    "pay_term_type is 1 (due_days), but there is no pay_term_days", suggestion="add pay_term_days",
    broken=conditions.due_days_without_days, needs=("pay_term_days",),
)  # fmt: skip
DUE_BEFORE_DATE: Final = Rule(
    "PD-035", "date_due is not before document_date.", "inferred",
    "date_due {due} is before document_date {issued}", suggestion="check both dates", broken=conditions.due_before_date,
    needs=("document_date",),
)  # fmt: skip

# --- amounts --------------------------------------------------------------------------------------------------

BINARY_FLOAT: Final = Rule(
    "PD-040", "An amount is never a binary float.", "ours",
    "{name} is a Python float, which does not hold decimals exactly: {value}", OURS,
    'write Decimal("{value}") or "{value}"', conditions.binary_float,
)  # fmt: skip
EXPONENT: Final = Rule(
    "PD-041", "An amount is written without an exponent.", "ours", "{name} is written with an exponent: {value}", OURS,
    "write it out in digits", conditions.exponent,
)  # fmt: skip
NOT_AN_AMOUNT: Final = Rule(
    "PD-042", "An amount has up to 18 digits, then at most a point and up to 10 more.", "ours",
    "{name} is not a decimal number: {value}", OURS,
    "write digits with a decimal point and nothing else: 1234.50", conditions.not_an_amount,
)  # fmt: skip
NOT_A_PERCENTAGE: Final = Rule(
    "PD-043", "A percentage lies from 0 to 100.", "ours", "{name} must be from 0 to 100 percent; it is {value}", OURS,
    "10 means 10 %", conditions.not_a_percentage,
)  # fmt: skip
NOT_DAYS: Final = Rule(
    "PD-044", "A number of days is whole and has at most five digits.", "ours",
    "{name} is not a whole number of days: {value}", OURS, "write 0 or more, at most five digits", conditions.not_days,
)  # fmt: skip


PCT_OUT_OF_RANGE: Final = Rule(
    "PD-045", "The amount of an adjustment in percent lies from 0 to 100.", "ours",
    "{name} must be from 0 to 100 with pct_or_amount pct; it is {amount}", OURS,
    'write "pct_or_amount": "amount" for a sum', conditions.pct_out_of_range,
    needs=("pct_or_amount",),
)  # fmt: skip
HALF_AN_ADJUSTMENT: Final = Rule(
    "PD-046", "An adjustment says how much, which way, and whether it is a percentage.", "inferred",
    "{name} has no {missing}, so its meaning is open", suggestion="add {missing}", broken=conditions.direction_unknown,
    needs=("amount", "type_id", "pct_or_amount"),
)  # fmt: skip
NEGATIVE_ADJUSTMENT: Final = Rule(
    "PD-047", "The amount of an adjustment is positive; type_id gives the direction.", "inferred",
    "{name} is negative ({amount}); type_id gives the direction",
    suggestion="write it without the minus, and choose charge or discount", broken=conditions.negative,
)  # fmt: skip

# --- arithmetic -----------------------------------------------------------------------------------------------

_SHOWN_BY_EXPLAIN: Final = "paytraq-check --explain shows the sum"
LINE_SUM: Final = Rule(
    "PD-120", "A line_total is qty × price less line_discount, exactly or rounded.", "inferred",
    "{name} is {value}; {sum} comes to {computed}, so it is {more}", suggestion=_SHOWN_BY_EXPLAIN,
)  # fmt: skip
TOTAL_SUM: Final = Rule(
    "PD-121", "The lines, adjustments and shipping come to net_amount, or with include_tax to gross_amount, whether "
    "each line is rounded or only the sum.", "inferred",
    "{name} is {value}; the lines, adjustments and shipping come to {computed}, so it is {more}{nor}",
    suggestion=_SHOWN_BY_EXPLAIN,
)  # fmt: skip
GROSS_BELOW_NET: Final = Rule(
    "PD-122", "gross_amount is not less than net_amount.", "inferred", "{name} {value} is less than net_amount {net}",
    suggestion="check both amounts",
)  # fmt: skip
ARITHMETIC: Final = {"line": LINE_SUM, "sum": TOTAL_SUM, "order": GROSS_BELOW_NET}

# --- dates ----------------------------------------------------------------------------------------------------

DATE_FORM: Final = Rule(
    "PD-050", "A date is written YYYY-MM-DD.", "documented", "{name} is not a date written YYYY-MM-DD: {value}",
    suggestion="write year, month and day: 2014-01-30", broken=conditions.date_form,
)  # fmt: skip
YEAR: Final = Rule(
    "PD-051", "A year lies from 1900 to 2199.", "ours", "{name} has the year {year}; 1900 to 2199 are taken", OURS,
    broken=conditions.year,
)  # fmt: skip
NO_SUCH_DAY: Final = Rule(
    "PD-052", "A date is a day of the calendar.", "documented", "{name} names a day that does not exist: {value}",
    broken=conditions.no_such_day,
)  # fmt: skip

# --- codes ----------------------------------------------------------------------------------------------------

CODES: Final = {
    field.codes.element: Rule(
        code, f"{field.codes.element} is one of the documented values: {field.codes.choices}.", "documented",
        "{name} is not a documented value: {value}", suggestion="write one of {choices}",
        broken=conditions.unknown_code,
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
    OURS, "write the three capitals: EUR", conditions.unknown_currency,
)  # fmt: skip
WITHDRAWN_CURRENCY: Final = Rule(
    "PD-071", "A currency is still in use.", "inferred", "{name} {value} was withdrawn; its successor is {successor}",
    "ISO 4217, list three", broken=conditions.withdrawn,
)  # fmt: skip
NOT_A_LINK: Final = Rule(
    "PD-080", "A link is an http or https address without a user name or password.", "safety",
    "{name} is {why}: {value}", "safety: the client opens it in a browser",
    "give a full address: https://example.com/invoice.pdf", conditions.not_a_link,
)  # fmt: skip

# --- where links lead, for those who ask with --links ---------------------------------------------------------

_VISIT: Final = "a visit to the link"
LINK_SILENT: Final = Rule(
    "PD-130", "A link leads to a server that answers.", "observed", "{name} cannot be opened: {why}", _VISIT,
    "open it in a browser from another network; if it works there, leave it",
)  # fmt: skip
LINK_REFUSED: Final = Rule(
    "PD-131", "A link is answered with success.", "observed", "{name} is answered {status}{phrase}", _VISIT,
    "give a link that opens without signing in",
)  # fmt: skip
LINK_MOVED: Final = Rule(
    "PD-132", "A link leads to its document without redirects.", "observed",
    "{name} is redirected {times}, at last to {host}", _VISIT, "give the address to which it leads, if that one lasts",
)  # fmt: skip
LINK_OPEN_TO_ALL: Final = Rule(
    "PD-133", "A link is https all the way.", "observed", "{name} {goes} plain http, which others can read and change",
    _VISIT, "give an https:// address",
)  # fmt: skip
LINK_PRIVATE: Final = Rule(
    "PD-134", "A link leads to an address that the client can reach.", "observed",
    "{name} leads to {host}, at {address}, which is not a public address; it was not opened", _VISIT,
    "give a link that works from anywhere; --allow-private opens it all the same",
)  # fmt: skip
LINK_NOT_PDF: Final = Rule(
    "PD-135", "What pdf links to is a PDF.", "observed", "{name} leads to something that is not a PDF: {what}", _VISIT,
    "give a link to the file itself, not to a page that shows it",
)  # fmt: skip
LINK_DIES: Final = Rule(
    "PD-136", "A signed link is good for 30 days at least.", "observed",
    "{name} {dies}; the client may open it next week, or next year", "the query of the link",
    "sign it for longer, or give a link that lasts",
)  # fmt: skip
LINK_SIZE: Final = Rule(
    "PD-137", "What a link leads to is neither empty nor larger than 25 MB.", "observed", "{name} leads to {size}",
    _VISIT, "give a link to a file that a client can open at once",
)  # fmt: skip

# --- documents written by others ------------------------------------------------------------------------------

NOT_XML: Final = Rule("PD-090", "An XML input is well-formed and plain.", "safety", "not XML that can be taken: {why}",
                      "XML 1.0")  # fmt: skip
NOT_A_SALE: Final = Rule(
    "PD-091", "The root of a document is Sale, without a namespace, or that of a UBL invoice.", "documented",
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
    "--operation cannot be written into a finished document", OURS, "write <Operation> into the file",
)  # fmt: skip
WRONG_CLIENT: Final = Rule(
    "PD-110", "An invoice goes to a channel of its client.", "safety",
    "{name} {value} is not a client of the channel {channel}, which is for {clients}", "the config of channels",
    "choose another channel, or add the name to its clients",
)  # fmt: skip
NO_CHANNEL: Final = Rule(
    "PD-111", "With by-client, exactly one channel belongs to the client.", "safety",
    "{name} {value} has {found} in the config", "the config of channels",
    "name the client under the clients of one channel",
)  # fmt: skip
SCHEMA: Final = Rule("PD-100", "The document fits xsd/sale.xsd.", "ours", "the document does not fit sale.xsd: {why}",
                     OURS)  # fmt: skip

# --- documents of another form, read into a record (docs/ubl.md) -----------------------------------------------

_MAPPING: Final = "docs/ubl.md"
_AS_IT_IS: Final = "send it as it is, with --as ubl"
# fmt: off
SELF_BILLED: Final = Rule("PD-140", "A UBL document is not self-billed.", "safety",
    "{value} is a self-billed document: the buyer issued it, and its supplier is not the sender", _MAPPING, _AS_IT_IS)
NEGATIVE_INVOICE: Final = Rule("PD-141", "The totals of a UBL invoice are not negative.", "safety",
    "{name} of an invoice is negative ({value}); what that means to PayTraq is not known", _MAPPING,
    f"write it as a credit note, or {_AS_IT_IS}")
SUB_LINES: Final = Rule("PD-142", "A UBL line has no lines in it.", "safety",
    "{name} has lines in it, which no field carries", _MAPPING, _AS_IT_IS)
LINE_CHARGE: Final = Rule("PD-143", "What is allowed and charged on a UBL line comes to a discount.", "safety",
    "the allowances and charges of {name} come to a charge of {amount}, which no field carries", _MAPPING,
    f"make the charge a line of its own, or {_AS_IT_IS}")
UNKNOWN_TYPE: Final = Rule("PD-144", "The type of a UBL document is known, and fits its root.", "safety",
    "{value} is not known as the type of a UBL {root}", _MAPPING, _AS_IT_IS)
OTHER_CURRENCY: Final = Rule("PD-145", "The amounts of a UBL document are in its currency.", "safety",
    "an amount is in {value}, and the document in {currency}", _MAPPING, _AS_IT_IS)
PRICE_KEPT: Final = Rule("PD-146", "The price of a UBL line can be given for one unit.", "inferred",
    "{name} is for {per}, and for one unit of the line it cannot be given; it is kept, and description says so",
    _MAPPING)
DISCOUNT_KEPT: Final = Rule("PD-147", "An allowance on a UBL line is a percentage that gives line_total.", "inferred",
    "no percentage of {amount} gives line_total {total}; line_discount is left out", _MAPPING)
GROSS_FROM_DUE: Final = Rule("PD-148", "A UBL document gives its gross amount.", "inferred",
    "there is no gross amount; {value}, which is due with nothing prepaid or rounded, is taken for it", _MAPPING)
NOT_UBL: Final = Rule("PD-149", "With --as ubl, an input is a UBL invoice or credit note.", "safety",
    "only a UBL Invoice or CreditNote can be sent as UBL; this is {what}", _MAPPING, "leave --as out")
AT_THE_LEAST: Final = Rule("PD-150", "With --as ubl, a document has what EN 16931 requires of every invoice.", "safety",
    "{what} is missing, which EN 16931 requires ({term})", "EN 16931-1", "add {place}")
NET_IS_TAX: Final = Rule("PD-151", "The total without tax of a UBL document is not the tax.", "safety",
    "{name} is {value}, which is the tax of this document: in OIOUBL, TaxExclusiveAmount is that", _MAPPING,
    f"give the total without tax there, or {_AS_IT_IS}")
NOT_SAID_WHICH: Final = Rule("PD-152", "A UBL allowance or charge says which of the two it is.", "safety",
    "ChargeIndicator is {value}, and neither true nor false: nobody can tell a charge from an allowance", _MAPPING,
    "write true for a charge, false for an allowance")
# fmt: on

# The faults that stand at a key, not at its value.
AT_KEY: Final = frozenset({DUPLICATE_KEY.code, UNKNOWN_KEY.code, UNKNOWN_KEY_IGNORED.code})

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
