"""What can go wrong, in the words a caller acts on: one fault, and the tree of exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

Severity = Literal["error", "warning"]


class Fix(NamedTuple):
    """What to write instead, where there is no doubt about it.

    ``op`` is ``replace`` (the value of the fault's path becomes ``value``), ``rename`` (its key becomes ``key``) or
    ``add`` (``key`` with ``value`` is put beside it). A Decimal is written as a number, None as null.
    """

    op: Literal["replace", "rename", "add"]
    value: str | bool | Decimal | None = None
    key: str | None = None


class Excerpt(NamedTuple):
    """The line on which a fault stands, as it can be shown: a long one shortened, every character printable.

    ``start`` is where in it the fault begins, from 0; ``before`` is the line before, None where there is none.
    """

    text: str
    start: int
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an invoice: what, where, and what to write instead.

    ``path`` is 0-based (``line_items[2].qty``) and empty for the input as a whole; ``line`` and
    ``column`` are 1-based, ``length`` is that of the faulty part on its line, all three in code points and None where
    the input has no text of its own. ``fix`` is what to write instead when there is no doubt about it.
    """

    code: str
    severity: Severity
    path: str
    message: str
    value: str | None = None
    suggestion: str | None = None
    source: str = ""
    line: int | None = None
    column: int | None = None
    length: int | None = None
    excerpt: Excerpt | None = None
    fix: Fix | None = None

    def __str__(self) -> str:
        """Give the fault as one line: ``error PD-031: message``."""
        return f"{self.severity} {self.code}: {self.message}"

    @property
    def is_error(self) -> bool:
        """Tell whether this fault keeps the invoice from being sent."""
        return self.severity == "error"


class PaytraqDirectError(Exception):
    """Any failure this package reports; the subclasses say what the caller can do next."""


class InvalidInvoice(PaytraqDirectError):
    """The invoice has errors and nothing was sent: mend what ``faults`` names."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __reduce__(self) -> tuple[type[InvalidInvoice], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)

    def __str__(self) -> str:
        """Give every error on a line of its own."""
        return "\n".join(str(fault) for fault in self.faults) or "the invoice is not valid"


class ChannelError(PaytraqDirectError):
    """The channel cannot be used as it was given: correct its URI or its options."""


class OutboxError(PaytraqDirectError):
    """The outbox cannot be read or written, so nothing was sent: free, repair or replace its file."""


class DeliveryError(PaytraqDirectError):
    """The document was not delivered; the subclass says whether it may be sent again."""

    outcome: ClassVar[str]

    def __init__(
        self,
        message: str,
        *,
        document_ref: str | None = None,
        status: int | None = None,
        body: bytes = b"",
        channel: str = "",
        sha256: str = "",
        attempts: int = 1,
        sent_at: datetime | None = None,
        elapsed_ms: float | None = None,
    ) -> None:
        super().__init__(message)
        self.document_ref = document_ref
        self.status = status
        self.body = body
        self.channel = channel
        self.sha256 = sha256
        self.attempts = attempts
        self.sent_at = sent_at
        self.elapsed_ms = elapsed_ms

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


class Deferred(DeliveryError):
    """The document was surely not taken: it is safe to send it again, after ``retry_after`` seconds if given."""

    outcome = "deferred"
    retry_after: float | None = None


class Rejected(DeliveryError):
    """The channel refused the document with ``status`` and ``body``: read the answer, then decide."""

    outcome = "rejected"


class InDoubt(DeliveryError):
    """The document may have arrived: ask the customer, and never loop on this."""

    outcome = "in_doubt"


class Conflict(DeliveryError):
    """The same number was delivered or is in doubt with other content, so nothing was sent."""

    outcome = "conflict"
    differences: tuple[str, ...] = ()


def _restore(kind: type[DeliveryError], args: tuple[str, ...], state: dict[str, object]) -> DeliveryError:
    """Rebuild a pickled exception without running its keyword-only constructor."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
