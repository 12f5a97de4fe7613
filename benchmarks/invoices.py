"""Invoices as suppliers write them, of any number of lines, with sums that are right."""

from __future__ import annotations

import json
from decimal import Decimal


def invoice_json(lines: int, number: int = 1) -> bytes:
    """Give an invoice as a JSON file holds it: usual fields, some text to escape, some beyond ASCII."""
    items = [_line(index) for index in range(lines)]
    net = sum((Decimal(str(item["line_total"])) for item in items), Decimal())
    return json.dumps(
        {
            "document_date": "2026-11-02",
            "document_ref": f"INV-2026-{number:06}",
            "document_uri": f"https://invoices.example.com/2026/{number}?key=5f0c91ab",
            "supplier_name": "SIA Piegādātājs & dēli",
            "supplier_reg_number": "40003000000",
            "supplier_tax_number": "LV40003000000",
            "client_name": "AS Klients",
            "client_reg_number": "40103000000",
            "sale_type": "sales_invoice",
            "operation": "sell_goods",
            "currency": "EUR",
            "tax_basis": "accrual",
            "include_tax": False,
            "pay_term_type": 1,
            "pay_term_days": 14,
            "comment": "Paldies par sadarbību! Cenas < 10 EUR ir bez atlaides.",
            "payment_method": "bank",
            "line_items": items,
            "net_amount": f"{net:.2f}",
            "gross_amount": f"{net * Decimal('1.21'):.2f}",
        },
        ensure_ascii=False,
        indent=2,
    ).encode()


def _line(index: int) -> dict[str, object]:
    is_discounted = index % 3 == 0
    total = (index % 7 + 1) * (Decimal("12.5") + index % 100) * (Decimal("0.9") if is_discounted else 1)
    line: dict[str, object] = {
        "item_code": f"P-{index:05}",
        "item_name": f"Prece nr. {index}, zaļa",
        "qty": index % 7 + 1,
        "price": 12.5 + index % 100,
        "line_total": f"{total:.2f}",
        "unit_name": "gab.",
    }
    if is_discounted:
        line |= {"description": "A & B, 10 cm", "line_discount": 10}
    return line
