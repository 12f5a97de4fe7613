"""A PayTraq record as Payt takes it: what goes over, what was assumed for it, and what Payt has no field for."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from paytraq_direct import codes
from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.fields import INVOICE, LINE_ITEM
from paytraq_direct.payt import rules
from paytraq_direct.payt.records import Invoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.invoice import Invoice as PaytraqInvoice
    from paytraq_direct.invoice import LineItem

_CARRIED: Final = frozenset(
    "document_date document_ref sale_type currency gross_amount deposit comment "
    "pay_term_type pay_term_days date_due line_items".split()
)
_CARRIED_OF_LINES: Final = frozenset("item_name description qty price line_total unit_name".split())
_EXACT: Final = Context(prec=60)
_METHODS: Final = {1: "bank_transfer", 2: "cash"}
_DUE_DAYS, _EOM, _ON_DELIVERY = 1, 2, 3


class Mapped(NamedTuple):
    """What came of a PayTraq record: the record for Payt, and what a person should know of it.

    ``assumed`` names fields of Payt's with what was taken for them and why, ``left_out`` those of PayTraq's, by path,
    with why they stayed behind.
    """

    record: Invoice
    assumed: dict[str, str]
    left_out: dict[str, str]


def from_invoice(
    invoice: PaytraqInvoice, *, debtor_number: str | None = None, vat_rate_code: str | None = None, **given: Any
) -> Mapped:
    """Map a PayTraq record to one for Payt.

    ``debtor_number`` is Payt's number of the client. Lines go over with a ``vat_rate_code`` of the administration,
    which PayTraq's record does not have, and stay behind without. ``given`` are fields of Payt's that are known better.
    Raises InvalidInvoice for what cannot be expressed: what is no invoice or credit note, an amount with more than two
    decimals, or an invoice of which no due date can be told.
    """
    if invoice.sale_type not in {"sales_invoice", "credit_note"}:
        raise InvalidInvoice((rules.NOT_FOR_PAYT.fault("sale_type", value=invoice.sale_type),))
    assumed: dict[str, str] = {}
    found: dict[str, Any] = {
        "currency_code": invoice.currency,
        "invoice_number": invoice.document_ref,
        "invoice_date": invoice.document_date,
        "debtor_number": debtor_number,
        "description": invoice.comment,
        "payment_method": _METHODS.get(invoice.payment_method or 0),
        "payment_term": invoice.pay_term_days if invoice.pay_term_type == _DUE_DAYS else None,
        **_amounts(invoice, assumed),
    }
    if due := _due(invoice, assumed):
        found["due_date"] = due
    left_out = dict(_left_out(invoice))
    if vat_rate_code is None:
        left_out["line_items"] = "a line for Payt needs a vat_rate_code, which no field of the record has"
    elif "line_items" not in left_out:
        is_turned = invoice.sale_type == "credit_note" and (invoice.gross_amount or 0) >= 0
        found["invoice_lines"] = [_line(item, invoice, vat_rate_code, is_turned) for item in invoice.line_items]
        left_out.pop("include_tax", None)
        left_out.update(_left_out_of_lines(invoice))
        ways = ["the totals of the lines are without tax"] if invoice.include_tax is None else []
        ways += ["quantities and totals of a credit note's lines are negative, like its total"] if is_turned else []
        if ways:
            assumed["invoice_lines"] = "; ".join(ways)
    record = Invoice(**{name: value for name, value in {**found, **given}.items() if value is not None})
    return Mapped(record, {name: why for name, why in assumed.items() if name not in given}, left_out)


def _amounts(invoice: PaytraqInvoice, assumed: dict[str, str]) -> dict[str, Decimal]:
    """Give the four amounts: those of a credit note are negative, and what was paid already is not open."""
    total = cast("Decimal | None", invoice.gross_amount)
    if total is None:  # as a finished document of others may have it
        return {}
    left = total if invoice.deposit is None else _EXACT.subtract(total, invoice.deposit)
    assumed["amount_open"] = "gross_amount less deposit" if invoice.deposit else "gross_amount: nothing is paid yet"
    if invoice.sale_type == "credit_note":
        total, left = total.copy_abs().copy_negate(), Decimal("0.00")
        assumed["amount_total"] = "a credit note is negative, as other integrations write it"
        assumed["amount_open"] = "a credit note has nothing open, as other integrations write it"
    assumed["book_amount_total"] = assumed["book_amount_open"] = f"the books are kept in {invoice.currency}"
    return {"amount_total": total, "amount_open": left, "book_amount_total": total, "book_amount_open": left}


def _due(invoice: PaytraqInvoice, assumed: dict[str, str]) -> date | None:
    """Give the due date, worked out from the terms of payment when it is not there itself."""
    if invoice.date_due is not None:
        return invoice.date_due
    day = cast("date | None", invoice.document_date)
    days = invoice.pay_term_days or 0
    if day is None:  # as a finished document of others may have it
        return None
    if invoice.pay_term_type == _DUE_DAYS and invoice.pay_term_days is not None:
        assumed["due_date"] = f"document_date and {days} days"
        return day + timedelta(days)
    if invoice.pay_term_type == _EOM:
        assumed["due_date"] = f"the end of the month and {days} days"
        return day.replace(day=monthrange(day.year, day.month)[1]) + timedelta(days)
    if invoice.pay_term_type == _ON_DELIVERY:
        assumed["due_date"] = "cash on delivery is due on document_date"
        return day
    return None


def _line(item: LineItem, invoice: PaytraqInvoice, vat_rate_code: str, is_turned: bool) -> dict[str, Any]:  # noqa: FBT001
    def signed(amount: Decimal | None) -> Decimal | None:
        return amount.copy_negate() if is_turned and amount else amount

    total = "total_incl_tax_amount" if invoice.include_tax else "total_excl_tax_amount"
    return {
        "description": item.item_name if item.description is None else f"{item.item_name}\n{item.description}",
        "vat_rate_code": vat_rate_code,
        total: signed(item.line_total),
        "product_price": rules.money_of(item.price),
        "product_unit": item.unit_name,
        "product_quantity": signed(item.qty),
    }


def _left_out(invoice: PaytraqInvoice) -> Iterator[tuple[str, str]]:
    """Name what an invoice has and Payt has no field for."""
    for field in INVOICE:
        value = getattr(invoice, field.name)
        if field.name == "deposit" and value and invoice.sale_type == "credit_note":
            yield field.name, "a credit note for Payt has nothing open, and no field says what was paid back"
        if value is None or value == () or field.name in _CARRIED:
            continue
        if field.name == "payment_method":
            if value not in _METHODS and value:
                yield field.name, f"Payt has no word for {codes.PAYMENT_METHOD.by_value[value].name}"
        elif field.name == "client_name":
            yield field.name, "Payt knows the debtor by its number"
        elif field.name == "pdf":
            yield field.name, "Payt takes the file itself, not a link: upload it and give it as document"
        else:
            yield field.name, "Payt has no field for it"
    without = [n for n, item in enumerate(invoice.line_items) if rules.money_of(item.line_total) is None]
    if without:
        yield "line_items", f"line_items[{without[0]}] has no line_total of two decimals, and a line needs a total"


def _left_out_of_lines(invoice: PaytraqInvoice) -> Iterator[tuple[str, str]]:
    """Name what the lines have and Payt's lines have no field for."""
    for index, item in enumerate(invoice.line_items):
        for field in LINE_ITEM:
            if field.name not in _CARRIED_OF_LINES and getattr(item, field.name) is not None:
                yield f"line_items[{index}].{field.name}", "Payt's lines have no field for it"
        if rules.money_of(item.price) is None:
            yield f"line_items[{index}].price", "Payt takes prices of two decimals"
