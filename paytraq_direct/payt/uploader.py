"""Files to Payt's import: looked through, held against what was sent before, written down, and posted."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, Unpack

from paytraq_direct.errors import ChannelError, OutboxError
from paytraq_direct.outbox.guard import Standing
from paytraq_direct.outbox.outbox import Closed
from paytraq_direct.pace import Pace
from paytraq_direct.payt import filetypes, history, shipment
from paytraq_direct.payt.body import FIELDS, Body, fields_of
from paytraq_direct.payt.endpoint import IMPORT_URL, endpoint
from paytraq_direct.payt.file_rules import Flaw
from paytraq_direct.payt.intake import Intake
from paytraq_direct.payt.posting import Poster
from paytraq_direct.payt.shipment import Shipment, result_of
from paytraq_direct.result import Interrupted, Receipt, Result
from paytraq_direct.run import MOST_DOUBTS, STOPPED

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from paytraq_direct.channel import Verdict
    from paytraq_direct.errors import Fault
    from paytraq_direct.outbox.outbox import Begun, Outbox
    from paytraq_direct.payt.endpoint import Token
    from paytraq_direct.payt.intake import Facts
    from paytraq_direct.wire import Exchange

RATE: Final = 3.0
"""Files a second. Source: Payt's page of rate limits, November 2026."""
RETRY_FOR_S: Final = 30.0
# Source: docs.paytsoftware.com/imports/overview, read in November 2026.
HEADERS: Final = {"Accept-Charset": "UTF-8", "Accept": "application/json", "Content-Type": "application/json"}

