"""What most would write: pydantic, a template that reaches for attributes, lxml, a requests session, SQLite."""

from __future__ import annotations

import sqlite3
from datetime import date  # noqa: TC003 - pydantic looks the types up
from decimal import Decimal  # noqa: TC003
from typing import TYPE_CHECKING, Annotated, Literal

import requests
from lxml import etree
from pydantic import BaseModel, BeforeValidator, ConfigDict

from benchmarks.render import plain_template
from paytraq_direct import resources

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_METHODS = {"not_defined": 0, "bank": 1, "cash": 2, "card": 3, "prepayment": 4, "offsetting": 5, "factoring": 6}
_BASES = {"accrual": 1, "cash": 2}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Line(_Model):
    item_name: str
    qty: Decimal
    price: Decimal
    item_code: str | None = None
    item_bar_code: str | None = None
    description: str | None = None
    line_discount: Decimal | None = None
    line_total: Decimal | None = None
    unit_name: str | None = None


class _Adjustment(_Model):
    amount: Decimal | None = None
    description: str | None = None
    type_id: int | None = None
    pct_or_amount: Literal["pct", "amount"] | None = None


class _Invoice(_Model):
    document_date: date
    document_ref: str
    supplier_name: str
    client_name: str
    sale_type: Literal["sales_invoice", "credit_note"]
    currency: str
    net_amount: Decimal
    gross_amount: Decimal
    line_items: list[_Line]
    adjustments: list[_Adjustment] = []
    document_uri: str | None = None
    pdf: str | None = None
    supplier_reg_number: str | None = None
    supplier_tax_number: str | None = None
    client_reg_number: str | None = None
    client_tax_number: str | None = None
    operation: str | None = None
    tax_basis: Annotated[int | None, BeforeValidator(lambda value: _BASES.get(value, value))] = None
    include_tax: bool | None = None
    pay_term_type: int | None = None
    pay_term_days: int | None = None
    date_due: date | None = None
    deposit: Decimal | None = None
    comment: str | None = None
    payment_method: Annotated[int | None, BeforeValidator(lambda value: _METHODS.get(value, value))] = None
    shipping_type: int | None = None
    shipping_charge: Decimal | None = None


class Script:
    """Sends invoices to an address, one after the other, with two durable commits for each."""

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        self._template = plain_template()
        self._schema = etree.XMLSchema(etree.parse(str(resources.folder("xsd") / "sale.xsd")))
        self._session = requests.Session()
        self._ledger = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
        self._ledger.execute("PRAGMA journal_mode = WAL")
        self._ledger.execute("PRAGMA synchronous = FULL")
        self._ledger.execute("CREATE TABLE sent (number TEXT, document BLOB, status INTEGER)")

    def render(self, source: bytes) -> bytes:
        """Give the document of an invoice."""
        invoice = _Invoice.model_validate_json(source)
        document: str = self._template.render(invoice=invoice).replace("False", "false")
        return document.encode()

    def send(self, sources: Iterable[bytes]) -> None:
        """Send invoices, each given as JSON."""
        for source in sources:
            document = self.render(source)
            if not self._schema.validate(etree.fromstring(document)):
                raise ValueError("the document does not fit")
            row = self._ledger.execute("INSERT INTO sent VALUES (?, ?, NULL)", (source[:80].decode(), document))
            answer = self._session.post(self._url, data=document, headers={"Content-Type": "application/xml"})
            self._ledger.execute("UPDATE sent SET status = ? WHERE rowid = ?", (answer.status_code, row.lastrowid))
