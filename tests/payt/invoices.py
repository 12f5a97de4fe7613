"""Invoices in Payt's words: the smallest, one with every field, and any that can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from paytraq_direct.payt import checksum

if TYPE_CHECKING:
    from collections.abc import Iterable


def smallest(number: str = "2026-001", **more: Any) -> dict[str, Any]:
    """Give an invoice with what is required, a debtor, and the time at which it was mailed, so that nothing is amiss."""
    return {
        "currency_code": "EUR",
        "invoice_number": number,
        "invoice_date": "2026-11-02",
        "due_date": "2026-11-16",
        "book_amount_total": "121.00",
        "book_amount_open": "121.00",
        "amount_open": "121.00",
        "amount_total": "121.00",
        "debtor_number": "D-17",
        "sent_at": "2026-11-02T10:00:00Z",
        **more,
    }


def fullest() -> dict[str, Any]:
    """Give an invoice with every field that Payt's page shows, and those that only its OpenAPI description has."""
    document = {"checksum": checksum(b"%PDF-1.7"), "filename": "2026-001.pdf", "destroy": False}
    return {
        **smallest(),
        "amount_open": "21.00",
        "book_amount_open": "21.00",
        "invoice_identifier": "4711",
        "debtor_identifier": "d-17",
        "order_number": "PO-9",
        "peppol_identifier": "0190:1234",
        "description": "Malka un piegāde",
        "category": "wood",
        "contact_identifier": "c-3",
        "payment_condition": "30D",
        "sent_at": "2023-11-07T05:31:56Z",
        "labels": ["first", "second"],
        "payment_term": 123,
        "document": document,
        "ubl_document": {**document, "filename": "2026-001.xml", "destroy": True},
        "payments": [
            {
                "amount": "100.00",
                "origin_identifier": "p-1",
                "cost_type": "principal",
                "payment_date": "2026-11-03",
                "book_amount": "100.00",
                "description": "first part",
                "payment_method": "ideal",
                "reversal_code": "AC04",
                "transaction_type": "payment",
            }
        ],
        "invoice_lines": [
            {
                "description": "Malka",
                "vat_rate_code": "H",
                "total_excl_tax_amount": "100.00",
                "total_incl_tax_amount": "121.00",
                "product_price": "50.00",
                "product_unit": "m3",
                "product_quantity": "2",
                "vat_percentage": "21",
                "vat_amount": "21.00",
                "line_order": 123,
            }
        ],
        "payment_method": "bank_transfer",
    }


def numbered(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Give the smallest invoices of these numbers."""
    return [smallest(str(number)) for number in numbers]


def written(invoices: list[dict[str, Any]]) -> str:
    """Give invoices as a .json file holds them."""
    return json.dumps(invoices, ensure_ascii=False, indent=1)


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
_MONEY = st.integers(0, 10**12).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
_DAYS = st.dates().filter(lambda day: 1900 <= day.year <= 2199)


@st.composite
def invoices(draw: st.DrawFn) -> dict[str, Any]:
    """Give any invoice that has no fault."""
    total = draw(_MONEY)
    first, last = sorted((draw(_DAYS), draw(_DAYS)))
    found = smallest(
        draw(_TEXTS),
        amount_total=total,
        amount_open=total,
        invoice_date=first.isoformat(),
        due_date=last.isoformat(),
        book_amount_total=draw(_MONEY),
        book_amount_open=draw(_MONEY),
    )
    for name in ("order_number", "description", "category", "invoice_identifier"):
        if draw(st.booleans()):
            found[name] = draw(_TEXTS)
    lines = draw(st.lists(st.tuples(_TEXTS, _MONEY), max_size=4))
    if lines:
        found["invoice_lines"] = [
            {"description": text, "vat_rate_code": "H", "total_incl_tax_amount": money} for text, money in lines
        ]
    return found
