"""What a reader gives for one invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice

    Also = Callable[[Invoice], tuple[Fault, ...]]
    """What else is asked of a record that has no errors."""


class Reading(NamedTuple):
    """One invoice of an input: where it stands (``a.json[3]``, ``big.jsonl:17``), the record, and every fault.

    The invoice is None when a fault is an error. One read from a ``<Sale>`` document has that document's own
    bytes as its ``document``, and may lack what only this package's contract asks for.
    """

    origin: str
    invoice: Invoice | None
    faults: tuple[Fault, ...]


def nothing_else(_: Invoice) -> tuple[Fault, ...]:
    """Find no more faults."""
    return ()