_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What became of one file: ``facts`` of it, None when it could not be looked through, and the result.

    ``vanished`` are the invoice numbers of the last data file that this one lacks.
    """

    path: str
    result: Result
    facts: Facts | None = None
    vanished: tuple[str, ...] = ()


class About(TypedDict, total=False):
    """What may be said of one file."""

    kind: str | None
    gzip: bool
    invoice_number: str | None


class Uploader:
    """Uploads files of one administration, named by its code or its id, one after the other.

    ``token`` is None where nothing is posted. ``host`` is where the import is; https, but for this machine or with
    ``allow_http``. ``fields`` changes where the body has its values, ``import_token`` puts a token there as well.
    ``deadline_s`` is for one attempt, None for a minute and a second more for each megabyte. What was surely not taken
    is tried again for ``retry_for_s`` seconds; a doubt never is. There are at most ``rate`` files a second. With an
    ``outbox``, what is about to be sent is on disk before its first byte, and nothing is sent twice; ``resend`` are the
    names, or paths, of files that go round that guard. ``vanished_ok`` lets a data file go that lacks invoices of the
    last one. Raises ChannelError or ValueError when an option cannot be used.
    """

    def __init__(
        self,
        token: Token | None,
        *,
        administration_code: str | None = None,
        administration_id: str | None = None,
        host: str = IMPORT_URL,
        allow_http: bool = False,
        fields: Mapping[str, str] | None = None,
        import_token: Token | None = None,
        outbox: Outbox | None = None,
        resend: Collection[str] = (),
        vanished_ok: bool = False,
        yes: str = "vanished_ok=True",
        deadline_s: float | None = None,
        retry_for_s: float = RETRY_FOR_S,
        rate: float = RATE,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        if (administration_code is None) == (administration_id is None):
            raise ValueError("name the administration by its code, or by its id")
        if deadline_s is not None and not 0 < deadline_s < math.inf:
            raise ValueError("deadline_s must be a number of seconds greater than 0")
        if not 0 <= retry_for_s < math.inf:
            raise ValueError("retry_for_s must be a number of seconds, 0 for one attempt")
        if not 0 < rate <= RATE:
            raise ValueError(f"rate must be a number of files a second, greater than 0 and at most {RATE:g}")
        field = "administration_code" if administration_id is None else "administration_id"
        name = (administration_code or administration_id or "").strip()
        shown = name if administration_id is None or not name else f"id {name}"
        self.endpoints = {
            kind.name: endpoint(host, kind.path, shown, allow_http=allow_http) for kind in filetypes.KINDS.values()
        }
        self._fields = FIELDS if fields is None else fields_of(fields)
        self._values: dict[str, str | Token] = {field: name}
        self._secrets = () if import_token is None else (import_token,)
        if import_token is not None:
            self._values["import_token"] = import_token
        self._outbox = outbox
        self._resend = frozenset(resend)
        self._vanished_ok = vanished_ok
        self._yes = yes
        self._deadline_s = deadline_s
        self._clock = clock
        self._pace = Pace(rate=rate, retry_for_s=retry_for_s, clock=clock, pause=pause)
        self._poster = (
            None if token is None else Poster(token, deadline_s=shipment.DEADLINE_S, proxy=proxy, ca_bundle=ca_bundle)
        )
        self._doubts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        if self._poster is not None:
            self._poster.close()

    def check(self, path: str | os.PathLike[str], **about: Unpack[About]) -> Uploaded:
        """Do all but the sending and the writing down, and give what would be sent; ``upload`` says what it raises."""
        with Intake(path, about.get("kind")) as intake:
            return self._looked_at(intake, about)

    def upload(self, path: str | os.PathLike[str], **about: Unpack[About]) -> Uploaded:
        """Upload one file and give what became of it, whatever it is; three doubts in a row stop what comes after.

        ``kind`` is its type, where that is not to be told by content and name; ``gzip`` has it compressed on the way;
        ``invoice_number`` is what the name of a PDF must hold. Raises OSError for a file that cannot be read,
        UnclearKind when its type cannot be told, OutboxError when it cannot be written down, and nothing was sent
        then; Interrupted on Ctrl-C when part of it had left.
        """
        if self._poster is None:
            raise ChannelError("there is no token to upload with")
        with Intake(path, about.get("kind")) as intake:
            looked_at = self._looked_at(intake, about)
            if looked_at.facts is None or looked_at.result.outcome != "checked":
                return looked_at
            if self._doubts >= MOST_DOUBTS:
                return replace(looked_at, result=replace(looked_at.result, outcome="pending", message=STOPPED))
            body = Body(intake, {**self._values, "filename": looked_at.facts.name}, self._fields)
            sending = Shipment(intake, looked_at.facts, self.endpoints[intake.kind.name], body)
            result = self._deliver(sending)
        if result.posted:
            self._doubts = self._doubts + 1 if result.outcome == "in_doubt" else 0
        return replace(looked_at, result=replace(result, faults=looked_at.result.faults))

    def _looked_at(self, intake: Intake, about: About) -> Uploaded:
        target = self.endpoints[intake.kind.name]
        try:
            facts = intake.look_through(compress=about.get("gzip", False))
        except Flaw as flaw:
            result = result_of(intake, None, target, "invalid", str(flaw.fault), faults=(flaw.fault,))
            return Uploaded(path=intake.path, result=result)
        is_pdf = facts.kind.name == "invoice_pdf"
        before = (
            history.last_files(self._outbox, self.endpoints["csv"])
            if self._outbox is not None and (is_pdf or facts.kind.is_data)
            else None
        )
        faults: tuple[Fault, ...] = () if facts.listing is None else facts.listing.faults
        vanished: tuple[str, ...] = ()
        needs_yes = False
        if facts.kind.is_data:
            found = history.compared(intake.shown, facts, before, yes=self._yes)
            faults, vanished, needs_yes = (*faults, *found.faults), found.vanished, found.needs_yes
        elif is_pdf and (fault := history.name_fault(intake.name, about.get("invoice_number"), before)):
            faults = (fault,)
        if needs_yes and self._vanished_ok:
            faults, needs_yes = tuple(_allowed(fault) for fault in faults), False
        outcome: Any = "invalid" if needs_yes else "checked"
        message = "\n".join(str(fault) for fault in faults if fault.is_error)
        result = result_of(intake, facts, target, outcome, message, faults=faults)
        return Uploaded(path=intake.path, result=result, facts=facts, vanished=vanished)

    def _deliver(self, sending: Shipment) -> Result:
        """Post a file, and again while it was surely not taken, each time after it was written down."""
        started, attempts = self._clock(), 0
        while True:
            self._pace.await_turn()
            begun = self._begin(sending)
            if isinstance(begun, Result):
                return begun
            attempts += 1
            judged, unwritten = self._attempt(sending, begun, attempts)
            wait_s = None if unwritten else self._pace.wait_s(judged, attempts, self._clock() - started)
            if wait_s is None:
                return sending.posted(judged, attempts, unwritten)
            self._pace.pause(wait_s)

    def _begin(self, sending: Shipment) -> Begun | Result | None:
        """Write down what is about to be posted; a result instead when it must not be, None without an outbox."""
        if self._outbox is None:
            return None
        draft = sending.draft(self._outbox, resend=not self._resend.isdisjoint(sending.names))
        patience_s = sending.deadline_s(self._deadline_s)
        until = self._clock() + patience_s
        while True:
            (begun,) = self._outbox.begin_all([draft])
            if isinstance(begun, Closed):
                if begun.seconds > max(patience_s, self._pace.retry_for_s):
                    asked = f"Payt asked to be left alone for {begun.seconds:.0f} s more: nothing was sent"
                    return sending.result("deferred", asked, retry_after=begun.seconds)
                self._pace.pause(begun.seconds)
            elif isinstance(begun, Standing):
                if begun.kind != "sending" or self._clock() >= until:
                    return sending.known(begun)
                self._pace.pause(_POLL_S)
            else:
                return begun

    def _attempt(self, sending: Shipment, begun: Begun | None, attempts: int) -> tuple[Verdict, str]:
        """Post a file and write down how that ended; give also why the latter could not be done, if so."""
        try:
            judged = shipment.judged(self._post(sending, attempts))
            return judged, "" if begun is None else self._end(sending, begun, judged, attempts)
        except BaseException:
            self._abandon(begun)
            raise

    def _post(self, sending: Shipment, attempts: int) -> Exchange:
        assert self._poster is not None  # noqa: S101 - upload looked
        deadline_s = sending.deadline_s(self._deadline_s)
        try:
            return self._poster.post(
                sending.target, sending.body, HEADERS, deadline_s=deadline_s, secrets=self._secrets
            )
        except KeyboardInterrupt as stop:
            if not getattr(stop, "paytraq_progress", 0):
                raise
        message = "stopped by Ctrl-C when part of the file had left: it may have arrived"
        raise Interrupted(sending.result("in_doubt", message, attempts=attempts, posted=True))

    def _end(self, sending: Shipment, begun: Begun, judged: Verdict, attempts: int) -> str:
        """Write down how an attempt ended; give why that could not be done, if so."""
        assert self._outbox is not None  # noqa: S101 - it was begun in one
        closed_for_s = judged.retry_after
        try:
            self._outbox.end_all([(begun, judged)], closed_for_s=closed_for_s, overtakes=sending.is_data)
        except OutboxError as error:
            self._abandon(begun)
            return str(error)
        except KeyboardInterrupt:
            raise Interrupted(sending.posted(judged, attempts, "stopped by Ctrl-C")) from None
        return ""

    def _abandon(self, begun: Begun | None) -> None:
        if begun is not None and self._outbox is not None:
            self._outbox.abandon(begun)


def upload(
    path: str | os.PathLike[str],
    token: Token,
    *,
    kind: str | None = None,
    gzip: bool = False,
    invoice_number: str | None = None,
    **options: Any,
) -> Receipt:
    """Upload one file and give the receipt; ``options`` are those of Uploader, the rest of its ``upload``.

    Raises InvalidInvoice with the faults of a file that cannot go, or the DeliveryError that says what may be done
    next; and what Uploader and its ``upload`` raise.
    """
    with Uploader(token, **options) as uploader:
        uploaded = uploader.upload(path, kind=kind, gzip=gzip, invoice_number=invoice_number)
        return uploaded.result.receipt()


def _allowed(fault: Fault) -> Fault:
    """Give a fault that someone has looked at and found as it should be."""
    return replace(fault, severity="warning", suggestion=None) if fault.is_error else fault
