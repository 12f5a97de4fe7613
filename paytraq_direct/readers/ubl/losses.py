"""What a UBL document says and the record cannot: every element with content that no field took, by kind.

Whatever no kind names is of the last one, so that nothing is left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import wording
from paytraq_direct.readers.reading import Loss
from paytraq_direct.readers.ubl.source import prefixed

if TYPE_CHECKING:
    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element

_LONGEST: Final = 100
_LOOKED_AT: Final = 1_000
_MOST_ATTRIBUTES: Final = 100
_MOST_LOSSES: Final = 500


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


# Attributes of what is carried. The first are in the record or held to it: another currency is refused. The others say
# from which list or scheme a code is, and what a program needs to read the file. With an element: there alone.
CARRIED_ATTRIBUTES: Final = frozenset({"unitCode", "currencyID"})
SILENT_ATTRIBUTES: Final = frozenset(
    {"listID", "listName", "listAgencyID", "listAgencyName", "listVersionID", "listURI", "listSchemeURI", "schemeName",
     "schemeAgencyID", "schemeAgencyName", "schemeVersionID", "schemeURI", "schemeDataURI", "unitCodeListID",
     "unitCodeListAgencyID", "unitCodeListAgencyName", "currencyCodeListVersionID", "TaxScheme/ID@schemeID",
     "xsi:schemaLocation", "xsi:noNamespaceSchemaLocation", "xsi:type", "xml:space"}
)  # fmt: skip
_PASSED_BY: Final = CARRIED_ATTRIBUTES | SILENT_ATTRIBUTES
# A scheme that the field itself means: a bar code is a GTIN.
_MEANT: Final = frozenset({("StandardItemIdentification/ID@schemeID", scheme) for scheme in ("0160", "GTIN")})
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_LINES: Final = frozenset({"InvoiceLine", "CreditNoteLine"})


class _Place:
    """Where alike elements stand, ``Line/Item/Name``: of which kind they are, and what stands below."""

    __slots__ = ("_below", "is_group", "kind", "path", "said")

    def __init__(self, path: str, kind: Kind | None) -> None:
        own = _BY_ELEMENT.get(path)
        self.path = path
        self.kind = own or kind
        self.is_group = own is not None
        self.said = path not in WITHOUT_CONTENT
        self._below: dict[object, _Place] = {}

    def below(self, tag: object) -> _Place:
        """Give the place of a child."""
        place = self._below.get(tag)
        if place is None:
            name = str(tag).rpartition("}")[2]
            path = f"{self.path}/{name}" if self.path else "Line" if name in _LINES else name
            place = self._below[tag] = _Place(path, self.kind)
        return place


class _Said(NamedTuple):
    """What one element says, or an attribute of it."""

    element: Element
    text: str
    attribute: str = ""


class _Search:
    """One walk over a document, in which what nobody took is gathered: alike facts by kind, place and group."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.groups: dict[tuple[str, str, bool], dict[Element, list[_Said]]] = {}
        # Elements with text beside other elements: no field holds all of it.
        self._mixed = set(source.root.xpath("//*[*][text()[normalize-space()]]"))
        top = _Place("", None)
        self._attributes(source.root, top)
        if source.root in self._mixed:
            self._add(top, (source.root, ""), _Said(source.root, _own_text(source.root)), noted=False)
        self._walk(source.root, top, None)

    def _walk(self, element: Element, place: _Place, group: tuple[Element, str] | None) -> None:
        taken, noted = self._source.taken, self._source.noted
        for child in element:
            below = place.below(child.tag)
            of = (child, below.path) if below.is_group else group
            text = (child.text or "").strip()
            is_mixed = child in self._mixed
            if text or is_mixed:
                is_lost = below.said and (is_mixed or child not in taken)
                if is_lost:
                    text = _own_text(child) if is_mixed else text
                    self._add(below, of or (child, below.path), _Said(child, text), noted=child in noted)
                if not is_lost or child in noted:
                    self._attributes(child, below)
                if not is_mixed:
                    continue
            self._walk(child, below, of)

    def _add(self, place: _Place, group: tuple[Element, str], said: _Said, *, noted: bool) -> None:
        key = ((place.kind or KINDS[-1]).code, group[1], noted)
        is_known = place.kind is not None and not said.attribute
        if not is_known and len(self.groups) >= _MOST_LOSSES and key not in self.groups:
            key = (KINDS[-1].code, "", noted)  # what is left is counted together
        self.groups.setdefault(key, {}).setdefault(group[0], []).append(said)

    def _attributes(self, element: Element, place: _Place) -> None:
        """Note the attributes of a carried element that say something: the rest of it is in the record."""
        if len(element.attrib) > _MOST_ATTRIBUTES:  # lxml looks each up from the first one on
            said = _Said(element, f"{len(element.attrib):,} attributes", "*")
            self._add(place, (element, f"{place.path}@*"), said, noted=False)
            return
        for name, value in element.items():
            short = name.replace(_XSI, "xsi:").replace(_XML, "xml:")
            inner = f"{'/'.join(place.path.split('/')[-2:])}@{short}"
            is_silent = not {short, inner}.isdisjoint(_PASSED_BY)
            if value.strip() and not is_silent and (inner, value) not in _MEANT:
                said = _Said(element, value, prefixed(name))
                self._add(place, (element, f"{place.path}@{short}"), said, noted=False)


def found(source: Source) -> tuple[Loss, ...]:
    """Give what nobody took of a document, in document order, alike facts counted as one."""
    kinds = {kind.code: kind for kind in KINDS}
    return tuple(
        _loss(source, kinds[code], members, in_comment=in_comment)
        for (code, _, in_comment), members in _Search(source).groups.items()
    )


def path_of(element: Element) -> str:
    """Give the names from below the root to an element, without prefixes: ``Line/Item/Name``."""
    names = [local(element), *(local(above) for above in element.iterancestors())][:-1]
    if names and names[-1] in _LINES:
        names[-1] = "Line"
    return "/".join(reversed(names))


def local(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _own_text(element: Element) -> str:
    return " ".join((element.text or "", *(child.tail or "" for child in element)))


def _loss(source: Source, kind: Kind, groups: dict[Element, list[_Said]], *, in_comment: bool) -> Loss:
    """Tell of alike groups by the first of them, and by its one element where it is a single one."""
    first, said = next(iter(groups.items()))
    first = said[0].element if len(said) == 1 else first
    attribute = f"/@{said[0].attribute}" if said[0].attribute else ""
    texts = [" ".join(f"{one.text[:_LOOKED_AT]} {_other_currency(source, one)}".split()) for one in said[:_LONGEST]]
    return Loss(
        code=kind.code,
        what=kind.what,
        place=source.place_of(first) + attribute,
        value=wording.raw(" ".join(text[:_LONGEST] for text in texts), _LONGEST),
        consequence=kind.consequence,
        line=first.sourceline,
        times=len(groups),
        in_comment=in_comment,
    )


def _other_currency(source: Source, said: _Said) -> str:
    """Give the currency of an amount that is not in that of the document."""
    currency = said.element.get("currencyID")
    return "" if said.attribute or currency in {None, source.currency} else str(currency)
