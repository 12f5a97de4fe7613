"""The outbox: what was sent, what is being sent, and what must not be sent again."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from paytraq_direct.errors import OutboxError
from paytraq_direct.outbox import content, guard, presence
from paytraq_direct.outbox.guard import Draft, Standing
from paytraq_direct.outbox.ledger import now, written
from paytraq_direct.outbox.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paytraq_direct.channel import ChannelUri, Verdict
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.ledger import Attempt, Delivery, Page, Resolution, State, Store

_GONE: Final = "its sender ended before it wrote down an answer: the document may have arrived"


class Begun(NamedTuple):
    """An attempt whose intent is on disk: its POST may start now."""

    delivery: int
    attempt: int


class Closed(NamedTuple):
    """The channel asked to be left alone for so many seconds more, this process or another one."""

    seconds: float


class Outbox:
    """The durable ledger of deliveries, and the guard against sending twice.

    Kept in one file of this machine, by default in the user's state folder; threads and processes may share it.
    What is about to be sent is on disk before its first byte leaves, and only senders that are gone leave doubts
    behind. Raises OutboxError, and nothing is sent then.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, store: Store | None = None) -> None:
        self.path = Path(path) if path is not None else default_path()
        self._folder = self.path.with_name(f"{self.path.name}-senders")
        self._store: Store = store or SqliteStore(self.path)
        self._presence: presence.Presence | None = None
        self._process = 0
        self._lock = threading.Lock()
        self._key = self._store.read(lambda page: page.setting("fingerprint_key")) or b""
        if not self._key:
            raise OutboxError(f"the outbox {self.path} lacks its key: put a copy in its place, or name another")
        self.recover()

    def __repr__(self) -> str:
        return f"Outbox({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a sender that sent nothing more is gone now."""
        with self._lock:
            if self._presence is not None and self._process == os.getpid():
                name = self._presence.name
                with contextlib.suppress(OutboxError):
                    self._store.write(lambda page: self._leave(page, name))
                self._presence.close()
            self._presence = None
        self._store.close()

    def fingerprint(self, channel: ChannelUri) -> str:
        """Give what tells a channel from others without telling its address: an HMAC with this outbox's key, in hex."""
        return hmac.new(self._key, channel.reveal().encode(), hashlib.sha256).hexdigest()[:32]

    def begin(
        self, channel: ChannelUri, invoice: Invoice, document: bytes, *, resend: bool = False, **about: str | None
    ) -> Begun | Standing | Closed:
        """Write down that an invoice is about to be posted, unless the guard or the channel says that it must not be.

        The POST may start once this has returned a Begun; it is durable then. ``resend`` goes round the guard and
        is written down as such. ``about`` is ``named`` (how the channel was given) and ``origin`` (of the invoice).
        """
        sender = self._sender()
        draft = self._draft(channel, invoice, document, **about)
        return self._store.write(lambda page: self._begin(page, sender, draft, resend=resend))

    def again(self, delivery: int) -> Begun | Standing | Closed:
        """Write down that a pending or deferred delivery is about to be posted, unless something forbids it."""
        sender = self._sender()

        def change(page: Page) -> Begun | Standing | Closed:
            found = page.get(delivery)
            if found is None:
                raise OutboxError(f"the outbox has no delivery {delivery}")
            if found.state not in {"pending", "deferred"}:
                return guard.standing_of(page, found.state, found)
            if (seconds := page.closed_until(found.fingerprint) - time.time()) > 0:
                return Closed(seconds)
            return self._intend(page, sender, delivery, is_resend=False)

        return self._store.write(change)

    def hold(self, channel: ChannelUri, invoice: Invoice, document: bytes, **about: str | None) -> Delivery | Standing:
        """Write down an invoice that was read and is not sent now: it is pending, unless the guard knows it already."""
        draft = self._draft(channel, invoice, document, **about)
        return self._store.write(lambda page: self._hold(page, draft))

    def end(self, begun: Begun, verdict: Verdict, *, closed_for_s: float | None = None) -> None:
        """Write down how an attempt ended; ``closed_for_s`` when the channel asked to be left alone for so long."""
        exchange = verdict.exchange
        ending = {
            "ended_at": now(),
            "outcome": verdict.outcome,
            "message": verdict.message,
            "status": exchange.status,
            "headers": exchange.headers,
            "body": exchange.body,
            "elapsed_ms": exchange.elapsed_ms,
        }
        moment = None if closed_for_s is None else time.time() + closed_for_s
        self._store.write(lambda page: self._end(page, begun, ending, moment))

    def standing(self, delivery: int) -> Standing:
        """Give what has become of a delivery."""

        def look(page: Page) -> Standing:
            found = page.get(delivery)
            if found is None:
                raise OutboxError(f"the outbox has no delivery {delivery}")
            return guard.standing_of(page, found.state, found)

        standing = self._store.read(look)
        if standing.kind == "sending" and self.recover():
            standing = self._store.read(look)
        return standing

    def recover(self) -> int:
        """Put in doubt what senders that are gone were sending; give how many deliveries that were."""
        names = self._store.read(lambda page: page.senders())
        gone = [name for name in names if not self._is_mine(name) and presence.is_gone(self._folder, name)]
        return self._store.write(lambda page: sum(self._leave(page, name) for name in gone)) if gone else 0

    def resolve(self, delivery: int, *, received: bool, note: str, who: str) -> bool:
        """Write down what a person found out about a doubt: it is delivered then, or pending. False when it is none."""

        def change(page: Page) -> bool:
            found = page.get(delivery)
            if found is None or found.state != "in_doubt":
                return False
            page.add_resolution(delivery, is_received=received, note=note, who=who, at=now())
            page.set_state(delivery, "delivered" if received else "pending")
            return True

        return self._store.write(change)

    def deliveries(
        self,
        *,
        states: Sequence[State] = (),
        fingerprints: Sequence[str] = (),
        document_ref: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Delivery]:
        """List the deliveries that fit all of the conditions, the oldest first; times are of their reading."""
        start, end = (None if moment is None else written(moment) for moment in (since, until))
        return self._store.read(
            lambda page: list(
                page.find(states=states, fingerprints=fingerprints, document_ref=document_ref, since=start, until=end)
            )
        )

    def attempts(self, delivery: int) -> list[Attempt]:
        """List the attempts of a delivery, the first first."""
        return self._store.read(lambda page: page.attempts(delivery))

    def resolutions(self, delivery: int) -> list[Resolution]:
        """List what persons found out about a delivery, the first first."""
        return self._store.read(lambda page: page.resolutions(delivery))

    def record(self, delivery: int) -> str:
        """Give the record of a delivery as JSON."""
        return self._store.read(lambda page: page.record(delivery))

    def document(self, delivery: int) -> bytes:
        """Give the exact bytes of a delivery's document."""
        return self._store.read(lambda page: page.document(delivery))

    def _sender(self) -> str:
        """Give the name under which this process sends, its lock held from now on."""
        with self._lock:
            if self._presence is None or self._process != os.getpid():
                self._presence = presence.Presence(self._folder)
                self._process = os.getpid()
            return self._presence.name

    def _is_mine(self, name: str | None) -> bool:
        return self._presence is not None and self._process == os.getpid() and self._presence.name == name

    def _draft(
        self,
        channel: ChannelUri,
        invoice: Invoice,
        document: bytes,
        *,
        named: str | None = None,
        origin: str | None = None,
    ) -> Draft:
        fingerprint = self.fingerprint(channel)
        return Draft(
            key=content.key_of(invoice, document, fingerprint),
            masked=channel.masked,
            named=named,
            record=content.record_of(invoice),
            document=document,
            values={
                "document_ref": invoice.document_ref,
                "origin": origin,
                "is_finished": invoice.document is not None,
                "sha256": hashlib.sha256(document).hexdigest(),
                "read_at": now(),
            },
        )

    def _begin(self, page: Page, sender: str, draft: Draft, *, resend: bool) -> Begun | Standing | Closed:
        page.put_channel(draft.key.fingerprint, draft.masked, draft.named)
        known = self._known(page, draft)
        standing = guard.standing_against(page, known, draft, resend=resend)
        if standing is not None:
            return standing
        if (seconds := page.closed_until(draft.key.fingerprint) - time.time()) > 0:
            return Closed(seconds)
        is_resend = any(delivery.state in guard.SETTLED for delivery in known)
        return self._intend(page, sender, guard.place(page, known, draft, "sending"), is_resend=is_resend)

    @staticmethod
    def _intend(page: Page, sender: str, delivery: int, *, is_resend: bool) -> Begun:
        page.add_sender(sender, now())
        page.set_state(delivery, "sending", sender)
        return Begun(delivery, page.add_attempt(delivery, sender, now(), is_resend=is_resend))

    def _hold(self, page: Page, draft: Draft) -> Delivery | Standing:
        page.put_channel(draft.key.fingerprint, draft.masked, draft.named)
        known = self._known(page, draft)
        standing = guard.standing_against(page, known, draft, resend=False)
        if standing is not None:
            return standing
        held = page.get(guard.place(page, known, draft, "pending"))
        assert held is not None  # noqa: S101 - it was placed a moment ago
        return held

    def _known(self, page: Page, draft: Draft) -> list[Delivery]:
        """List what is known under a key, the senders that are gone taken care of."""
        known = page.by_key(draft.key)
        for delivery in known:
            name = delivery.sender
            if (
                delivery.state == "sending"
                and name
                and not self._is_mine(name)
                and presence.is_gone(self._folder, name)
            ):
                self._leave(page, name)
                return page.by_key(draft.key)
        return known

    def _leave(self, page: Page, sender: str) -> int:
        """Put in doubt what a sender left behind."""
        left = page.by_sender(sender)
        for delivery in left:
            for attempt in page.attempts(delivery.id):
                if attempt.outcome is None:
                    page.add_ending(attempt.id, {**_NO_ANSWER, "ended_at": now()})
            page.set_state(delivery.id, guard.summed_up(page, delivery.id))
        page.end_sender(sender)
        return len(left)

    def _end(self, page: Page, begun: Begun, ending: dict[str, Any], closed_until: float | None) -> None:
        page.add_ending(begun.attempt, ending)
        page.set_state(begun.delivery, guard.summed_up(page, begun.delivery, ending["outcome"]))
        if closed_until is not None and (delivery := page.get(begun.delivery)):
            page.close_until(delivery.fingerprint, closed_until)


_NO_ANSWER: Final = {
    "outcome": "in_doubt",
    "message": _GONE,
    "status": None,
    "headers": (),
    "body": b"",
    "elapsed_ms": None,
}


def default_path() -> Path:
    """Give the outbox's place when none is named: in the user's state folder."""
    from platformdirs import user_state_path  # noqa: PLC0415 - needed for this alone

    return user_state_path("paytraq_direct", appauthor=False) / "outbox.sqlite"
