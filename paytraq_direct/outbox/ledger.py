"""What an outbox keeps, and what any store of one can do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from paytraq_direct.amounts import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paytraq_direct.outbox.content import Key

State = Literal["pending", "sending", "delivered", "deferred", "rejected", "in_doubt", "superseded"]
T = TypeVar("T")


def now() -> str:
    """Give this moment as the ledger writes it."""
    return moment_text(datetime.now(UTC))


def storable(text: str) -> str:
    """Give a text as it can be kept: bytes of a file's name that are no UTF-8 are written as escapes."""
    return text.encode(errors="backslashreplace").decode()


class Delivery(NamedTuple):
    """One document that must get through one channel; ``is_finished`` when it was not made from a record.

    Times are ISO 8601 in UTC.
    """

    id: int
    fingerprint: str
    supplier: str
    sale_type: str
    reference: str
    document_ref: str | None
    origin: str | None
    is_finished: bool
    sha256: str
    read_at: str
    state: State
    sender: str | None
    masked: str
    named: str | None


class Attempt(NamedTuple):
    """One POST of a delivery, and how it ended; ``outcome`` is None while it is under way."""

    id: int
    delivery: int
    sender: str
    began_at: str
    is_resend: bool
    ended_at: str | None = None
    outcome: str | None = None
    message: str | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    elapsed_ms: float | None = None


class Resolution(NamedTuple):
    """What a person found out about a doubt: who says so, when, and why.

    ``attempt`` is the number of the last one there was: doubts of later ones are not resolved by it.
    """

    id: int
    delivery: int
    attempt: int | None
    is_received: bool
    note: str
    who: str
    resolved_at: str


class Address(Protocol):
    """Where documents go; ``reveal`` gives all of it, secret included, and is the same each time."""

    def reveal(self) -> str:
        """Give the whole address."""


class Page(Protocol):
    """What can be read and written in one transaction: all of it is kept, or none."""

    def setting(self, name: str) -> bytes | None:
        """Give a setting."""

    def put_channel(self, fingerprint: str, masked: str, named: str | None) -> float:
        """Keep a channel, and give what ``closed_until`` does; a new name takes the place of the one before."""

    def closed_until(self, fingerprint: str) -> float:
        """Give the time until which a channel asked to be left alone, in seconds since 1970; 0 when it did not."""

    def close_until(self, fingerprint: str, moment: float) -> None:
        """Keep that a channel asked to be left alone; an earlier moment than is known changes nothing.

        One that is more than the longest wait later is not known, but of a clock that has been put back.
        """

    def add_sender(self, name: str, at: str) -> None:
        """Keep that a sender began; one that seemed to be gone is not."""

    def senders(self) -> list[str]:
        """List the senders that are not known to be gone."""

    def end_sender(self, name: str) -> None:
        """Keep that a sender is gone."""

    def by_key(self, key: Key) -> list[Delivery]:
        """List the deliveries of a key, the oldest first; superseded ones are left out."""

    def delivered_with(self, fingerprint: str, field: str, texts: Sequence[str]) -> list[tuple[str, str]]:
        """List what was delivered in a channel and has one of these texts in a field of its record: text and number."""

    def by_sender(self, name: str) -> list[Delivery]:
        """List the deliveries that a sender is sending."""

    def get(self, delivery: int) -> Delivery | None:
        """Give a delivery."""

    def record(self, delivery: int) -> str:
        """Give the record of a delivery, JSON."""

    def document(self, delivery: int) -> bytes:
        """Give the exact bytes of a delivery's document."""

    def add(
        self, key: Key, values: dict[str, Any], record: str, document: bytes, state: State, *, sender: str | None = None
    ) -> int:
        """Keep a new delivery with its record and document, and give its number; ``sender`` is who is sending it."""

    def set_state(self, delivery: int, state: State, sender: str | None = None) -> None:
        """Keep what has become of a delivery."""

    def add_attempt(self, delivery: int, sender: str, at: str, *, is_resend: bool) -> int:
        """Keep that a POST is about to start and give its number."""

    def add_ending(self, attempt: int, ending: dict[str, Any]) -> None:
        """Keep how an attempt ended.

        An ending without ``elapsed_ms`` was only assumed, of a sender that seemed to be gone: it gives way to the true
        one. Nothing takes the place of that.
        """

    def attempts(self, delivery: int) -> list[Attempt]:
        """List the attempts of a delivery, the first first."""

    def add_resolution(self, delivery: int, *, is_received: bool, note: str, who: str, at: str) -> None:
        """Keep what a person found out."""

    def resolutions(self, delivery: int) -> list[Resolution]:
        """List what persons found out, the first first."""

    def find(
        self,
        *,
        states: Sequence[State] = (),
        fingerprints: Sequence[str] = (),
        document_ref: str | None = None,
        since: str | None = None,
        until: str | None = None,
        after: int = 0,
        most: int | None = None,
    ) -> Iterator[Delivery]:
        """Give the deliveries that fit all of the conditions, the oldest first: at ``most`` so many ``after`` an id."""


class Store(Protocol):
    """Where an outbox is kept."""

    def write(self, change: Callable[[Page], T]) -> T:
        """Do a change in a transaction and give its result once it is durable.

        Changes of several threads may share one commit; each is kept whole or not at all. Raises what the change
        raises, and OutboxError when it cannot be kept.
        """

    def write_soon(self, change: Callable[[Page], object], told: Callable[[Exception | None], object]) -> None:
        """Have a change done in the next commit, whoever makes it, before what is written from now on.

        ``told`` is called once, in any thread: with None when the change is durable, else with why it is not.
        """

    def flush(self) -> None:
        """Make durable now what was to be written soon. Raises nothing: whoever wanted it is told."""

    def read(self, look: Callable[[Page], T]) -> T:
        """Look at what is kept. Raises OutboxError when it cannot be read."""

    def close(self) -> None:
        """Let go of it."""
