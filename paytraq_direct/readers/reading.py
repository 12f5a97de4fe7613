"""What a reader gives for one invoice."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice

    Also = Callable[[Invoice], tuple[Fault, ...]]
    """What else is asked of a record that has no errors."""


class Loss(NamedTuple):
    """One fact of an input that the record has no field for: what, where first, how often, and what follows from it.

    ``place`` is the path of the first element that says it, ``value`` what that one says. ``in_comment`` tells that
    the comment holds it in words, so that a person can read it and no program will.
    """

    code: str
    what: str
    place: str
    value: str
    consequence: str
    line: int | None = None
    times: int = 1
    in_comment: bool = False


class _Reading(NamedTuple):
    origin: str
    invoice: Invoice | None
    faults: tuple[Fault, ...]


class Reading(_Reading):
    """One invoice of an input: where it stands (``a.json[3]``, ``big.jsonl:17``), the record, and every fault.

    The invoice is None when a fault is an error. One read from a ``<Sale>`` document has that document's own
    bytes as its ``document``, and may lack what only this package's contract asks for. ``losses`` is what a document
    of another form says and the record cannot, empty for all others; it is no part of the tuple, and searched for when
    it is asked for.
    """

    _search: Callable[[], tuple[Loss, ...]] | None = None

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """Give what the record cannot say, in document order."""
        search, self._search = self._search, None  # with the search, the whole document is let go
        return () if search is None else search()

    def losing(self, search: Callable[[], tuple[Loss, ...]]) -> Reading:
        """Give the same reading with a way to find what it does not carry."""
        reading = Reading(*self)
        reading._search = search
        return reading


def nothing_else(_: Invoice) -> tuple[Fault, ...]:
    """Find no more faults."""
    return ()
