"""Invoices to Payt in batches: each written down before it is sent, and told by what Payt says of it."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from paytraq_direct.errors import ChannelError, OutboxError
from paytraq_direct.pace import Pace
from paytraq_direct.payt import endpoint as endpoints
from paytraq_direct.payt import reading as reading_
from paytraq_direct.payt import rules, verdict
from paytraq_direct.payt.endpoint import API_URL, Token
from paytraq_direct.payt.errand import Errand, draft_of, errand_of, key_of, requests_of
from paytraq_direct.payt.posting import Poster
from paytraq_direct.payt.result import Result

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from paytraq_direct.outbox.guard import Draft, Standing
    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.payt.reading import Reading
    from paytraq_direct.payt.records import Invoice
    from paytraq_direct.payt.verdict import Finding, Upserted

BATCH_SIZE: Final = 100
MOST_IN_A_BATCH: Final = 10_000
RATE: Final = 10.0
"""Posts a second at most. Source: docs.paytsoftware.com/api/rate-limits, November 2026."""
RETRY_FOR_S: Final = 30.0
MOST_DOUBTS: Final = 3

_STOPPED: Final = "stopped before it was sent"
_WAITED: Final = "another process is sending it still, or Payt asked to be left alone: it was waited for {:g} s"
_DOUBTED: Final = "an earlier attempt may have arrived"
_POLL_S: Final = 0.1
_NOTES: Final = 20
_TOO_MANY_DOUBTS: Final = f"{MOST_DOUBTS} requests in a row are in doubt, so the rest is not sent: is Payt in order?"
_REPEATABLE: Final = "repeating it is safe, since what is sent is an upsert"


class Upserter:
    """Sends invoices to one administration of Payt's, in batches, its connection kept for the next.

    ``token`` is a Token or its text, by default that of $PAYT_TOKEN. At most ten posts are made in a second. An upsert
    may be repeated, so for ``retry_for_s`` seconds a request is sent again that was not taken or is in doubt. With an
    ``outbox``, each invoice is on disk before the first byte leaves, and what was delivered and has not changed since
    is not sent again but for the numbers in ``resend``. ``strict`` lets warnings count as errors. ``deadline_s`` is for
    one request, everything included, and for waiting until another process has sent what is to be sent.
    Raises ChannelError when an address, a token or an option cannot be used. Close it, or use it in a with statement.
    """

    def __init__(
        self,
        administration_id: str,
        token: Token | str | None = None,
        *,
        url: str = API_URL,
        batch_size: int = BATCH_SIZE,
        outbox: Outbox | None = None,
        resend: Collection[str] = (),
        strict: bool = False,
        deadline_s: float = 60.0,
        retry_for_s: float = RETRY_FOR_S,
        rate: float = RATE,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        allow_http: bool = False,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        if not 1 <= batch_size <= MOST_IN_A_BATCH:
            raise ValueError(f"batch_size must be a whole number from 1 to {MOST_IN_A_BATCH:,}")
        if not 0 <= retry_for_s < math.inf:
            raise ValueError("retry_for_s must be a number of seconds, 0 for one attempt")
        if not 0 < rate <= RATE:
            raise ValueError(f"rate must be above 0 and at most {RATE:g}, which is Payt's limit")
        self.endpoint = endpoints.endpoint(url, endpoints.INVOICES, administration_id, allow_http=allow_http)
        if proxy is not None and self.endpoint.url.startswith("http:"):
            raise ChannelError("a proxy can be used for https only: leave out --proxy, or use an https address")
        self._outbox = outbox
        self._resend = frozenset([resend] if isinstance(resend, str) else resend)
        self._strict = strict
        self._batch_size = batch_size
        self._deadline_s = deadline_s
        self._clock = clock
        self._fingerprint = "" if outbox is None else outbox.fingerprint(self.endpoint)
        retried = frozenset({"deferred", "in_doubt"})
        self._pace = Pace(rate=rate, retry_for_s=retry_for_s, clock=clock, pause=pause, retried=retried)
        opened = endpoints.token() if token is None else token if isinstance(token, Token) else Token(token)
        self._poster = Poster(opened, deadline_s=deadline_s, proxy=proxy, ca_bundle=ca_bundle, clock=clock)
        self.is_under_way = False
        """Whether a request is on its way, or results of it were not given yet."""
        self.outcomes: Counter[str] = Counter()
        """How many results there are of each outcome, also of those that were not given yet."""
        self._doubts = 0
        self._unwritten = ""

    def __repr__(self) -> str:
        return f"Upserter({self.endpoint.masked!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connection."""
        self._poster.close()

    def stop(self) -> None:
        """Begin no more posts, for good: what is not under way is pending. May be called from a signal handler."""
        self._pace.is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether no more posts begin."""
        return self._pace.is_stopped

    def send_all(self, records: Iterable[Invoice | Mapping[str, Any]]) -> Iterator[Result]:
        """Send invoices as they come, and give one result for each, in their order."""
        if isinstance(records, Mapping):
            raise TypeError("one invoice is given, and several are taken: put it into a list")
        return self.results(reading_.given(records))

    def results(self, readings: Iterable[Reading]) -> Iterator[Result]:
        """Send what was read and give one result for each, in their order; an invalid one keeps nobody from going.

        Raises OutboxError when nothing can be written down, and nothing more is sent then. A Ctrl-C in the middle of a
        request is raised again once the results of that request were given.
        """
        self._doubts, self._unwritten = 0, ""
        batch: list[Reading] = []
        for found in reading_.unique(readings):
            if self.is_stopped:
                break
            batch.append(found)
            if len(batch) >= self._batch_size:
                yield from self._sent(batch)
                batch = []
        yield from self._sent(batch)

    def _sent(self, batch: Sequence[Reading]) -> Iterator[Result]:
        """Send a batch, in one request or, where it would be too big, in several."""
        if self._unwritten:
            raise OutboxError(self._unwritten)
        errands = [errand_of(found) if found.record is not None else None for found in batch]
        good = [errand for errand in errands if errand is not None]
        self._look_back(good)
        if self._strict:
            good = [errand for errand in good if not errand.faults]
        stop: BaseException | None = None
        self.is_under_way = True
        try:
            try:
                for request in requests_of(good):
                    self._deliver(request)
            except (KeyboardInterrupt, OutboxError) as error:
                stop = error
            results = [self._result_of(found, errand) for found, errand in zip(batch, errands, strict=True)]
            self.outcomes.update(result.outcome for result in results)
            yield from results
        finally:
            self.is_under_way = False
        if stop is not None:
            raise stop

    def _result_of(self, found: Reading, errand: Errand | None) -> Result:
        """Give the result of what was read, whatever it came to."""
        if errand is None:
            return invalid(found)
        if errand.result is None and self._strict and errand.faults:
            return invalid(found._replace(faults=errand.faults))
        return errand.result or self._result(errand, "pending", _STOPPED)

    def _look_back(self, errands: Sequence[Errand]) -> None:
        """Warn of what is not as it was first sent, where Payt keeps it as it was."""
        if self._outbox is None or not errands:
            return
        earlier = self._outbox.first_delivered([key_of(errand, self.endpoint, self._fingerprint) for errand in errands])
        for errand, record in zip(errands, earlier, strict=True):
            if record is not None:
                errand.faults += errand.reading.placed(rules.changes(json.loads(record), json.loads(errand.text)))
        new = [errand for errand, record in zip(errands, earlier, strict=True) if record is None]
        self._look_for_other_numbers([errand for errand in new if errand.record.invoice_identifier])

    def _look_for_other_numbers(self, errands: Sequence[Errand]) -> None:
        """Warn of an invoice that was first sent under another number, which its own identifier tells."""
        if self._outbox is None or not errands:
            return
        name = "invoice_identifier"
        known = dict(
            self._outbox.delivered_with(
                self._fingerprint, name, [errand.record.invoice_identifier or "" for errand in errands]
            )
        )
        for errand in errands:
            before = known.get(errand.record.invoice_identifier or "")
            if before is not None:
                fault = rules.CANNOT_CHANGE.fault("invoice_number", before=before, after=errand.record.invoice_number)
                errand.faults += errand.reading.placed((fault,))

    def _deliver(self, errands: Sequence[Errand]) -> None:
        """Post one request, and again what was not taken or is in doubt; each errand has its result then."""
        if self._unwritten:
            raise OutboxError(self._unwritten)
        if self._doubts >= MOST_DOUBTS:
            self._settle(errands, "pending", _TOO_MANY_DOUBTS)
            return
        until = self._clock() + self._deadline_s
        waiting = list(errands)
        while waiting and not self._pace.is_stopped and not self._unwritten:
            wait_s = self._deliver_ready(waiting)
            waiting = [errand for errand in waiting if errand.result is None]
            if waiting and self._clock() + wait_s > until:
                self._settle(waiting, "pending", _WAITED.format(self._deadline_s), wait_s)
                break
            if waiting:
                self._pace.pause(max(wait_s, _POLL_S))

    def _deliver_ready(self, errands: Sequence[Errand]) -> float:
        """Post what may be posted now, and again what was not taken or is in doubt; give how long to wait for the rest.

        What is left without a result is being sent by another process, or Payt asked to be left alone.
        """
        started = self._clock()
        ready, wait_s = self._begin(errands)
        while ready:
            said = self._post(ready)
            again_s = self._pace.wait_s(said.verdict, ready[0].attempts, self._clock() - started)
            if again_s is None or self._unwritten:
                self._doubts = self._doubts + 1 if said.verdict.outcome == "in_doubt" else 0
                break
            self._pace.pause(again_s)
            if self._pace.is_stopped:
                break
            ready, wait_s = self._begin(ready)
        return wait_s

    def _begin(self, errands: Sequence[Errand]) -> tuple[list[Errand], float]:
        """Write down what is about to be posted, when its turn has come, and give it; what must not be has its result.

        Gives also for how long Payt asked to be left alone.
        """
        self._pace.await_turn()
        if self._pace.is_stopped:
            return [], 0.0
        if self._outbox is None:
            return list(errands), 0.0
        from paytraq_direct.outbox.guard import Standing  # noqa: PLC0415 - nothing without an outbox needs it
        from paytraq_direct.outbox.outbox import Begun  # noqa: PLC0415 - brings sqlite3

        ready, wait_s = [], 0.0
        begun = self._outbox.begin_all([self._draft(errand) for errand in errands])
        for errand, one in zip(errands, begun, strict=True):
            if isinstance(one, Begun):
                errand.begun = one
                ready.append(errand)
            elif not isinstance(one, Standing):
                wait_s = one.seconds
            elif one.kind == "delivered":
                errand.result = self._standing(errand, one)
            else:
                # Somebody else is at it; what an earlier attempt came to is known once that has ended.
                errand.result = None
        return ready, wait_s

    def _draft(self, errand: Errand) -> Draft:
        draft = draft_of(errand, self.endpoint, self._fingerprint)
        return draft._replace(resend=errand.record.invoice_number in self._resend)

    def _standing(self, errand: Errand, standing: Standing) -> Result:
        """Give the result of what the outbox has as delivered."""
        found = self._result(errand, "already_delivered", "Payt has it already, and it has not changed since")
        attempt = standing.attempt
        if attempt is None:
            return found
        return replace(found, status=attempt.status, sent_at=datetime.fromisoformat(attempt.began_at))

    def _post(self, errands: Sequence[Errand]) -> Upserted:
        """Post one request and write down how it ended; every errand has its result then."""
        body = b'{"administration_id":%b,"invoices":[%b]}' % (
            json.dumps(self.endpoint.administration, ensure_ascii=False).encode(),
            b",".join(errand.text for errand in errands),
        )
        for errand in errands:
            errand.attempts += 1
        try:
            said = verdict.upserted(
                self._poster.post(self.endpoint, body), [errand.record.invoice_number for errand in errands]
            )
            self._unwritten = self._end(errands, said)
        except BaseException:
            self._abandon(errands)
            self._settle(errands, "in_doubt", f"stopped while it was being sent; {_REPEATABLE}")
            raise
        notes = said.verdict.notes[:_NOTES]
        for errand, finding in zip(errands, said.findings, strict=True):
            errand.result = replace(self._posted(errand, finding, said), notes=notes)
            errand.begun, notes = None, ()
        return said

    def _end(self, errands: Sequence[Errand], said: Upserted) -> str:
        """Write down how a request ended for each invoice; give why that could not be done, if so."""
        if self._outbox is None:
            return ""
        ended = [
            (errand.begun, verdict.of_one(errand.record.invoice_number, finding, said.verdict))
            for errand, finding in zip(errands, said.findings, strict=True)
            if errand.begun is not None
        ]
        try:
            self._outbox.end_all(ended, closed_for_s=said.verdict.retry_after, overtakes=True)
        except OutboxError as error:
            self._abandon(errands)
            return str(error)
        return ""

    def _abandon(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            if self._outbox is not None and errand.begun is not None:
                self._outbox.abandon(errand.begun)

    def _posted(self, errand: Errand, finding: Finding, said: Upserted) -> Result:
        exchange = said.verdict.exchange
        outcome, message = finding.outcome, finding.message
        if self._unwritten:
            outcome, message = "in_doubt", f"it was posted, and what came of it could not be kept: {self._unwritten}"
        if outcome == "in_doubt":
            errand.is_doubted = True
            message += f"; {_REPEATABLE}"
        return replace(
            self._result(errand, outcome, message),
            errors=finding.errors,
            warnings=finding.warnings,
            status=exchange.status,
            sent_at=exchange.sent_at,
            elapsed_ms=exchange.elapsed_ms,
            retry_after=said.verdict.retry_after,
            posted=True,
        )

    def _settle(self, errands: Sequence[Errand], outcome: Any, message: str, retry_after: float | None = None) -> None:
        for errand in errands:
            errand.result = replace(self._result(errand, outcome, message), retry_after=retry_after)

    def _result(self, errand: Errand, outcome: Any, message: str) -> Result:
        """Give a result; a doubt that an attempt before this one left is not ended by less than a delivery."""
        if errand.is_doubted and outcome not in {"delivered", "already_delivered", "in_doubt"}:
            outcome, message = "in_doubt", f"{_DOUBTED}; then {message}; {_REPEATABLE}"
        return Result(
            outcome=outcome,
            origin=errand.reading.origin,
            invoice_number=errand.record.invoice_number,
            message=message,
            channel=self.endpoint.masked,
            record=errand.record,
            faults=errand.faults,
            sha256=errand.sha256,
            attempts=errand.attempts,
        )


def upsert(records: Iterable[Invoice | Mapping[str, Any]], administration_id: str, **options: Any) -> Iterator[Result]:
    """Send invoices to an administration of Payt's and give one result for each, in their order.

    ``options`` are those of Upserter, ``token`` among them; raises as it does.
    """
    with Upserter(administration_id, **options) as upserter:
        yield from upserter.send_all(records)


def invalid(found: Reading) -> Result:
    """Give the result of what cannot be sent."""
    return Result(outcome="invalid", origin=found.origin, invoice_number=found.number, faults=found.faults)
