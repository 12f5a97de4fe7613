"""The JSON Schema of an invoice file, made from the table of fields: an editor completes and explains with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, codes, fields, limits

if TYPE_CHECKING:
    from paytraq_direct.fields import Field

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_RECORDS: Final = {"line_items": "line_item", "adjustments": "adjustment"}
_NOT_BLANK: Final = r"\S"


def schema() -> dict[str, Any]:
    """Give the schema of a .json file: one invoice, or an array of them.

    JSON Schema sees numbers, not digits: that an amount is written without an exponent only paytraq-check can tell.
    """
    invoice = {"$ref": "#/$defs/invoice"}
    return {
        "$schema": DIALECT,
        "title": "Invoices for PayTraq Direct",
        "description": "One invoice, or an array of them, as paytraq-send takes it.",
        "anyOf": [invoice, {"type": "array", "items": invoice, "minItems": 1}],
        "$defs": {
            "invoice": {**_record("An invoice", fields.INVOICE), "allOf": _PAY_TERMS},
            "line_item": _record("A line item", fields.LINE_ITEM),
            "adjustment": _record("An adjustment", fields.ADJUSTMENT),
        },
    }


def _record(title: str, table: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "required": [field.name for field in table if field.required],
        "properties": {field.name: _described(field) for field in table},
        "patternProperties": {"^x_": {"description": "Your own; not read, not sent."}},
        "additionalProperties": False,
    }


def _described(field: Field) -> dict[str, Any]:
    value = _VALUES[field.kind] if field.kind in _VALUES else _made(field)
    if not field.required:
        value = {"anyOf": [value, {"type": "null"}]}
    description = f"{field.meaning} Element: {field.element}. Source: {field.source}."
    return {"description": description, **value}


def _made(field: Field) -> dict[str, Any]:
    if field.codes is None:
        least = {"minItems": 1} if field.required else {}
        rows = {"$ref": f"#/$defs/{_RECORDS[field.name]}"}
        return {"type": "array", "items": rows, **least, "maxItems": limits.LINES}
    meanings = {spelling: code.meaning for code in field.codes.codes for spelling in (code.name, code.wire, code.value)}
    return {"enum": list(meanings), "enumDescriptions": list(meanings.values())}


_TEXT: Final = {"type": "string", "pattern": _NOT_BLANK}
_AMOUNT_TEXT: Final = {"type": "string", "pattern": f"^{amounts.AMOUNT_PATTERN}$"}
_PERCENT_TEXT: Final = {"type": "string", "pattern": r"^0*(100(\.0{1,10})?|[0-9]{1,2}(\.[0-9]{1,10})?)$"}
_VALUES: Final[dict[str, dict[str, Any]]] = {
    "text": _TEXT,
    "name": _TEXT,
    "link": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://", "maxLength": limits.LINK_LENGTH},
    "currency": {"type": "string", "enum": sorted({*codes.CURRENCIES, *codes.WITHDRAWN_CURRENCIES})},
    "date": {"type": "string", "format": "date", "pattern": f"^{amounts.DATE_PATTERN}$"},
    "boolean": {"type": "boolean"},
    "amount": {"anyOf": [{"type": "number"}, _AMOUNT_TEXT]},
    "percent": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, _PERCENT_TEXT]},
    "days": {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 99_999},
            {"type": "string", "pattern": f"^{amounts.DAYS_PATTERN}$"},
        ]
    },
}


def _only_with(name: str, *types: Any) -> dict[str, Any]:
    """Say that a field is given only with some of the pay_term_types."""
    given = {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
    needed = {"required": ["pay_term_type"], "properties": {"pay_term_type": {"enum": list(types)}}}
    return {"if": given, "then": needed}


_PAY_TERMS: Final = [
    _only_with("pay_term_days", "due_days", "1", 1, "eom", "2", 2),
    _only_with("date_due", "other_date", "0", 0),
]
