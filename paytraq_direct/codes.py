"""The enumerations of the PayTraq Direct page and the currency codes of ISO 4217, each with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

PAGE: Final = "PayTraq Direct page"

SaleType = Literal["sales_order", "sales_proforma", "sales_invoice", "sales_receipt", "sales_estimate", "credit_note"]
Operation = Literal["sell_goods", "sell_services", "other_income"]
TaxBasis = Literal[1, 2]
PayTermType = Literal[0, 1, 2, 3, 4]
PaymentMethod = Literal[0, 1, 2, 3, 4, 5, 6]
ShippingType = Literal[0, 1, 2, 3]
TypeId = Literal["charge", "discount"]
PctOrAmount = Literal["pct", "amount"]

TaxBasisName = Literal["accrual", "cash"]
PayTermTypeName = Literal["other_date", "due_days", "eom", "cash_on_delivery", "open_date"]
PaymentMethodName = Literal["not_defined", "bank", "cash", "card", "prepayment", "offsetting", "factoring"]
ShippingTypeName = Literal["not_defined", "supply_of_goods", "movement_of_goods", "product_returns"]


@dataclass(frozen=True, slots=True)
class Code:
    """One value of an enumeration: what travels in the document, its name in a record, and its meaning."""

    wire: str
    name: str
    meaning: str
    value: str | int

    def __str__(self) -> str:
        """Give the code as a person reads it: ``1 (due_days)``, or the word alone where it is a word."""
        return self.wire if self.wire == self.name else f"{self.wire} ({self.name})"


@dataclass(frozen=True, slots=True)
class Enumeration:
    """All values of one element, looked up by wire code, by name, or by number."""

    element: str
    codes: tuple[Code, ...]
    by_input: dict[object, str | int] = field(init=False, repr=False, compare=False)
    by_value: dict[object, Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        inputs: dict[object, str | int] = {}
        for code in self.codes:
            inputs.update({code.wire: code.value, code.name: code.value, code.value: code.value})
        object.__setattr__(self, "by_input", inputs)
        object.__setattr__(self, "by_value", {code.value: code for code in self.codes})

    @property
    def source(self) -> str:
        """Name the place that documents these values."""
        return f"{PAGE}, <{self.element}>"

    @property
    def choices(self) -> str:
        """List the values for a message: ``1 (accrual), 2 (cash)``."""
        return ", ".join(map(str, self.codes))


def worded(element: str, **meanings: str) -> Enumeration:
    """Give an enumeration of words that are their own names, each with its meaning."""
    return Enumeration(element, tuple(Code(word, word, text, word) for word, text in meanings.items()))


def _numbers(element: str, first: int, **meanings: str) -> Enumeration:
    codes = (Code(str(n), name, text, n) for n, (name, text) in enumerate(meanings.items(), first))
    return Enumeration(element, tuple(codes))


SALE_TYPE: Final = worded(
    "SaleType",
    sales_order="Sales Order",
    sales_proforma="Proforma Invoice",
    sales_invoice="Invoice",
    sales_receipt="Receipt",
    sales_estimate="Quote/Estimate",
    credit_note="Credit Note/Refund",
)
OPERATION: Final = worded(
    "Operation", sell_goods="Selling Goods", sell_services="Selling Services", other_income="Other Income"
)
TAX_BASIS: Final = _numbers("TaxBasis", 1, accrual="Accrual", cash="Cash")
PAY_TERM_TYPE: Final = _numbers(
    "PayTermType",
    0,
    other_date="Other date",
    due_days="Due days",
    eom="EOM+",
    cash_on_delivery="Cash on delivery",
    open_date="Open date of payment",
)
PAYMENT_METHOD: Final = _numbers(
    "PaymentMethod",
    0,
    not_defined="Not Defined",
    bank="Bank",
    cash="Cash",
    card="Card",
    prepayment="Prepayment",
    offsetting="Offsetting",
    factoring="Factoring",
)
SHIPPING_TYPE: Final = _numbers(
    "ShippingType",
    0,
    not_defined="Not Defined",
    supply_of_goods="Supply of goods",
    movement_of_goods="Movement of goods",
    product_returns="Product returns",
)
TYPE_ID: Final = worded("TypeID", charge="Charge", discount="Discount")
PCT_OR_AMOUNT: Final = worded("PctOrAmount", pct="Percent", amount="Amount")

# ISO 4217:2015, list one (current currencies and funds), as published for 1 January 2026.
CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD
    XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
    """.split()
)
# ISO 4217:2015, list one: the currencies whose smallest unit is not a hundredth, with the number of their decimals.
MINOR_UNITS: Final = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# ISO 4217, list three: withdrawn since 2000, with what took their place. Old invoices still carry them.
WITHDRAWN_CURRENCIES: Final = {
    "ANG": "XCG", "BGN": "EUR", "BYR": "BYN", "CUC": "CUP", "CYP": "EUR", "EEK": "EUR", "GHC": "GHS", "HRK": "EUR",
    "LTL": "EUR", "LVL": "EUR", "MRO": "MRU", "MTL": "EUR", "MZM": "MZN", "ROL": "RON", "SIT": "EUR", "SKK": "EUR",
    "SLL": "SLE", "STD": "STN", "TRL": "TRY", "VEF": "VES", "ZMK": "ZMW", "ZWL": "ZWG",
}  # fmt: skip
