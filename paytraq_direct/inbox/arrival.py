"""One document that arrived in the inbox, and what its checks say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paytraq_direct import schema, xmlio
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A document as it came: its bytes, the record they spell unless it has errors, and every fault.

    An error is a breach of what PayTraq documents, or of safety; what only this package asks for warns.
    """

    document: bytes = field(repr=False)
    invoice: Invoice | None
    faults: tuple[Fault, ...]

    @property
    def is_taken(self) -> bool:
        """Whether the inbox takes it."""
        return self.invoice is not None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the document, in hex."""
        return hashlib.sha256(self.document).hexdigest()


def examine(document: bytes) -> Arrival:
    """Hold a document against the rules and against sale-1.1.xsd, assertions included."""
    reading = sale.read("", document)
    faults = list(reading.faults)
    if reading.invoice is not None:
        said = {fault.path for fault in faults}
        complaints = schema.explain(xmlio.parse(document), foreign=True)
        faults += [fault for fault in complaints if fault.path not in said]
    return Arrival(document=document, invoice=reading.invoice, faults=tuple(faults))
