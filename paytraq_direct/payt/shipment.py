"""One file on its way to Payt: what the outbox is told of it, and what may come of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.outbox.content import Key
from paytraq_direct.outbox.elsewhere import UPLOAD
from paytraq_direct.outbox.guard import Draft
from paytraq_direct.outbox.ledger import now, storable
from paytraq_direct.payt import history, verdict
from paytraq_direct.result import Result, of_posted, of_standing

if TYPE_CHECKING:
    from paytraq_direct.channel import Verdict
    from paytraq_direct.outbox.guard import Standing
    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.payt.body import Body
    from paytraq_direct.payt.endpoint import Endpoint
    from paytraq_direct.payt.intake import Facts, Intake
    from paytraq_direct.wire import Exchange

DEADLINE_S: Final = 60.0
# On top of that, for what has to travel: 8 Mbit/s.
DEADLINE_S_PER_BYTE: Final = 1e-6

_ACCEPTED: Final = "taken for the next import"
_WORDS: Final = {
    "conflict": "a file of this name was sent with other content; nothing was sent",
    "in_doubt": "it is in doubt since an earlier attempt; nothing was sent now",
}


class Shipment:
    """One file on its way: what the outbox is told of it, and the results it may come to."""

    def __init__(self, intake: Intake, facts: Facts, target: Endpoint, body: Body) -> None:
        self.body = body
        self.target = target
        self.is_data = facts.kind.is_data
        self.names = frozenset((intake.path, facts.name, intake.inner_name))
        self._intake = intake
        self._facts = facts

    def deadline_s(self, given: float | None) -> float:
        """Give the seconds that an attempt may take."""
        return DEADLINE_S + self.body.size * DEADLINE_S_PER_BYTE if given is None else given

    def draft(self, outbox: Outbox, *, resend: bool = False) -> Draft:
        """Give what the outbox keeps: of data files the last one counts, others are told apart by name."""
        facts, name = self._facts, self._intake.inner_name
        reference = "" if self.is_data else name
        return Draft(
            key=Key(outbox.fingerprint(self.target), self.target.administration, facts.kind.name, reference),
            masked=self.target.masked,
            named=UPLOAD,
            record=history.record_of(facts),
            document=b"",
            values={
                "document_ref": name,
                "origin": storable(self._intake.path),
                "is_finished": True,
                "sha256": facts.sha256,
                "read_at": now(),
            },
            resend=resend,
            repeats=self.is_data,
            holds_doubts=True,
        )

    def result(self, outcome: Any, message: str, **found: Any) -> Result:
        """Give a result."""
        return result_of(self._intake, self._facts, self.target, outcome, message, **found)

    def known(self, standing: Standing) -> Result:
        """Give the result of a file that the outbox knows already."""
        result = of_standing(
            standing, document_ref=self._intake.inner_name, document=b"", channel=self.target.masked
        )  # fmt: skip
        return replace(result, message=_WORDS.get(standing.kind, result.message))

    def posted(self, judged: Verdict, attempts: int, unwritten: str) -> Result:
        """Give the result of what was posted; in doubt, as the outbox has it, when the answer is not written down."""
        return self.result(**of_posted(judged, attempts, unwritten))


def result_of(
    intake: Intake, facts: Facts | None, target: Endpoint, outcome: Any, message: str, **found: Any
) -> Result:
    """Give the result of a file; ``facts`` are None when it could not be looked through."""
    return Result(
        outcome=outcome,
        document_ref=intake.inner_name,
        message=message,
        channel=target.masked,
        sha256=facts.sha256 if facts else None,
        **found,
    )


def judged(exchange: Exchange) -> Verdict:
    """Say what an exchange means: a success means that Payt has the file, and nothing of what it makes of it."""
    found = verdict.judge(exchange)
    if found.outcome != "delivered":
        return found
    notes = found.notes
    if "text/html" in (exchange.header("content-type") or "").lower():
        notes = (*notes, "the answer is an HTML page, which an import does not send: is this the address of Payt?")
    return replace(found, message=f"{found.message.partition(':')[0]}: {_ACCEPTED}", notes=notes)
