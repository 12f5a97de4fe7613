"""Delivers invoices to a PayTraq Purchase Inbox over PayTraq Direct: checked, once, and with proof.

Names are loaded when they are first used, so importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from paytraq_direct.channel import ChannelUri
    from paytraq_direct.document import render
    from paytraq_direct.errors import (
        ChannelError,
        Conflict,
        Deferred,
        DeliveryError,
        Fault,
        InDoubt,
        InvalidInvoice,
        OutboxError,
        PaytraqDirectError,
        Rejected,
    )
    from paytraq_direct.invoice import Adjustment, Invoice, LineItem, check
    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.readers import read
    from paytraq_direct.result import Interrupted, Receipt, Result
    from paytraq_direct.sender import Sender, send

__version__ = "0.1.0"

_HOMES: Final = {
    "channel": ("ChannelUri",),
    "document": ("render",),
    "errors": (
        "ChannelError", "Conflict", "Deferred", "DeliveryError", "Fault", "InDoubt", "InvalidInvoice", "OutboxError",
        "PaytraqDirectError", "Rejected",
    ),
    "invoice": ("Adjustment", "Invoice", "LineItem", "check"),
    "outbox.outbox": ("Outbox",),
    "readers": ("read",),
    "result": ("Interrupted", "Receipt", "Result"),
    "sender": ("Sender", "send"),
}  # fmt: skip
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Adjustment",
    "ChannelError",
    "ChannelUri",
    "Conflict",
    "Deferred",
    "DeliveryError",
    "Fault",
    "InDoubt",
    "Interrupted",
    "InvalidInvoice",
    "Invoice",
    "LineItem",
    "Outbox",
    "OutboxError",
    "PaytraqDirectError",
    "Receipt",
    "Rejected",
    "Result",
    "Sender",
    "check",
    "read",
    "render",
    "send",
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
