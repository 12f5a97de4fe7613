"""What a UBL document says and the record cannot: every element with content that no field took, by kind.

Whatever no kind names is of the last one, so that nothing is left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import wording
from paytraq_direct.readers.reading import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element

_LONGEST: Final = 100


class Kind(NamedTuple):
    """A kind of fact that is not carried, what follows from it, and the elements that say it.

    ``Line`` stands for InvoiceLine and CreditNoteLine; an element counts with all that is in it.
    """

    code: str
    what: str
    consequence: str
    elements: tuple[str, ...]


KINDS: Final = (
    Kind("UBL-01", "VAT breakdown", "of the tax only gross less net is known, no rates, categories or reasons",
         ("TaxTotal", "WithholdingTaxTotal", "TaxCurrencyCode", "TaxPointDate", "TaxExchangeRate",
          "AllowanceCharge/TaxCategory", "AllowanceCharge/TaxTotal")),
    Kind("UBL-02", "VAT of a line", "the line cannot be booked with its own rate",
         ("Line/TaxTotal", "Line/WithholdingTaxTotal", "Line/Item/ClassifiedTaxCategory",
          "Line/AllowanceCharge/TaxCategory")),
    Kind("UBL-03", "bank account", "the account to pay to has no field of its own",
         ("PaymentMeans/PayeeFinancialAccount",)),
    Kind("UBL-04", "payment reference", "the payment may not be matched", ("PaymentMeans/PaymentID",)),
    Kind("UBL-05", "means and terms of payment", "how it is to be paid is told by payment_method alone",
         ("PaymentMeans", "PaymentTerms", "PaymentExchangeRate")),
    Kind("UBL-06", "order reference", "it cannot be matched with an order by itself",
         ("OrderReference", "BuyerReference", "OriginatorDocumentReference", "Line/OrderLineReference")),
    Kind("UBL-07", "original invoice", "what it corrects or credits has no field of its own",
         ("BillingReference", "Line/BillingReference")),
    Kind("UBL-08", "other references", "the documents that it names are not known to the customer's books",
         ("ContractDocumentReference", "ProjectReference", "DespatchDocumentReference", "ReceiptDocumentReference",
          "StatementDocumentReference", "Line/DespatchLineReference", "Line/ReceiptLineReference")),
    Kind("UBL-09", "prepaid, rounding or amount due", "what is to be paid has no field, and is not gross_amount",
         ("LegalMonetaryTotal", "PrepaidPayment")),
    Kind("UBL-10", "attachment", "the files and links that come with it stay behind",
         ("AdditionalDocumentReference", "Line/DocumentReference")),
    Kind("UBL-11", "address or contact", "the customer's own data of the party is used",
         ("AccountingSupplierParty/Party/PostalAddress", "AccountingSupplierParty/Party/Contact",
          "AccountingCustomerParty/Party/PostalAddress", "AccountingCustomerParty/Party/Contact")),
    Kind("UBL-12", "name or number of a party", "the party is known by one name, one registration and one tax number",
         ("AccountingSupplierParty", "AccountingCustomerParty")),
    Kind("UBL-13", "further party", "that another party is paid, buys, sells or accounts for the tax is not told",
         ("PayeeParty", "TaxRepresentativeParty", "BuyerCustomerParty", "SellerSupplierParty")),
    Kind("UBL-14", "delivery", "when and where it was delivered is not told",
         ("Delivery", "DeliveryTerms", "Line/Delivery")),
    Kind("UBL-15", "period", "the time that it is for is not told", ("InvoicePeriod", "Line/InvoicePeriod")),
    Kind("UBL-16", "accounting reference", "the buyer's account is to be chosen by hand",
         ("AccountingCost", "AccountingCostCode", "Line/AccountingCost", "Line/AccountingCostCode")),
    Kind("UBL-17", "details of an adjustment", "it is carried as an amount, without percentage, base and code",
         ("AllowanceCharge",)),
    Kind("UBL-18", "details of a line discount", "it is carried as a percentage at most, without its reason",
         ("Line/AllowanceCharge",)),
    Kind("UBL-19", "details of a price", "the price is carried net, in the unit of the line", ("Line/Price",)),
    Kind("UBL-20", "details of an item", "codes, classes, properties and origin of the item are not told",
         ("Line/Item",)),
    Kind("UBL-21", "special meaning of the type", "it is carried as a plain invoice or credit note",
         ("InvoiceTypeCode", "CreditNoteTypeCode")),
    Kind("UBL-22", "signature or extension", "it does not travel", ("UBLExtensions", "Signature")),
    Kind("UBL-29", "something else", "it does not travel", ()),
)  # fmt: skip
_BY_ELEMENT: Final = {element: kind for kind in KINDS for element in kind.elements}

# Elements that say nothing about the invoice itself: which profile it follows, and numbers that only count.
WITHOUT_CONTENT: Final = frozenset(
    {"UBLVersionID", "CustomizationID", "ProfileID", "ProfileExecutionID", "Line/ID", "AllowanceCharge/ChargeIndicator",
     "Line/AllowanceCharge/ChargeIndicator", "AllowanceCharge/ID", "Line/AllowanceCharge/ID"}
)  # fmt: skip


def path_of(element: Element) -> str:
    """Give the names from below the root to an element, without prefixes: ``Line/Item/Name``."""
    names = [local(element), *(local(above) for above in element.iterancestors())][:-1]
    if names and names[-1] in {"InvoiceLine", "CreditNoteLine"}:
        names[-1] = "Line"
    return "/".join(reversed(names))


def local(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def found(source: Source) -> tuple[Loss, ...]:
    """Give what nobody took of a document, in document order, alike facts counted as one."""
    groups: dict[tuple[str, str, bool], dict[Element, list[Element]]] = {}
    for element in _left(source):
        kind, group = _group_of(element)
        members = groups.setdefault((kind.code, path_of(group), element in source.noted), {})
        members.setdefault(group, []).append(element)
    kinds = {kind.code: kind for kind in KINDS}
    return tuple(
        _loss(source, kinds[code], members, in_comment=in_comment) for (code, _, in_comment), members in groups.items()
    )


def _left(source: Source) -> Iterator[Element]:
    for element in source.root.iter("*"):
        said = (element.text or "").strip() or any((child.tail or "").strip() for child in element)
        if said and element not in source.taken and path_of(element) not in WITHOUT_CONTENT:
            yield element


def _group_of(element: Element) -> tuple[Kind, Element]:
    """Find the kind of an element: the innermost one around it that a kind names."""
    at: Element | None = element
    while at is not None:
        kind = _BY_ELEMENT.get(path_of(at))
        if kind is not None:
            return kind, at
        at = at.getparent()
    return KINDS[-1], element


def _loss(source: Source, kind: Kind, groups: dict[Element, list[Element]], *, in_comment: bool) -> Loss:
    """Tell of alike groups by the first of them, and by its one element where it is a single one."""
    first, elements = next(iter(groups.items()))
    first = elements[0] if len(elements) == 1 else first
    texts = [" ".join((one.text or "").split()) for one in elements]
    return Loss(
        code=kind.code,
        what=kind.what,
        place=source.place_of(first),
        value=wording.raw(" ".join(text[:_LONGEST] for text in texts), _LONGEST),
        consequence=kind.consequence,
        line=first.sourceline,
        times=len(groups),
        in_comment=in_comment,
    )
