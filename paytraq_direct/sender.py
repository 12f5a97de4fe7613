"""The whole way of an invoice: render, hold against the schema, post, and post again what was surely not taken."""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypedDict, Unpack

from paytraq_direct.dispatch import Later
from paytraq_direct.errand import Errand
from paytraq_direct.errors import InvalidInvoice, OutboxError
from paytraq_direct.pace import Pace
from paytraq_direct.result import Interrupted, Receipt, Result
from paytraq_direct.run import Run
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from paytraq_direct.channel import ChannelUri, Verdict
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.outbox.content import Key
    from paytraq_direct.outbox.guard import Draft, Standing
    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.outbox.outbox import Begun, Outbox
    from paytraq_direct.readers.reading import Loss
    from paytraq_direct.wire import Wire

DEADLINE_S: Final = 60.0

_POLL_S: Final = 0.1
_STOPPED: Final = "stopped before it was sent"


class Sender:
    """Sends invoices through one channel, its connections kept for the next.

    ``deadline_s`` is for one attempt, everything included. What was surely not taken is tried again for
    ``retry_for_s`` seconds, as the channel asks or ever more slowly; nothing else ever is. ``rate`` is how many
    posts there are in a second at most. Threads may share a sender. ``proxy`` is
    ``http://[user:password@]host:port``, ``ca_bundle`` a PEM file; no environment variable has a say.
    With an ``outbox``, what is about to be sent is on disk before its first byte leaves, and nothing is sent twice;
    ``resend`` names the document_refs that go round that guard, each invoice once; ``named`` is how the channel was
    given (env:VAR).
    Raises ChannelError when the channel or an option cannot be used. Close it, or use it in a with statement.
    """

    def __init__(
        self,
        channel: str | ChannelUri,
        *,
        deadline_s: float = DEADLINE_S,
        retry_for_s: float = 0.0,
        rate: float | None = None,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        allow_http: bool = False,
        outbox: Outbox | None = None,
        resend: Collection[str] = (),
        named: str | None = None,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        # Imported here because they bring requests, which reading, checking and rendering do not need.
        from paytraq_direct.channel import Channel, ChannelUri  # noqa: PLC0415
        from paytraq_direct.wire import Wire  # noqa: PLC0415

        if not 0 < deadline_s < math.inf:
            raise ValueError("deadline_s must be a number of seconds greater than 0")
        if not 0 <= retry_for_s < math.inf:
            raise ValueError("retry_for_s must be a number of seconds, 0 for one attempt")
        if rate is not None and not 0 < rate < math.inf:
            raise ValueError("rate must be a number of posts a second greater than 0")
        uri = channel if isinstance(channel, ChannelUri) else ChannelUri(channel, allow_http=allow_http)
        self._wire = wire or Wire(proxy=proxy, ca_bundle=ca_bundle)
        self._channel = Channel(uri, self._wire)
        self._deadline_s = deadline_s
        self._pace = Pace(rate=rate, retry_for_s=retry_for_s, clock=clock, pause=pause)
        self._outbox = outbox
        self._resend = frozenset(resend)
        self._resent: set[Key] = set()
        self._resending = threading.Lock()
        self._named = named
        self._clock = clock
        self._posting: list[bytes] = []
        self._is_cut = False

    def __repr__(self) -> str:
        return f"Sender({self.channel.masked!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        self._wire.close()

    @property
    def channel(self) -> ChannelUri:
        """The channel's address, which shows itself only masked."""
        return self._channel.uri

    def send(self, invoice: Invoice) -> Receipt:
        """Send one invoice and give the receipt.

        Raises InvalidInvoice, or the DeliveryError that says what may be done next; Interrupted on Ctrl-C
        when part of the document had left.
        """
        return self.deliver(invoice).receipt()

    def hold(self, invoice: Invoice, message: str, *, origin: str | None = None) -> Result:
        """Write an invoice down as pending, without sending it, and give the result that says why.

        What the outbox knows already stays what it is, and is told as that.
        """
        errand = self._errand(invoice, origin, starts=False)
        return errand if isinstance(errand, Result) else errand.hold(message)

    def stop(self) -> None:
        """Begin no more posts, for good: waits end, and what is not under way is pending or stays deferred.

        May be called from a signal handler.
        """
        self._pace.is_stopped = True

    def cut_short(self, errand: Errand | Result) -> Result:
        """Give the result of what is ready, another thread is at and nobody waits for: in doubt if a post is open.

        Nothing is posted from then on.
        """
        self._is_cut = True
        self.stop()
        if isinstance(errand, Result):
            return errand
        is_open = errand.document in self._posting
        result = errand.result("pending", _STOPPED)
        # The outbox may know better; when it cannot be asked, what is known here has to do.
        with contextlib.suppress(OutboxError):
            result = errand.hold(_STOPPED)
        if not is_open or result.outcome != "pending":
            return result
        message = "stopped by Ctrl-C while it was being sent: it may have arrived"
        return errand.result("in_doubt", message, posted=True)

    def send_all(self, invoices: Iterable[Invoice], *, jobs: int = 1, ahead: bool = False) -> Iterator[Result]:
        """Send invoices as they come, ``jobs`` at a time, and give one result for each, in their order.

        One at a time, each is taken when its result is asked for; ``ahead``, or with more jobs, the next ones are taken
        while others are sent, which is faster.
        A failure stops nothing, but three doubts in a row do: an outage must not become five hundred doubts. What
        comes after them is pending.
        """
        return Run(self).results(invoices, jobs=jobs, ahead=ahead)

    def deliver(self, invoice: Invoice, *, origin: str | None = None) -> Result:
        """Send one invoice and give its result, whatever it is; ``origin`` says where it was read.

        Raises OutboxError when it cannot be written down, and nothing was posted then; Interrupted as ``send`` does.
        """
        errand = self.ready(invoice, origin=origin)
        return errand if isinstance(errand, Result) else self._now(errand)

    def ready(self, invoice: Invoice, *, origin: str | None = None, losses: Sequence[Loss] = ()) -> Errand | Result:
        """Do all of ``deliver`` that can be done before its turn: ``deliver_soon`` does the rest, in any thread.

        ``losses`` are what the document does not carry, which the outbox keeps with the record.
        """
        return self._errand(invoice, origin, losses, starts=True)

    def deliver_soon(self, errand: Errand | Result) -> Result | Later[Result]:
        """Deliver what is ready, and give a success before the outbox has it: that goes with the next intent.

        Whoever has no other invoice to deliver must urge it; this sender does when it waits.
        """
        return errand if isinstance(errand, Result) else self._deliver(errand._replace(soon=True))

    def _now(self, errand: Errand) -> Result:
        found = self._deliver(errand)
        assert isinstance(found, Result)  # noqa: S101 - nothing of it is put off
        return found

    def _errand(
        self, invoice: Invoice, origin: str | None, losses: Sequence[Loss] = (), *, starts: bool
    ) -> Errand | Result:
        """Give the errand of an invoice, or one that is only to be held; a result instead when it cannot be sent."""
        try:
            document = prepare(invoice)
        except InvalidInvoice as invalid:
            return Result(
                outcome="invalid", document_ref=invoice.document_ref, message=str(invalid), channel=self.channel.masked,
                faults=invalid.faults,
            )  # fmt: skip
        ref, masked = invoice.document_ref, self.channel.masked
        if self._outbox is None:
            return Errand(ref, document, hashlib.sha256(document).hexdigest(), masked)
        draft = self._outbox.draft(self.channel, invoice, document, named=self._named, origin=origin)
        if losses:
            draft = draft.losing(losses)
        errand = Errand(ref, document, draft.values["sha256"], masked, partial(self._outbox.hold, draft))
        if not starts:
            return errand
        resend = self._may_resend(draft)
        return errand._replace(start=partial(self._outbox.begin, draft._replace(resend=resend)), is_resend=resend)

    def _may_resend(self, draft: Draft) -> bool:
        """Tell whether an invoice goes round the guard: the first of its key does, when its number was named."""
        if draft.values["document_ref"] not in self._resend:
            return False
        with self._resending:
            is_first = draft.key not in self._resent
            self._resent.add(draft.key)
        return is_first

    def again(self, delivery: Delivery) -> Result:
        """Send what the outbox has as pending or deferred, the very bytes that were read, and give the result."""
        if self._outbox is None:
            raise ValueError("a sender without an outbox has nothing to send again")
        document = self._outbox.document(delivery.id)
        start = partial(self._outbox.again, delivery.id)
        return self._now(Errand(delivery.document_ref, document, delivery.sha256, self.channel.masked, start=start))

    def _deliver(self, errand: Errand) -> Result | Later[Result]:
        """Post a document, and again what was surely not taken, each time after it was written down."""
        started = self._clock()
        attempts = 0
        while True:
            begun = self._await_turn(errand) or self._begin(errand)
            if isinstance(begun, Result):
                return begun
            attempts += 1
            verdict, unwritten = self._attempt(errand, begun, attempts)
            if isinstance(unwritten, Later):
                return unwritten
            if unwritten:
                return errand.posted(verdict, attempts, unwritten=unwritten)
            wait_s = self._pace.wait_s(verdict, attempts, self._clock() - started)
            if wait_s is None:
                break
            self._pace.pause(wait_s)
            if self._pace.is_stopped:
                break
        return errand.posted(verdict, attempts)

    def _attempt(self, errand: Errand, begun: Begun | None, attempts: int) -> tuple[Verdict, str | Later[Result]]:
        """Post a document and write down how that ended; give also why the latter could not be done, if so.

        A success of an errand that may is written down soon: what it will have come to is given then.
        """
        later: Later[Result] | None = None
        # First said, then looked: whoever cuts it short does it the other way round, so that one sees the other.
        self._posting.append(errand.document)
        try:
            verdict = self._post(errand, attempts)
            if errand.soon and begun is not None and verdict.outcome == "delivered":
                later = self._end_soon(errand, begun, verdict, attempts)
                return verdict, later
            try:
                return verdict, "" if begun is None else self._end(begun, verdict)
            except KeyboardInterrupt:
                unwritten = "stopped by Ctrl-C"
                raise Interrupted(errand.posted(verdict, attempts, unwritten=unwritten)) from None
        except BaseException:
            self._abandon(begun)
            raise
        finally:
            if later is None:
                self._posting.remove(errand.document)

    def _end_soon(self, errand: Errand, begun: Begun, verdict: Verdict, attempts: int) -> Later[Result]:
        """Have a success written down soon; until then it counts as being posted."""
        assert self._outbox is not None  # noqa: S101 - it was begun in one
        later: Later[Result] = Later(self._outbox.flush)

        def told(error: Exception | None) -> None:
            self._posting.remove(errand.document)
            later.settle(errand.posted(verdict, attempts, unwritten=str(error or "")))

        self._outbox.end_soon(begun, verdict, told)
        return later

    def _end(self, begun: Begun, verdict: Verdict) -> str:
        """Write down how an attempt ended; give why that could not be done, if so."""
        assert self._outbox is not None  # noqa: S101 - it was begun in one
        try:
            self._outbox.end(begun, verdict, closed_for_s=verdict.retry_after)
        except OutboxError as error:
            self._abandon(begun)
            return str(error)
        return ""

    def _abandon(self, begun: Begun | None) -> None:
        """Have an attempt whose end is not written down count as a doubt from now on, in this process too."""
        if begun is not None and self._outbox is not None:
            self._outbox.abandon(begun)

    def _await_turn(self, errand: Errand) -> Result | None:
        """Wait for the turn of a post; a result instead when the outbox knows already that there must be none.

        What waits is pending in the outbox, and not begun: when the program is killed meanwhile, it is no doubt.
        """
        if self._pace.rate is None:
            return None
        if errand.start is not None and not errand.is_resend:
            held = errand.hold("it waits for its turn")
            if held.outcome != "pending":
                return held
        elif self._outbox is not None:
            self._outbox.flush()  # nothing that was to go along waits for a turn
        self._pace.await_turn()
        return None

    def _begin(self, errand: Errand) -> Begun | Result | None:
        """Write down what is about to be posted; a result instead when it must not be, None without an outbox."""
        if errand.start is None:
            return errand.hold(_STOPPED) if self._pace.is_stopped else None
        from paytraq_direct.outbox.guard import Standing  # noqa: PLC0415 - see below
        from paytraq_direct.outbox.outbox import Closed  # noqa: PLC0415 - brings sqlite3

        until = self._clock() + self._deadline_s
        while not self._pace.is_stopped:
            begun = errand.start()
            if isinstance(begun, Closed):
                if begun.seconds > max(self._deadline_s, self._pace.retry_for_s):
                    asked = f"the channel asked to be left alone for {begun.seconds:.0f} s more: nothing was sent"
                    return replace(errand.hold(asked), retry_after=begun.seconds)
                self._pace.pause(begun.seconds)
            elif isinstance(begun, Standing):
                # Once the other sender has ended, the guard is asked again: what it sent may have other content.
                if not self._outlasts(begun, until):
                    return errand.standing(begun)
            else:
                return begun
        return errand.hold(_STOPPED)

    def _outlasts(self, standing: Standing, until: float) -> bool:
        """Wait for a delivery that another sender is at, as long as it lives; tell whether it ended before a time."""
        assert self._outbox is not None  # noqa: S101 - a standing comes from one
        if standing.kind != "sending":
            return False
        while self._outbox.standing(standing.delivery.id).kind == "sending":
            if self._clock() >= until or self._pace.is_stopped:
                return False
            self._pace.pause(_POLL_S)
        return True

    def _post(self, errand: Errand, attempt: int) -> Verdict:
        if self._is_cut:
            raise KeyboardInterrupt(_STOPPED)
        try:
            return self._channel.post(errand.document, deadline_s=self._deadline_s)
        except KeyboardInterrupt as stop:
            if not getattr(stop, "paytraq_progress", 0):
                raise
        message = "stopped by Ctrl-C when part of the document had left: it may have arrived"
        raise Interrupted(errand.result("in_doubt", message, attempts=attempt, posted=True))


class Options(TypedDict, total=False):
    """The options of a Sender, which say how its posts are made."""

    deadline_s: float
    retry_for_s: float
    rate: float | None
    proxy: str | None
    ca_bundle: str | os.PathLike[str] | None
    allow_http: bool
    outbox: Outbox | None
    resend: Collection[str]


def send(invoice: Invoice, channel: str | ChannelUri, **options: Unpack[Options]) -> Receipt:
    """Send one invoice through a channel and give the receipt; the options are those of Sender.

    Raises what ``Sender`` and ``Sender.send`` raise.
    """
    with Sender(channel, **options) as sender:
        return sender.send(invoice)
