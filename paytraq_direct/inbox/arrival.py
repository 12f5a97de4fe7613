"""One document that arrived in the inbox, and what its checks say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from paytraq_direct import rulebook, schema, xmlio
from paytraq_direct.amounts import amount_text
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice

Kind = Literal["sale", "ubl", "other"]
Mode = Literal["documented", "strict", "lenient"]

_UBL: Literal["urn:oasis:names:specification:ubl:schema:xsd:"] = "urn:oasis:names:specification:ubl:schema:xsd:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A document as it came: its bytes, the record they spell unless it has errors, every fault, and the answer.

    An error is a breach of what PayTraq documents, or of safety; what only this package asks for warns. ``answer``
    is a status, or what the fault script did in its place. ``duplicates`` are the numbers of earlier arrivals of the
    same supplier, kind and number.
    """

    document: bytes = field(repr=False)
    invoice: Invoice | None
    faults: tuple[Fault, ...]
    kind: Kind = "sale"
    number: int = 0
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answer: str = "200"
    duplicates: tuple[int, ...] = ()
    about: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_taken(self) -> bool:
        """Whether it breaks nothing that PayTraq documents."""
        return self.kind == "ubl" or not any(fault.is_error for fault in self.faults)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the document, in hex."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def document_ref(self) -> str | None:
        """The number of the document, None where it has none."""
        return self.about.get("document_ref")

    @property
    def supplier_name(self) -> str | None:
        """Who sent it, as the document says."""
        return self.about.get("supplier_name")

    @property
    def client_name(self) -> str | None:
        """Who it is for, as the document says."""
        return self.about.get("client_name")

    @property
    def total(self) -> str | None:
        """The gross amount with its currency."""
        return self.about.get("total")

    @property
    def key(self) -> tuple[str | None, ...] | None:
        """What two arrivals of the same invoice share; None where the document has no number."""
        if self.document_ref is None:
            return None
        return (self.kind, self.supplier_name, self.about.get("sale_type"), self.document_ref)

    def is_welcome(self, mode: Mode) -> bool:
        """Tell whether the inbox answers 200: ``strict`` asks for our own contract too, ``lenient`` for nothing."""
        if mode == "lenient":
            return True
        return self.is_taken and not (mode == "strict" and any(_is_contract(fault) for fault in self.faults))


def examine(document: bytes) -> Arrival:
    """Hold a document against the rules and against sale-1.1.xsd, assertions included."""
    kind, root = _kind_of(document)
    if kind == "ubl" and root is not None:
        return Arrival(document=document, invoice=None, faults=(), kind=kind, about=_of_ubl(root))
    reading = sale.read("", document)
    faults = list(reading.faults)
    if reading.invoice is not None and root is not None:
        said = {fault.path for fault in faults}
        complaints = schema.explain(root, foreign=True)
        faults += [fault for fault in complaints if fault.path not in said]
    about = _of_record(reading.invoice) if reading.invoice is not None else _of_sale(root)
    return Arrival(document=document, invoice=reading.invoice, faults=tuple(faults), kind=kind, about=about)


def _kind_of(document: bytes) -> tuple[Kind, xmlio.Element | None]:
    try:
        root = xmlio.parse(document)
    except xmlio.XmlRefused:
        return "other", None
    namespace, _, tag = str(root.tag).rpartition("}")
    if namespace.removeprefix("{").startswith(_UBL) and tag in {"Invoice", "CreditNote"}:
        return "ubl", root
    return ("sale" if root.tag == "Sale" else "other"), root


def _of_record(invoice: Any) -> dict[str, str]:
    names = ("document_ref", "supplier_name", "client_name", "sale_type")
    about = {name: str(value) for name in names if (value := getattr(invoice, name)) is not None}
    if invoice.gross_amount is not None:
        about["total"] = f"{amount_text(invoice.gross_amount)} {invoice.currency or ''}".strip()
    return about


def _of_sale(root: xmlio.Element | None) -> dict[str, str]:
    """Give what a document with errors says of itself, as far as it does."""
    if root is None:
        return {}
    found = {
        "document_ref": root.findtext("Header/Document/DocumentRef"),
        "supplier_name": root.findtext("Header/Document/SupplierData/SupplierName"),
        "client_name": root.findtext("Header/Document/ClientData/ClientName"),
        "sale_type": root.findtext("Header/SaleType"),
        "total": root.findtext("Totals/GrossAmount"),
    }
    return {name: str(text).strip() for name, text in found.items() if text and str(text).strip()}


def _of_ubl(root: xmlio.Element) -> dict[str, str]:
    """Give what the head of a UBL document says: enough to know it by."""

    def text(path: str) -> str:
        return str(root.findtext("/".join(f"{{*}}{step}" for step in path.split("/"))) or "").strip()

    found = {
        "document_ref": text("ID"),
        "supplier_name": text("AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName"),
        "client_name": text("AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName"),
        "sale_type": str(root.tag).rpartition("}")[2],
        "total": f"{text('LegalMonetaryTotal/PayableAmount')} {text('DocumentCurrencyCode')}".strip(),
    }
    return {name: one for name, one in found.items() if one}


def _is_contract(fault: Fault) -> bool:
    rule = rulebook.rule_of(fault.code)
    return rule is not None and rule.basis == "ours"
