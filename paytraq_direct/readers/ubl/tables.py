"""What stands where, as tables: elements of UBL to fields of the record, and codes to codes.

docs/ubl.md is made from these tables. Sources: OASIS UBL 2.1; EN 16931-1 (BT and BG numbers); UNTDID 1001 and 4461;
UN/ECE Recommendation 20, revision 17.
"""

from __future__ import annotations

from typing import Final, NamedTuple

NAMESPACES: Final = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "ext": "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
}
ROOTS: Final = {
    "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice": "Invoice",
    "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote": "CreditNote",
}
SUPPLIER: Final = "cac:AccountingSupplierParty/cac:Party"
CLIENT: Final = "cac:AccountingCustomerParty/cac:Party"
TOTALS: Final = "cac:LegalMonetaryTotal"


class Row(NamedTuple):
    """A field and the elements it is taken from: the first that is not blank counts."""

    field: str
    paths: tuple[str, ...]


HEAD: Final = (
    Row("document_date", ("cbc:IssueDate",)),
    Row("document_ref", ("cbc:ID",)),
    Row("supplier_name",
        (f"{SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName", f"{SUPPLIER}/cac:PartyName/cbc:Name")),
    Row("supplier_reg_number", (f"{SUPPLIER}/cac:PartyLegalEntity/cbc:CompanyID",)),
    Row("client_name", (f"{CLIENT}/cac:PartyLegalEntity/cbc:RegistrationName", f"{CLIENT}/cac:PartyName/cbc:Name")),
    Row("client_reg_number", (f"{CLIENT}/cac:PartyLegalEntity/cbc:CompanyID",)),
    Row("currency", ("cbc:DocumentCurrencyCode",)),
    Row("date_due", ("cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate")),
    Row("net_amount", (f"{TOTALS}/cbc:TaxExclusiveAmount",)),
    Row("gross_amount", (f"{TOTALS}/cbc:TaxInclusiveAmount",)),
)  # fmt: skip
LINE: Final = (
    Row("item_code", ("cac:Item/cac:SellersItemIdentification/cbc:ID",)),
    Row("item_name", ("cac:Item/cbc:Name",)),
    Row("qty", ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")),
    Row("price", ("cac:Price/cbc:PriceAmount",)),
    Row("line_total", ("cbc:LineExtensionAmount",)),
)
# Those that further steps work out; the paths are for the page and for what is missing.
WORKED_OUT: Final = (
    Row("supplier_tax_number", (f"{SUPPLIER}/cac:PartyTaxScheme/cbc:CompanyID of the scheme VAT",)),
    Row("client_tax_number", (f"{CLIENT}/cac:PartyTaxScheme/cbc:CompanyID of the scheme VAT",)),
    Row("sale_type", ("the root and cbc:InvoiceTypeCode or cbc:CreditNoteTypeCode",)),
    Row("tax_basis", ("cac:InvoicePeriod/cbc:DescriptionCode",)),
    Row("include_tax", ("always false",)),
    Row("pay_term_type", ("0 (other_date) with a due date",)),
    Row("payment_method", ("cac:PaymentMeans/cbc:PaymentMeansCode",)),
    Row("comment", ("cbc:Note, cac:PaymentTerms/cbc:Note, and the references below",)),
    Row("adjustments", ("cac:AllowanceCharge, each as an amount",)),
    Row("line_items[].item_bar_code", ("cac:Item/cac:StandardItemIdentification/cbc:ID whose check digit is right",)),
    Row("line_items[].description", ("cac:Item/cbc:Description and cbc:Note of the line, one after the other",)),
    Row("line_items[].price", ("cac:Price/cbc:PriceAmount divided by cbc:BaseQuantity",)),
    Row("line_items[].line_discount", ("cac:AllowanceCharge of the line, where a percentage gives its total",)),
    Row("line_items[].unit_name", ("the unit code of the quantity",)),
)

# What the comment keeps of facts that have no field: label and elements, in this order, after the notes.
NOTES: Final = ("cbc:Note",)
TERMS: Final = ("Payment terms", "cac:PaymentTerms/cbc:Note")
REFERENCES: Final = (
    ("Order", "cac:OrderReference/cbc:ID"),
    ("Sales order", "cac:OrderReference/cbc:SalesOrderID"),
    ("Buyer reference", "cbc:BuyerReference"),
    ("Original invoice", "cac:BillingReference/cac:InvoiceDocumentReference"),
    ("Original credit note", "cac:BillingReference/cac:CreditNoteDocumentReference"),
    ("Contract", "cac:ContractDocumentReference/cbc:ID"),
    ("Payment reference", "cac:PaymentMeans/cbc:PaymentID"),
    ("Account", "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
    ("BIC", "cac:PaymentMeans/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
    ("Prepaid", f"{TOTALS}/cbc:PrepaidAmount"),
    ("Rounding", f"{TOTALS}/cbc:PayableRoundingAmount"),
    ("Amount due", f"{TOTALS}/cbc:PayableAmount"),
)
# All that is looked at: below the root, below a line, and below an allowance or charge of either.
LINES: Final = ("cac:InvoiceLine", "cac:CreditNoteLine")
TYPES: Final = ("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode")
TAXES: Final = "cac:TaxTotal/cbc:TaxAmount"
CHARGED: Final = "cac:AllowanceCharge"
CHARGED_PATHS: Final = (
    "cbc:ChargeIndicator", "cbc:Amount", "cbc:MultiplierFactorNumeric", "cbc:AllowanceChargeReason",
    "cbc:AllowanceChargeReasonCode",
)  # fmt: skip
AMOUNTS: Final = tuple(
    f"{TOTALS}/cbc:{name}Amount"
    for name in ("LineExtension", "TaxExclusive", "TaxInclusive", "AllowanceTotal", "ChargeTotal", "Prepaid",
                 "PayableRounding", "Payable")
)  # fmt: skip
HEAD_PATHS: Final = (
    *(path for row in HEAD for path in row.paths), *TYPES, *NOTES, TERMS[1], *(path for _, path in REFERENCES),
    *AMOUNTS,
    *(f"{party}/{path}" for party in (SUPPLIER, CLIENT) for path in ("cac:PartyTaxScheme", "cac:PartyName/cbc:Name")),
    CHARGED, f"{CHARGED}/cbc:Amount", TAXES, "cac:InvoicePeriod/cbc:DescriptionCode",
    "cac:PaymentMeans/cbc:PaymentMeansCode",
)  # fmt: skip
LINE_PATHS: Final = (
    *(path for row in LINE for path in row.paths), "cac:Price/cbc:BaseQuantity", CHARGED, f"{CHARGED}/cbc:Amount",
    "cac:SubInvoiceLine",
    "cac:Item/cac:StandardItemIdentification/cbc:ID", "cac:Item/cbc:Description", "cbc:Note",
)  # fmt: skip

SELF_BILLED: Final = frozenset({"389", "261"})
PROFORMA: Final = "325"
PLAIN_TYPES: Final = frozenset({"380", "381", PROFORMA, "SalesInvoice", ""})
CREDIT_TYPES: Final = frozenset("381 396 81 83 308 420 458 532".split())
# Other invoices of UNTDID 1001: they are invoices here, and what makes them special is told as lost.
INVOICE_TYPES: Final = frozenset(
    "380 384 326 386 388 383 387 575 204 875 876 877 71 80 82 84 102 211 218 219 331 382 385 390 393 394 395 456 457 "
    "527 553 623 633 751 780 817 870 935 SalesInvoice".split()
)

BANK, CARD, CASH, OFFSETTING, NOT_DEFINED = "1", "3", "2", "5", "0"
PAYMENT_METHODS: Final = {
    **dict.fromkeys("30 58 31 42 49 59".split(), BANK), "10": CASH, **dict.fromkeys("48 54 55".split(), CARD),
    "97": OFFSETTING, **dict.fromkeys(("1", "ZZZ"), NOT_DEFINED),
}  # fmt: skip
TAX_BASES: Final = {"3": "1", "35": "1", "432": "2"}
UNITS: Final = {
    **dict.fromkeys("EA XPP C62 H87 PCE NAR".split(), "pcs"), "HUR": "h", "DAY": "day", "MON": "month", "ANN": "year",
    "MIN": "min", "KWH": "kWh", "KGM": "kg", "TNE": "t", "MTR": "m", "KMT": "km", "MTK": "m²", "MTQ": "m³", "LTR": "l",
}  # fmt: skip
