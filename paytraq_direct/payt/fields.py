"""The table of fields of an invoice as Payt takes it: names, forms, what is required, and where that is written.

Names are Payt's own. The order is that of its page "Upsert invoices in bulk", read in June 2026; the fields that
only its OpenAPI description has come after those.
"""

from __future__ import annotations

from typing import Final

from paytraq_direct.codes import worded
from paytraq_direct.fields import Field

PAGE: Final = "Payt, Upsert invoices in bulk"
OPENAPI: Final = "Payt, OpenAPI description"
GUIDE: Final = "Payt, model of an invoice"
FILES: Final = "Payt, model of a file"


COST_TYPE: Final = worded(
    "cost_type",
    principal="Principal, which is meant when none is given",
    administration_costs="Administration costs",
    interest_costs="Interest",
    debt_collection_costs="Debt collection costs",
)
PAYMENT_METHOD: Final = worded(
    "payment_method",
    bank_transfer="Bank transfer",
    direct_debit="Direct debit",
    cash="Cash",
    none="None",
    unknown="Unknown",
)
TRANSACTION_TYPE: Final = worded(
    "transaction_type",
    credit="Credit",
    payment="Payment",
    reversal="Reversal",
    revaluation="Revaluation",
    settlement="Settlement",
    write_off="Write-off",
    **{"": "None"},
)

_TOTAL: Final = "in the currency of the invoice; negative for a credit note"
_BOOK: Final = "in the currency of the administration's books"


def _document(name: str, what: str) -> Field:
    return Field(name, name, "object", f"{what}, uploaded before.", PAGE, rows=DOCUMENT)


DOCUMENT: Final = (
    Field("checksum", "checksum", "checksum", "SHA3-512 of the file, in base64: 88 characters.", FILES, required=True),
    Field("filename", "filename", "name", "Name of the file, as the debtor sees it.", FILES, required=True),
    Field("destroy", "destroy", "boolean", "True to take the file off the invoice.", PAGE),
)
PAYMENT: Final = (
    Field("amount", "amount", "money", "What was paid, in the currency of the invoice.", OPENAPI, required=True),
    Field("origin_identifier", "origin_identifier", "name", "Your own id of the payment.", OPENAPI, required=True),
    Field("cost_type", "cost_type", "code", "What it pays; principal when not given.", OPENAPI, codes=COST_TYPE),
    Field("payment_date", "payment_date", "date", "Day of the payment; today when not given.", OPENAPI),
    Field("book_amount", "book_amount", "money", f"The same {_BOOK}.", PAGE),
    Field("description", "description", "text", "Text of the payment.", PAGE),
    Field("payment_method", "payment_method", "name", "How it was paid.", PAGE),
    Field("reversal_code", "reversal_code", "name", "Why a direct debit was reversed.", PAGE),
    Field("transaction_type", "transaction_type", "code", "What it is.", OPENAPI, codes=TRANSACTION_TYPE),
)
INVOICE_LINE: Final = (
    Field("description", "description", "text", "Text of the line.", OPENAPI, required=True),
    Field(
        "vat_rate_code", "vat_rate_code", "name", "Code of a VAT rate of the administration.", OPENAPI, required=True
    ),
    Field("total_excl_tax_amount", "total_excl_tax_amount", "money", "Total of the line without tax.", OPENAPI),
    Field("total_incl_tax_amount", "total_incl_tax_amount", "money", "Total of the line with tax.", OPENAPI),
    Field("product_price", "product_price", "money", "Price of one unit.", PAGE),
    Field("product_unit", "product_unit", "name", 'Unit; "piece" when not given.', OPENAPI),
    Field("product_quantity", "product_quantity", "decimal", 'Quantity; "1" when not given.', OPENAPI),
    Field("vat_percentage", "vat_percentage", "decimal", "VAT in percent: 21 is 21 %; must fit the code.", OPENAPI),
    Field("vat_amount", "vat_amount", "money", "VAT of the line.", PAGE),
    Field("line_order", "line_order", "whole", "Place of the line; every line has one, or none.", OPENAPI),
)
INVOICE: Final = (
    Field("currency_code", "currency_code", "currency", "Currency of the invoice, ISO 4217.", OPENAPI, required=True),
    Field("invoice_number", "invoice_number", "name", "Number of the invoice, once in the administration.", OPENAPI,
          required=True),
    Field("invoice_date", "invoice_date", "date", "Date of the invoice.", OPENAPI, required=True),
    Field("due_date", "due_date", "date", "Due date, not before invoice_date.", OPENAPI, required=True),
    Field("book_amount_total", "book_amount_total", "money", f"Total {_BOOK}.", OPENAPI, required=True),
    Field("book_amount_open", "book_amount_open", "money", f"What is not paid yet, {_BOOK}.", OPENAPI, required=True),
    Field("amount_open", "amount_open", "money", "What is not paid yet, in the currency of the invoice.", OPENAPI,
          required=True),
    Field("amount_total", "amount_total", "money", f"Total {_TOTAL}.", OPENAPI, required=True),
    Field("invoice_identifier", "invoice_identifier", "name", "Your own id of the invoice.", PAGE),
    Field("debtor_number", "debtor_number", "name", "Number of the debtor in the administration.", PAGE),
    Field("debtor_identifier", "debtor_identifier", "name", "Your own id of the debtor.", PAGE),
    Field("order_number", "order_number", "name", "Number of the order.", PAGE),
    Field("peppol_identifier", "peppol_identifier", "name", "Peppol id of the invoice.", PAGE),
    Field("description", "description", "text", "Text of the invoice.", PAGE),
    Field("category", "category", "name", "Category, your own.", PAGE),
    Field("contact_identifier", "contact_identifier", "name",
          "Your own id of the contact; the debtor's when not given.", OPENAPI),
    Field("payment_condition", "payment_condition", "name", "Code of a payment condition that Payt has linked.",
          OPENAPI),
    Field("sent_at", "sent_at", "moment", "When you sent it yourself: Payt does not mail it then.", GUIDE),
    Field("labels", "labels", "texts", "Labels; they take the place of all there were.", OPENAPI),
    Field("payment_term", "payment_term", "whole", "Payment term in days.", PAGE),
    _document("document", "The PDF of the invoice"),
    _document("ubl_document", "The UBL of the invoice"),
    Field("payments", "payments", "rows", "All payments, the oldest first.", OPENAPI, rows=PAYMENT),
    Field("invoice_lines", "invoice_lines", "rows", "All lines.", OPENAPI, rows=INVOICE_LINE),
    Field("payment_method", "payment_method", "code", "How it is to be paid.", OPENAPI, codes=PAYMENT_METHOD),
)  # fmt: skip
