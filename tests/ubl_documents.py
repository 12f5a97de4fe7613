"""UBL documents written for the tests: one that is whole, and what can be done to it."""

from __future__ import annotations

from typing import Any, NamedTuple

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_PARTY = """\
  <cac:{role}>
    <cac:Party>
      <cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>
      <cac:PostalAddress>
        <cbc:CityName>Rīga</cbc:CityName>
        <cac:Country><cbc:IdentificationCode>LV</cbc:IdentificationCode></cac:Country>
      </cac:PostalAddress>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>LV{number}</cbc:CompanyID>
        <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>{name}</cbc:RegistrationName>
        <cbc:CompanyID>{number}</cbc:CompanyID>
      </cac:PartyLegalEntity>
    </cac:Party>
  </cac:{role}>
"""
_TAX = """\
  <cac:TaxTotal>
    <cbc:TaxAmount currencyID="{currency}">{tax}</cbc:TaxAmount>
    <cac:TaxSubtotal>
      <cbc:TaxableAmount currencyID="{currency}">{net}</cbc:TaxableAmount>
      <cbc:TaxAmount currencyID="{currency}">{tax}</cbc:TaxAmount>
      <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>
    </cac:TaxSubtotal>
  </cac:TaxTotal>
"""
_TOTALS = """\
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="{currency}">{lines}</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="{currency}">{net}</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="{currency}">{gross}</cbc:TaxInclusiveAmount>
{more}    <cbc:PayableAmount currencyID="{currency}">{due}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
"""


class Line(NamedTuple):
    """A line: its values as they are written, and the elements between."""

    name: str = "Malka"
    qty: str = "4"
    price: str = "25.00"
    total: str = "100.00"
    unit: str = "C62"
    between: str = ""
    about: str = ""
    beside_price: str = ""


def document(
    *lines: Line, root: str = "Invoice", number: str = "INV-77", code: str = "380", currency: str = "EUR",
    net: str = "100.00", gross: str = "121.00", tax: str = "21.00", due: str | None = None, head: str = "", middle: str = "",
    totals: str = "", supplier: str = "SIA Piegādātājs", client: str | None = "AS Klients", summed: str | None = None,
) -> str:  # fmt: skip
    """Give a document; ``head`` follows the currency, ``middle`` the parties, ``totals`` the gross amount."""
    lines = lines or (Line(),)
    values: dict[str, Any] = {"currency": currency, "net": net, "gross": gross, "tax": tax, "lines": summed or net}
    type_code = f"  <cbc:{root}TypeCode>{code}</cbc:{root}TypeCode>\n" if code else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{UBL}:{root}-2"\n'
        f'    xmlns:cac="{UBL}:CommonAggregateComponents-2"\n    xmlns:cbc="{UBL}:CommonBasicComponents-2">\n'
        "  <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>\n"
        f"  <cbc:ID>{number}</cbc:ID>\n  <cbc:IssueDate>2026-11-02</cbc:IssueDate>\n{type_code}"
        f"  <cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>\n{head}"
        + _PARTY.format(role="AccountingSupplierParty", name=supplier, number="40003000001")
        + (_PARTY.format(role="AccountingCustomerParty", name=client, number="40003000002") if client else "")
        + middle + _TAX.format(**values)
        + _TOTALS.format(**values, due=gross if due is None else due, more=totals)
        + "".join(_line(index, line, root, currency) for index, line in enumerate(lines, 1))
        + f"</{root}>\n"
    )  # fmt: skip


def _line(index: int, line: Line, root: str, currency: str) -> str:
    quantity = "InvoicedQuantity" if root == "Invoice" else "CreditedQuantity"
    return (
        f"  <cac:{root}Line>\n    <cbc:ID>{index}</cbc:ID>\n"
        f'    <cbc:{quantity} unitCode="{line.unit}">{line.qty}</cbc:{quantity}>\n'
        f'    <cbc:LineExtensionAmount currencyID="{currency}">{line.total}</cbc:LineExtensionAmount>\n{line.between}'
        f"    <cac:Item>\n      <cbc:Name>{line.name}</cbc:Name>\n{line.about}"
        "      <cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory>\n    </cac:Item>\n"
        f'    <cac:Price><cbc:PriceAmount currencyID="{currency}">{line.price}</cbc:PriceAmount>{line.beside_price}</cac:Price>\n'
        f"  </cac:{root}Line>\n"
    )


def allowance(amount: str, *, charge: bool = False, percent: str = "", reason: str = "", currency: str = "EUR") -> str:
    """Give an allowance or charge, of a line or of the whole document."""
    return (
        f"  <cac:AllowanceCharge>\n    <cbc:ChargeIndicator>{'true' if charge else 'false'}</cbc:ChargeIndicator>\n"
        + (f"    <cbc:AllowanceChargeReason>{reason}</cbc:AllowanceChargeReason>\n" if reason else "")
        + (f"    <cbc:MultiplierFactorNumeric>{percent}</cbc:MultiplierFactorNumeric>\n" if percent else "")
        + f'    <cbc:Amount currencyID="{currency}">{amount}</cbc:Amount>\n  </cac:AllowanceCharge>\n'
    )
