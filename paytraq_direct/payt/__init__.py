"""The Payt family: invoices to Payt, which mails them to debtors and chases them.

Names are loaded when they are first used, so importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from paytraq_direct.payt.endpoint import Token
    from paytraq_direct.payt.mailing import SendingRules, mailed, next_import
    from paytraq_direct.payt.mapped import Mapped, from_invoice
    from paytraq_direct.payt.reading import read
    from paytraq_direct.payt.records import Document, Invoice, InvoiceLine, Payment, check, checksum
    from paytraq_direct.payt.result import Result
    from paytraq_direct.payt.uploader import Uploaded, Uploader, upload
    from paytraq_direct.payt.upserter import Upserter, upsert

_HOMES: Final = {
    "endpoint": ("Token",),
    "mailing": ("SendingRules", "mailed", "next_import"),
    "mapped": ("Mapped", "from_invoice"),
    "reading": ("read",),
    "records": ("Document", "Invoice", "InvoiceLine", "Payment", "check", "checksum"),
    "result": ("Result",),
    "uploader": ("Uploaded", "Uploader", "upload"),
    "upserter": ("Upserter", "upsert"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Document",
    "Invoice",
    "InvoiceLine",
    "Mapped",
    "Payment",
    "Result",
    "SendingRules",
    "Token",
    "Uploaded",
    "Uploader",
    "Upserter",
    "check",
    "checksum",
    "from_invoice",
    "mailed",
    "next_import",
    "read",
    "upload",
    "upsert",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
