"""The JSON Schema of an invoice file: true to the rules, and full of explanations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from commands import run
from conftest import EXAMPLES, SAMPLES
from hypothesis import given
from jsonschema import Draft202012Validator
from strategies import INVOICES
from test_rules import smallest

from paytraq_direct import check, fields, json_schema

SCHEMA = json_schema.schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    """It is a valid schema of its dialect, and what the command prints."""
    Draft202012Validator.check_schema(SCHEMA)
    result = run("paytraq-check", "--schema")
    assert (result.returncode, json.loads(result.stdout)) == (0, SCHEMA)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_examples_fit(path: Any) -> None:
    """Every example is an invoice file."""
    assert list(VALIDATOR.iter_errors(json.loads(path.read_text(encoding="utf-8")))) == []


@given(INVOICES)
def test_what_the_rules_take_fits(record: dict[str, Any]) -> None:
    """No invoice that is sent is marked as wrong in an editor."""
    assert list(VALIDATOR.iter_errors(json.loads(json.dumps(record)))) == []


# Rules that look at bytes, digits or sums, which JSON Schema cannot see.
UNSEEN = {"PD-001", "PD-002", "PD-004", "PD-006", "PD-020", "PD-041", "PD-045", "PD-052"}


@pytest.mark.parametrize(
    "path", [path for path in sorted((SAMPLES / "rules").glob("*/refused.json")) if path.parent.name not in UNSEEN],
    ids=lambda path: path.parent.name,
)  # fmt: skip
def test_what_the_rules_refuse_does_not_fit(path: Any) -> None:
    """What is an error for paytraq-check is marked in an editor, wherever JSON Schema can see it."""
    data = json.loads(path.read_text(encoding="utf-8"))
    is_error = not isinstance(data, dict) or any(fault.is_error for fault in check(data))
    assert bool(list(VALIDATOR.iter_errors(data))) == is_error


def test_every_field_is_explained() -> None:
    """Each field has its meaning, its element and its source; each enumeration all its spellings with their meaning."""
    for name, table in (
        ("invoice", fields.INVOICE),
        ("line_item", fields.LINE_ITEM),
        ("adjustment", fields.ADJUSTMENT),
    ):
        properties = SCHEMA["$defs"][name]["properties"]
        assert list(properties) == list(fields.names(table))
        for field in table:
            text = properties[field.name]["description"]
            assert all(part in text for part in (field.meaning, field.element, field.source))
            if field.codes:
                value = properties[field.name]
                value = value if "enum" in value else value["anyOf"][0]
                assert len(value["enum"]) == len(value["enumDescriptions"])
                assert set(value["enum"]) == set(field.codes.by_input)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({"date_due": "2026-12-01"}, False), ({"date_due": "2026-12-01", "pay_term_type": 0}, True),
        ({"date_due": None}, True), ({"pay_term_days": 3, "pay_term_type": "eom"}, True), ({"x_mine": [1]}, True),
        ({"pay_term_days": 3, "pay_term_type": 3}, False), ({"net_amount": "1.5"}, True), ({"net_amount": None}, False),
        ({"line_items": [{"item_name": "a", "qty": 1}]}, False), ({"comment": " "}, False), ({"colour": 1}, False),
    ],
)  # fmt: skip
def test_single_changes(change: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - a table of cases
    """Terms of payment, users' own keys, absent and missing values are treated as the rules treat them."""
    assert VALIDATOR.is_valid(smallest(**change)) == fits
    assert (not any(fault.is_error for fault in check(smallest(**change)))) == fits
