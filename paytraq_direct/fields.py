"""The table of fields: every leaf element of ``<Sale>``, once.

Reading, checking, rendering, the JSON Schema and the reference page all come from this table. The order is
the order of the PayTraq Direct page; a field's name is its tag in snake_case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Union

from paytraq_direct import codes
from paytraq_direct.codes import PAGE, Enumeration

OURS: Final = "ours"
NEWER_PAGE: Final = f"{PAGE}, newer edition"
SHOWN: Final = f"{PAGE}, example only"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name, the path of its element, and how its value is taken.

    ``kind`` is text, name, date, link, code, currency, boolean, amount, percent, days, or rows of other fields.
    """

    name: str
    element: str
    kind: str
    meaning: str
    source: str
    required: bool = False
    codes: Enumeration | None = None
    rows: tuple[Field, ...] = ()

    @property
    def tag(self) -> str:
        """Name the leaf element, without its parents."""
        return self.element.rpartition("/")[2]


def _coded(name: str, element: str, enumeration: Enumeration, meaning: str, *, required: bool = False) -> Field:
    return Field(name, element, "code", meaning, enumeration.source, required, enumeration)


LINE_ITEM: Final = (
    Field("item_code", "Item/ItemCode", "name", "Product or service SKU.", f"{PAGE}, <ItemCode>"),
    Field("item_bar_code", "Item/ItemBarCode", "name", "Bar code of the product.", SHOWN),
    Field("item_name", "Item/ItemName", "name", "Product or service name.", f"{PAGE}, <ItemName>", required=True),
    Field("description", "Description", "text", "Text of the line, beside the name.", SHOWN),
    Field("qty", "Qty", "amount", "Quantity, in units of unit_name.", SHOWN, required=True),
    Field("price", "Price", "amount", "Price of one unit before line_discount, in currency.", SHOWN, required=True),
    Field(
        "line_discount", "LineDiscount", "percent", "Line discount in percent: 10 is 10 %.", f"{PAGE}, <LineDiscount>"
    ),
    Field("line_total", "LineTotal", "amount", "Total of the line, in currency.", SHOWN),
    Field("unit_name", "Unit/UnitName", "name", "Name of the unit, free text: pcs, h, kg.", SHOWN),
)

ADJUSTMENT: Final = (
    Field("amount", "Amount", "amount", "Percent or sum in currency, as pct_or_amount says.", SHOWN),
    Field("description", "Description", "text", "What the charge or discount is for.", SHOWN),
    _coded("type_id", "TypeID", codes.TYPE_ID, "Whether it is added or taken off."),
    _coded("pct_or_amount", "PctOrAmount", codes.PCT_OR_AMOUNT, "Whether amount is a percentage or a sum."),
)

INVOICE: Final = (
    Field("document_date", "Header/Document/DocumentDate", "date", "Date of the document.",
          f"{PAGE}, <DocumentDate>", required=True),
    Field("document_ref", "Header/Document/DocumentRef", "name", "Number of the document.",
          f"{PAGE}, <DocumentRef>", required=True),
    Field("document_uri", "Header/Document/ExternalLink/DocumentURI", "link",
          "Link to the document, http or https.", SHOWN),
    Field("pdf", "Header/Document/ExternalLink/PDF", "link", "Link to the PDF of the document, http or https.", SHOWN),
    Field("supplier_name", "Header/Document/SupplierData/SupplierName", "name", "Name of the supplier.",
          f"{PAGE}, <SupplierName>", required=True),
    Field("supplier_reg_number", "Header/Document/SupplierData/SupplierRegNumber", "name",
          "Registration number of the supplier, as text: leading zeros count.", NEWER_PAGE),
    Field("supplier_tax_number", "Header/Document/SupplierData/SupplierTaxNumber", "name",
          "Tax number of the supplier, with its country prefix.", NEWER_PAGE),
    Field("client_name", "Header/Document/ClientData/ClientName", "name", "Name of the client, who receives it.",
          f"{PAGE}, <ClientName>", required=True),
    Field("client_reg_number", "Header/Document/ClientData/ClientRegNumber", "name",
          "Registration number of the client, as text: leading zeros count.", NEWER_PAGE),
    Field("client_tax_number", "Header/Document/ClientData/ClientTaxNumber", "name",
          "Tax number of the client, with its country prefix.", NEWER_PAGE),
    _coded("sale_type", "Header/SaleType", codes.SALE_TYPE, "Type of the document for the supplier.", required=True),
    _coded("operation", "Header/Operation", codes.OPERATION, "What is sold."),
    Field("currency", "Header/Currency", "currency", "Currency of all amounts, ISO 4217, three capitals.",
          f"{PAGE}, <Currency>", required=True),
    _coded("tax_basis", "Header/TaxBasis", codes.TAX_BASIS, "Basis on which tax is accounted for."),
    Field("include_tax", "Header/IncludeTax", "boolean", "Whether the amounts are tax inclusive.",
          f"{PAGE}, <IncludeTax>"),
    _coded("pay_term_type", "Header/PayTerm/PayTermType", codes.PAY_TERM_TYPE, "How the due date is given."),
    Field("pay_term_days", "Header/PayTerm/PayTermDays", "days",
          "Number of days; only with pay_term_type 1 (due_days) or 2 (eom).", f"{PAGE}, <PayTermDays>"),
    Field("date_due", "Header/DateDue", "date", "Due date; only with pay_term_type 0 (other_date).",
          f"{PAGE}, <DateDue>"),
    Field("deposit", "Header/Deposit", "amount", "Amount already paid, in currency (meaning by name).", SHOWN),
    Field("comment", "Header/Comment", "text", "Free text on the document.", SHOWN),
    _coded("payment_method", "Header/PaymentMethod", codes.PAYMENT_METHOD, "How it is paid."),
    _coded("shipping_type", "Header/ShippingData/ShippingType", codes.SHIPPING_TYPE, "Kind of shipping."),
    Field("line_items", "LineItems/LineItem", "rows", "The lines, at least one.", SHOWN, required=True, rows=LINE_ITEM),
    Field("adjustments", "Adjustments/Adjustment", "rows", "Charges and discounts on the whole document.",
          SHOWN, rows=ADJUSTMENT),
    Field("shipping_charge", "ShippingCharge/Amount", "amount", "Charge for shipping, in currency.", SHOWN),
    Field("gross_amount", "Totals/GrossAmount", "amount", "Total amount with taxes, in currency.",
          f"{PAGE}, <GrossAmount>", required=True),
    Field("net_amount", "Totals/NetAmount", "amount", "Total amount before taxes, in currency.",
          f"{PAGE}, <NetAmount>", required=True),
)  # fmt: skip

Tree = dict[str, Union["Tree", Field]]
"""The elements of a document, each with what may stand in it, or with its field."""


def names(table: tuple[Field, ...]) -> tuple[str, ...]:
    """List the names of a table's fields, in the order of the document."""
    return tuple(field.name for field in table)


def required(table: tuple[Field, ...]) -> frozenset[str]:
    """List the names of the fields that a record must have."""
    return frozenset(field.name for field in table if field.required)


@cache
def tree(table: tuple[Field, ...]) -> Tree:
    """Give a table of fields as the tree of its elements."""
    tree: Tree = {}
    for field in table:
        *folders, leaf = field.element.split("/")
        branch: Any = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
        branch[leaf] = field
    return tree
