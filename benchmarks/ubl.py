"""A UBL invoice of 20 lines, all the way to a document that fits, against the bare parse of the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lxml import etree

from benchmarks.figures import Figure, seconds_each
from paytraq_direct import schema
from paytraq_direct.readers import Options, readings
from paytraq_direct.readers.ubl import reader
from paytraq_direct.readers.ubl.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers import Reading

LINES = 20
GOAL, STRETCH = 6, 5
_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_PARTY = """\
    <cac:{role}>
        <cac:Party>
            <cbc:EndpointID schemeID="0218">{number}</cbc:EndpointID>
            <cac:PartyName>
                <cbc:Name>{name}</cbc:Name>
            </cac:PartyName>
            <cac:PostalAddress>
                <cbc:StreetName>Brīvības iela 1</cbc:StreetName>
                <cbc:CityName>Rīga</cbc:CityName>
                <cbc:PostalZone>LV-1010</cbc:PostalZone>
                <cac:Country>
                    <cbc:IdentificationCode>LV</cbc:IdentificationCode>
                </cac:Country>
            </cac:PostalAddress>
            <cac:PartyTaxScheme>
                <cbc:CompanyID>LV{number}</cbc:CompanyID>
                <cac:TaxScheme>
                    <cbc:ID>VAT</cbc:ID>
                </cac:TaxScheme>
            </cac:PartyTaxScheme>
            <cac:PartyLegalEntity>
                <cbc:RegistrationName>{name}</cbc:RegistrationName>
                <cbc:CompanyID schemeID="0218">{number}</cbc:CompanyID>
            </cac:PartyLegalEntity>
            <cac:Contact>
                <cbc:Name>Anna Bērziņa</cbc:Name>
                <cbc:ElectronicMail>anna@example.lv</cbc:ElectronicMail>
            </cac:Contact>
        </cac:Party>
    </cac:{role}>
"""
_LINE = """\
    <cac:InvoiceLine>
        <cbc:ID>{number}</cbc:ID>
        <cbc:InvoicedQuantity unitCode="C62">4</cbc:InvoicedQuantity>
        <cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
        <cac:Item>
            <cbc:Description>Bērza, 30 cm, sausa</cbc:Description>
            <cbc:Name>Malka nr. {number}</cbc:Name>
            <cac:SellersItemIdentification>
                <cbc:ID>M-{number}</cbc:ID>
            </cac:SellersItemIdentification>
            <cac:ClassifiedTaxCategory>
                <cbc:ID>S</cbc:ID>
                <cbc:Percent>21</cbc:Percent>
                <cac:TaxScheme>
                    <cbc:ID>VAT</cbc:ID>
                </cac:TaxScheme>
            </cac:ClassifiedTaxCategory>
        </cac:Item>
        <cac:Price>
            <cbc:PriceAmount currencyID="EUR">25.00</cbc:PriceAmount>
        </cac:Price>
    </cac:InvoiceLine>
"""


def invoice_ubl(lines: int) -> bytes:
    """Give an invoice as accounting software writes it for Peppol: indented, with addresses, an account and the tax."""
    net, tax = 100 * lines, 21 * lines
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{_UBL}:Invoice-2" xmlns:cac="{_UBL}:CommonAggregateComponents-2"
         xmlns:cbc="{_UBL}:CommonBasicComponents-2">
    <cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
    <cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
    <cbc:ID>INV-2026-000001</cbc:ID>
    <cbc:IssueDate>2026-11-02</cbc:IssueDate>
    <cbc:DueDate>2026-11-16</cbc:DueDate>
    <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
    <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
    <cbc:BuyerReference>Anna</cbc:BuyerReference>
{_PARTY.format(role="AccountingSupplierParty", name="SIA Piegādātājs", number="40003000000")}\
{_PARTY.format(role="AccountingCustomerParty", name="AS Klients", number="40103000000")}\
    <cac:PaymentMeans>
        <cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
        <cbc:PaymentID>INV-2026-000001</cbc:PaymentID>
        <cac:PayeeFinancialAccount>
            <cbc:ID>LV80BANK0000435195001</cbc:ID>
        </cac:PayeeFinancialAccount>
    </cac:PaymentMeans>
    <cac:TaxTotal>
        <cbc:TaxAmount currencyID="EUR">{tax}.00</cbc:TaxAmount>
        <cac:TaxSubtotal>
            <cbc:TaxableAmount currencyID="EUR">{net}.00</cbc:TaxableAmount>
            <cbc:TaxAmount currencyID="EUR">{tax}.00</cbc:TaxAmount>
            <cac:TaxCategory>
                <cbc:ID>S</cbc:ID>
                <cbc:Percent>21</cbc:Percent>
                <cac:TaxScheme>
                    <cbc:ID>VAT</cbc:ID>
                </cac:TaxScheme>
            </cac:TaxCategory>
        </cac:TaxSubtotal>
    </cac:TaxTotal>
    <cac:LegalMonetaryTotal>
        <cbc:LineExtensionAmount currencyID="EUR">{net}.00</cbc:LineExtensionAmount>
        <cbc:TaxExclusiveAmount currencyID="EUR">{net}.00</cbc:TaxExclusiveAmount>
        <cbc:TaxInclusiveAmount currencyID="EUR">{net + tax}.00</cbc:TaxInclusiveAmount>
        <cbc:PayableAmount currencyID="EUR">{net + tax}.00</cbc:PayableAmount>
    </cac:LegalMonetaryTotal>
{"".join(_LINE.format(number=number + 1) for number in range(lines))}\
</Invoice>
""".encode()


def reading_of(data: bytes) -> Reading:
    """Read an invoice that is known to be good."""
    (reading,) = readings("it.xml", io.BytesIO(data), Options())
    if reading.invoice is None or reading.faults:
        raise ValueError(reading.faults)
    return reading


def prepared(reading: Reading) -> bytes:
    """Give the document of a reading, held against the schema."""
    if reading.invoice is None:
        raise ValueError(reading.faults)
    return schema.prepare(reading.invoice)


def figures() -> Iterator[Figure]:
    """Measure it, and print the share of each stage."""
    data = invoice_ubl(LINES)
    reading = reading_of(data)
    root = etree.fromstring(data)
    seconds = seconds_each(
        {
            "parse": lambda: etree.fromstring(data),
            "whole": lambda: prepared(reading_of(data)),
            "with losses": lambda: (prepared(found := reading_of(data)), found.losses),
            "map": lambda: reader.record_of(Source(root), Options()),
            "read": lambda: reading_of(data),
            "render and fit": lambda: prepared(reading),
        },
        rounds=25,
        repeats=40,
    )
    print(f"  {LINES} lines: " + "  ".join(f"{name} {value * 1e6:,.0f} µs" for name, value in seconds.items()))
    yield Figure(f"UBL to a document ÷ bare parse, {LINES} lines", seconds["whole"] / seconds["parse"], GOAL, STRETCH)
