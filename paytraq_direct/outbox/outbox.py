"""The outbox: what was sent, what is being sent, and what must not be sent again."""

from __future__ import annotations

import contextlib
import hmac
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from paytraq_direct.amounts import moment_text
from paytraq_direct.errors import OutboxError
from paytraq_direct.outbox import content, forks, guard, presence
from paytraq_direct.outbox.forks import Forked
from paytraq_direct.outbox.ledger import now, storable
from paytraq_direct.outbox.sqlite import SqliteStore, default_path, place_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from paytraq_direct.channel import ChannelUri, Verdict
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.content import Key
    from paytraq_direct.outbox.guard import Draft, Standing
    from paytraq_direct.outbox.ledger import Address, Attempt, Delivery, Page, Resolution, State, Store


class Begun(NamedTuple):
    """An attempt whose intent is on disk: its POST may start now."""

    delivery: int
    attempt: int


class Closed(NamedTuple):
    """The channel asked to be left alone for so many seconds more, this process or another one."""

    seconds: float


class Outbox(Forked):
    """The durable ledger of deliveries, and the guard against sending twice.

    Kept in one file of this machine, by default in the user's state folder; threads and processes may share it.
    What is about to be sent is on disk before its first byte leaves, and only senders that are gone leave doubts
    behind. Raises OutboxError, and nothing is sent then.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, store: Store | None = None) -> None:
        self.path = place_of(default_path() if path is None else path)
        self._folder = self.path.with_name(f"{self.path.name}-senders")
        self._store: Store = store or SqliteStore(self.path)
        self._presence: presence.Presence | None = None
        self._under_way: dict[int, Begun] = {}
        self._lock = threading.Lock()
        super().__init__()
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
            if self._presence is not None:
                name = self._presence.name
                with contextlib.suppress(OutboxError):
                    self._store.write(lambda page: guard.leave(page, name))
                self._presence.close()
            self._presence = None
        self._store.close()

    def after_fork(self, *, is_child: bool) -> None:
        """Send under a name of its own in the child; the lock on the parent's is the parent's alone."""
        if is_child:
            self._lock = threading.Lock()
            self._under_way = {}
            if self._presence is not None:
                self._presence.let_go()
                self._presence = None

    def fingerprint(self, channel: Address) -> str:
        """Give what tells a channel from others without telling its address: an HMAC with this outbox's key, in hex."""
        return hmac.digest(self._key, channel.reveal().encode(), "sha256").hex()[:32]

    def draft(
        self,
        channel: ChannelUri,
        invoice: Invoice,
        document: bytes,
        *,
        named: str | None = None,
        origin: str | None = None,
    ) -> Draft:
        """Give an invoice that was just read as it is written down: ``named`` is how its channel was given."""
        key = content.key_of(invoice, document, self.fingerprint(channel))
        return guard.drafted(key, channel.masked, invoice, document, named=named, origin=origin)

    def begin(self, draft: Draft) -> Begun | Standing | Closed:
        """Write down that an invoice is about to be posted, unless the guard or the channel says that it must not be.

        The POST may start once this has returned a Begun; it is durable then.
        """
        return self.begin_all([draft])[0]

    def begin_all(self, drafts: Sequence[Draft]) -> list[Begun | Standing | Closed]:
        """Write down, in one commit, that what goes in one request is about to be posted, as ``begin`` does."""
        sender = self._sender()
        return self._start(lambda page: [self._begin(page, sender, draft) for draft in drafts])

    def again(self, delivery: int) -> Begun | Standing | Closed:
        """Write down that a pending or deferred delivery is about to be posted, unless something forbids it."""
        sender = self._sender()

        def change(page: Page) -> list[Begun | Standing | Closed]:
            found = page.get(delivery)
            if found is None:
                raise OutboxError(f"the outbox has no delivery {delivery}")
            if found.state not in {"pending", "deferred"}:
                return [guard.standing_of(page, found.state, found)]
            if seconds := guard.closed_for(page.closed_until(found.fingerprint)):
                return [Closed(seconds)]
            page.add_sender(sender, now())
            page.set_state(delivery, "sending", sender)
            return [Begun(delivery, page.add_attempt(delivery, sender, now(), is_resend=False))]

        return self._start(change)[0]

    def hold(self, draft: Draft) -> Delivery | Standing:
        """Write down an invoice that was read and is not sent now: it is pending, unless the guard knows it already."""
        return self._store.write(lambda page: self._hold(page, draft))

    def end(self, begun: Begun, verdict: Verdict, *, closed_for_s: float | None = None) -> None:
        """Write down how an attempt ended; ``closed_for_s`` when the channel asked to be left alone for so long.

        When that raises, the attempt must be abandoned: it counts as being sent until then.
        """
        self.end_all([(begun, verdict)], closed_for_s=closed_for_s)

    def end_all(
        self,
        ended: Sequence[tuple[Begun, Verdict]],
        *,
        closed_for_s: float | None = None,
        overtakes: bool = False,
    ) -> None:
        """Write down, in one commit, how attempts ended that went in one request, as ``end`` does.

        ``overtakes`` says that what was delivered ends the doubts about earlier content of the same key.
        """
        moment = None if closed_for_s is None else time.time() + closed_for_s

        def change(page: Page) -> None:
            for begun, verdict in ended:
                self._end(page, begun, guard.ending_of(verdict), moment)
                if overtakes and verdict.outcome == "delivered":
                    guard.overtake(page, begun.delivery)

        self._store.write(change)
        for begun, _ in ended:
            self.abandon(begun)

    def end_soon(self, begun: Begun, verdict: Verdict, told: Callable[[Exception | None], object]) -> None:
        """Have it written down with the next commit how an attempt ended, before what is begun from now on.

        ``told`` is called once, in any thread: with None when it is durable, else with why it is not; the attempt is
        abandoned then. ``flush()`` makes sure that it is one of them.
        """
        ending = guard.ending_of(verdict)

        def tell(error: Exception | None) -> None:
            self.abandon(begun)
            told(error)

        self._store.write_soon(lambda page: self._end(page, begun, ending, None), tell)

    def flush(self) -> None:
        """Write down now what was to be written soon; who wanted it is told."""
        self._store.flush()

    def abandon(self, begun: Begun) -> None:
        """Count an attempt as being sent no longer: without an ending, it is a doubt for whoever looks next.

        Nothing is written now, since that may be what failed.
        """
        self._under_way.pop(begun.attempt, None)

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
        """Put in doubt what senders that are gone were sending, and what this one abandoned; give how many it was."""
        names, abandoned = self._store.read(lambda page: (page.senders(), self._abandoned(page)))
        gone = [name for name in names if not self._is_mine(name) and presence.is_gone(self._folder, name)]

        def change(page: Page) -> int:
            return sum(guard.leave(page, name) for name in gone) + sum(
                guard.write_off(page, delivery, guard.ABANDONED) for delivery in self._abandoned(page)
            )

        return self._store.write(change) if gone or abandoned else 0

    def resolve(self, delivery: int, *, received: bool, note: str, who: str) -> bool:
        """Write down what a person found out about a doubt: it is delivered then, or pending. False when it is none."""

        def change(page: Page) -> bool:
            found = page.get(delivery)
            if found is None or found.state != "in_doubt":
                return False
            page.add_resolution(delivery, is_received=received, note=storable(note), who=storable(who), at=now())
            page.set_state(delivery, "delivered" if received else "pending")
            return True

        return self._store.write(change)

    def first_delivered(self, keys: Sequence[Key]) -> list[str | None]:
        """Give the record that was delivered first under each key, as JSON; None where none was."""

        def look(page: Page) -> list[str | None]:
            known = [[one.id for one in page.by_key(key) if one.state == "delivered"] for key in keys]
            return [page.record(ids[0]) if ids else None for ids in known]

        return self._store.read(look)

    def delivered_with(self, fingerprint: str, field: str, texts: Sequence[str]) -> list[tuple[str, str]]:
        """List what was delivered in a channel and has one of these texts in a field of its record: text and number."""
        return self._store.read(lambda page: page.delivered_with(fingerprint, field, texts))

    def deliveries(
        self,
        *,
        states: Sequence[State] = (),
        fingerprints: Sequence[str] = (),
        document_ref: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        most: int | None = None,
    ) -> list[Delivery]:
        """List the deliveries that fit all of the conditions, the oldest first; times are of their reading.

        Of many, at ``most`` so many ``after`` an id are listed.
        """
        document_ref = document_ref and storable(document_ref)
        start, end = (None if moment is None else moment_text(moment) for moment in (since, until))
        found: Any = {"states": states, "fingerprints": fingerprints, "document_ref": document_ref, "since": start}
        return self._store.read(lambda page: list(page.find(**found, until=end, after=after, most=most)))

    def get(self, delivery: int) -> Delivery | None:
        """Give a delivery; None when there is none of that id."""
        return self._store.read(lambda page: page.get(delivery))

    def is_sending(self, delivery: int) -> bool:
        """Tell whether this process has begun to send a delivery and has not written down how that ended."""
        found = self.get(delivery)
        return found is not None and found.state == "sending" and self._is_mine(found.sender)

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
            if self._presence is None or not self._presence.is_shown():
                # Under the lock of forks, so that a child knows of the file that it has from its parent.
                with forks.LOCK:
                    self._presence = self._shown(self._presence)
            return self._presence.name

    def _shown(self, before: presence.Presence | None) -> presence.Presence:
        """Give a new presence, under the name that this process had before if its file was swept away."""
        if before is None:
            return presence.Presence(self._folder)
        before.let_go()
        return presence.Presence(self._folder, before.name)

    def _is_mine(self, name: str | None) -> bool:
        return self._presence is not None and self._presence.name == name

    def _begin(self, page: Page, sender: str, draft: Draft) -> Begun | Standing | Closed:
        closed_until = page.put_channel(draft.key.fingerprint, draft.masked, draft.named)
        known = self._known(page, draft)
        standing = guard.standing_against(page, known, draft)
        if standing is not None:
            return standing
        if seconds := guard.closed_for(closed_until):
            return Closed(seconds)
        is_resend = any(
            delivery.state in guard.SETTLED and (not draft.repeats or delivery.sha256 == draft.values["sha256"])
            for delivery in known
        )
        at = now()
        page.add_sender(sender, at)
        delivery = guard.place(page, known, draft, "sending", sender)
        return Begun(delivery, page.add_attempt(delivery, sender, at, is_resend=is_resend))

    def _start(self, change: Callable[[Page], list[Begun | Standing | Closed]]) -> list[Begun | Standing | Closed]:
        """Do a change that may begin attempts. Those that its caller never hears of are abandoned."""
        begun: list[Begun] = []

        def start(page: Page) -> list[Begun | Standing | Closed]:
            self._forget(begun)  # what an earlier try began, of which nothing is kept
            found = change(page)
            begun[:] = [one for one in found if isinstance(one, Begun)]
            self._under_way.update({one.attempt: one for one in begun})
            return found

        try:
            kept = self._store.write(start)
        except BaseException:
            self._forget(begun)
            raise
        if not kept:
            raise OutboxError(f"the outbox {self.path} does not say that it was written, so nothing was sent")
        return kept

    def _forget(self, begun: Sequence[Begun]) -> None:
        """Abandon what was begun and not kept; its number may be another one's by now."""
        for one in begun:
            if self._under_way.get(one.attempt) is one:
                self.abandon(one)

    def _hold(self, page: Page, draft: Draft) -> Delivery | Standing:
        page.put_channel(draft.key.fingerprint, draft.masked, draft.named)
        known = self._known(page, draft)
        standing = guard.standing_against(page, known, draft)
        if standing is not None:
            return standing
        held = page.get(guard.place(page, known, draft, "pending"))
        assert held is not None  # noqa: S101 - it was placed a moment ago
        return held

    def _known(self, page: Page, draft: Draft) -> list[Delivery]:
        """List what is known under a key, what nobody is sending any more taken care of."""
        known = page.by_key(draft.key)
        left = [delivery for delivery in known if delivery.state == "sending" and self._is_left(page, delivery)]
        return page.by_key(draft.key) if left else known

    def _is_left(self, page: Page, delivery: Delivery) -> bool:
        """Tell whether nobody is sending a delivery any more; it is put in doubt then."""
        name = delivery.sender
        if name is None:
            return False
        if self._is_mine(name):
            return not self._is_under_way(page, delivery) and bool(guard.write_off(page, delivery, guard.ABANDONED))
        if is_gone := presence.is_gone(self._folder, name):
            guard.leave(page, name)
        return is_gone

    def _abandoned(self, page: Page) -> list[Delivery]:
        """List what this process was sending and is not any more, with no ending written down."""
        mine = [] if self._presence is None else page.by_sender(self._presence.name)
        return [delivery for delivery in mine if not self._is_under_way(page, delivery)]

    def _is_under_way(self, page: Page, delivery: Delivery) -> bool:
        attempts = page.attempts(delivery.id)
        return any(attempt.outcome is None and attempt.id in self._under_way for attempt in attempts)

    def _end(self, page: Page, begun: Begun, ending: dict[str, Any], closed_until: float | None) -> None:
        page.add_ending(begun.attempt, ending)
        state = guard.summed_up(page, begun.delivery, ending["outcome"])
        if state == "delivered" or not guard.has_moved_on(page, begun.delivery, state):
            page.set_state(begun.delivery, state)
        if closed_until is not None and (delivery := page.get(begun.delivery)):
            page.close_until(delivery.fingerprint, closed_until)
