"""UBL that is sent as it is: what EN 16931 requires at the least, and the record by which it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import rules
from paytraq_direct.invoice import take
from paytraq_direct.readers import sale
from paytraq_direct.readers.reading import Reading
from paytraq_direct.readers.ubl import reader, tables
from paytraq_direct.readers.ubl.paths import Paths
from paytraq_direct.readers.ubl.source import Source, first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.errors import Fault
    from paytraq_direct.readers.json import Options
    from paytraq_direct.xmlio import Element


class Term(NamedTuple):
    """A business term that every invoice has: what it is, its number, and where it stands; ``@`` is an attribute."""

    what: str
    number: str
    paths: tuple[str, ...]


_COUNTRY: Final = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
# EN 16931-1:2017, section 6.3, cardinality 1..1 and 1..n, with the syntax binding of CEN/TS 16931-3-2.
_HEAD: Final = (
    Term("the number", "BT-1", ("cbc:ID",)),
    Term("the date", "BT-2", ("cbc:IssueDate",)),
    Term("the type code", "BT-3", ("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode")),
    Term("the currency", "BT-5", ("cbc:DocumentCurrencyCode",)),
    Term("the specification that it follows", "BT-24", ("cbc:CustomizationID",)),
    Term("the name of the seller", "BT-27", (f"{tables.SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName",)),
    Term("the country of the seller", "BT-40", (f"{tables.SUPPLIER}/{_COUNTRY}",)),
    Term("the name of the buyer", "BT-44", (f"{tables.CLIENT}/cac:PartyLegalEntity/cbc:RegistrationName",)),
    Term("the country of the buyer", "BT-55", (f"{tables.CLIENT}/{_COUNTRY}",)),
    Term("the VAT breakdown", "BG-23", ("cac:TaxTotal/cac:TaxSubtotal",)),
    Term("the sum of the lines", "BT-106", (f"{tables.TOTALS}/cbc:LineExtensionAmount",)),
    Term("the total without VAT", "BT-109", (f"{tables.TOTALS}/cbc:TaxExclusiveAmount",)),
    Term("the total with VAT", "BT-112", (f"{tables.TOTALS}/cbc:TaxInclusiveAmount",)),
    Term("the amount due", "BT-115", (f"{tables.TOTALS}/cbc:PayableAmount",)),
    Term("a line", "BG-25", ("cac:InvoiceLine", "cac:CreditNoteLine")),
)  # fmt: skip
_LINE: Final = (
    Term("the identifier of the line", "BT-126", ("cbc:ID",)),
    Term("the quantity", "BT-129", ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")),
    Term("the total of the line", "BT-131", ("cbc:LineExtensionAmount",)),
    Term("the price", "BT-146", ("cac:Price/cbc:PriceAmount",)),
    Term("the VAT category", "BT-151", ("cac:Item/cac:ClassifiedTaxCategory/cbc:ID",)),
    Term("the name of the item", "BT-153", ("cac:Item/cbc:Name",)),
)
_HEAD_PATHS: Final = Paths(path for term in _HEAD for path in term.paths)
_LINE_PATHS: Final = Paths(path for term in _LINE for path in term.paths)


def as_it_is(name: str, root: Element, data: bytes, options: Options) -> Reading:
    """Read a document whose own bytes are sent; its record only tells what it is, so what no field carries is no fault.

    An error is a term that EN 16931 requires and that is not there, or a breach of what PayTraq documents or of safety.
    """
    if fault := sale.too_large(data):
        return Reading(name, None, (fault,))
    source = Source(root)
    record = reader.record_of(source, options)
    invoice, faults = take(record, foreign=True, arithmetic=options.arithmetic)
    noted = [*_missing(source)]
    if options.operation:
        noted.append((rules.FINISHED_DOCUMENT.fault("operation", suggestion="leave --operation out"), root))
    noted += [
        (reader.of_document(fault), source.element_of(fault.path))
        for fault in faults
        if fault.code != rules.MISSING.code
    ]
    placed = sale.marked(root, noted, data)
    if invoice is None or any(fault.is_error for fault in placed):
        return Reading(name, None, placed)
    object.__setattr__(invoice, "document", data)  # the record is new, and nobody has seen it yet
    return Reading(name, invoice, placed)


def _missing(source: Source) -> Iterator[tuple[Fault, Element]]:
    yield from _missing_in(source.root, "", _HEAD, _HEAD_PATHS)
    for index, (line, _) in enumerate(source.lines):
        yield from _missing_in(line, f"line_items[{index}]", _LINE, _LINE_PATHS)


def _missing_in(element: Element, path: str, terms: tuple[Term, ...], paths: Paths) -> Iterator[tuple[Fault, Element]]:
    found = paths.found(element)
    for term in terms:
        if first(found, term.paths) is None:
            fault = rules.AT_THE_LEAST.fault(path, what=term.what, term=term.number, place=term.paths[0])
            yield fault, element
