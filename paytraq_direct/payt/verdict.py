"""What an answer of Payt's means: by its status for the request, by its body for each invoice that went with it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import jsontext
from paytraq_direct.amounts import Number
from paytraq_direct.channel import DOUBT, StatusRule, Verdict, by_status, named_status, retry_after, without_answer
from paytraq_direct.errors import Fault
from paytraq_direct.payt.rules import is_whole
from paytraq_direct.wire import Progress
from paytraq_direct.wording import counted, raw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paytraq_direct.channel import Outcome
    from paytraq_direct.wire import Exchange

_MESSAGE_SHOWN: Final = 300
_BODY_KEPT: Final = 4_096


# The first rule that has the status decides. Sources: docs.paytsoftware.com, API responses and rate limits (November
# 2026) for 401, 403, 422 and 429; RFC 9110, sections 15.3 to 15.6, RFC 6585 and RFC 8470 for the rest.
_RULES: Final = (
    StatusRule(frozenset((401,)), "rejected", "the token is not taken; a static one only works from listed addresses"),
    StatusRule(frozenset((403,)), "rejected", "the token does not allow this, or not for this administration"),
    StatusRule(frozenset((404,)), "rejected", "there is nothing there: is the address of Payt right?"),
    StatusRule(frozenset((413,)), "rejected", "it is too much at once"),
    StatusRule(frozenset((422,)), "rejected", "nothing of it was processed"),
    StatusRule(frozenset((408, 425, 429)), "deferred", "busy, it was not taken"),
    StatusRule(frozenset((502, 504, *range(520, 528))), "in_doubt", f"the gateway got no answer itself, {DOUBT}"),
    StatusRule(range(200, 300), "delivered", "taken"),
    StatusRule(range(300, 400), "rejected", "it leads elsewhere, which is not followed"),
    StatusRule(range(400, 500), "rejected", "Payt refused it"),
    StatusRule(range(500, 600), "rejected", "Payt failed on it"),
    StatusRule(range(600, 1_000), "in_doubt", f"no status that HTTP knows, {DOUBT}"),
)  # fmt: skip


class Finding(NamedTuple):
    """What became of one invoice of a request: the outcome, why, and every message that Payt has for it."""

    outcome: Outcome
    message: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Upserted(NamedTuple):
    """What became of a request of invoices: the verdict on all of it, and one finding for each, in their order.

    The verdict's outcome is ``delivered`` when the answer could be read, whatever it says of single invoices.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]


def judge(exchange: Exchange) -> Verdict:
    """Say what an exchange means for the request as a whole, by how far the bytes got and the status of the answer."""
    status, wait = exchange.status, None
    if status is None:
        outcome, message = without_answer(exchange, "the request")
    else:
        outcome, remark = by_status(_RULES, status, is_busy=exchange.header("retry-after") is not None)
        if outcome == "delivered" and (exchange.progress is not Progress.WHOLE or exchange.early):
            outcome, remark = "in_doubt", f"it came before the whole request was written: {DOUBT}"
        if outcome == "deferred":
            came = exchange.sent_at + timedelta(milliseconds=exchange.elapsed_ms)
            wait = retry_after(exchange.header("retry-after"), came)
            remark += "" if wait is None else f", try again in {wait:g} s"
        said = "" if outcome == "delivered" else _said(exchange.body)
        message = f"{named_status(status)}: {remark}{said}"
    return Verdict(outcome=outcome, message=message, retry_after=wait, notes=(), exchange=exchange)


def upserted(exchange: Exchange, numbers: Sequence[str]) -> Upserted:
    """Say what became of each invoice of an upsert, by its number; numbers are told apart by every character.

    A success with errors is a partial one: what is named among the errors was refused, the rest was processed only if
    the count says so of all of it. Source: docs.paytsoftware.com, API responses, November 2026.
    """
    verdict = judge(exchange)
    if verdict.outcome != "delivered":
        return Upserted(verdict, tuple(Finding(verdict.outcome, verdict.message) for _ in numbers))
    answer = _Answer.read(exchange)
    if isinstance(answer, str):
        message = f"{verdict.message.partition(':')[0]}, but {answer}: {DOUBT}"
        doubt = Verdict(outcome="in_doubt", message=message, retry_after=None, notes=(), exchange=exchange)
        return Upserted(doubt, tuple(Finding("in_doubt", message) for _ in numbers))
    rest = sum(number not in answer.errors for number in numbers)
    doubt_of_rest = answer.doubt_of(rest, len(numbers))
    known = set(numbers)
    strangers = tuple(
        f"{raw(key, longest=_MESSAGE_SHOWN)}: {'; '.join(messages)}"
        for said in (answer.errors, answer.warnings)
        for key, messages in said.items()
        if key not in known
    )
    findings = tuple(_finding(number, answer, doubt_of_rest) for number in numbers)
    message = f"{verdict.message}, {counted(sum(f.outcome == 'delivered' for f in findings), 'invoice')} processed"
    whole = Verdict(outcome="delivered", message=message, retry_after=None, notes=strangers, exchange=exchange)
    return Upserted(whole, findings)


class _Answer(NamedTuple):
    """The body of an answer to an upsert."""

    success: bool
    processed: int | None
    errors: Mapping[str, tuple[str, ...]]
    warnings: Mapping[str, tuple[str, ...]]

    @staticmethod
    def read(exchange: Exchange) -> _Answer | str:
        """Read a body; why not, where it cannot be read. Nothing is guessed: what is not as documented is a doubt."""
        if exchange.stage == "body":
            return "its answer was cut"
        data = jsontext.decode(exchange.body)
        if isinstance(data, Fault) or not isinstance(data, dict):
            return "its answer is not the JSON that Payt documents"
        if isinstance(data, jsontext.Repeated):
            return f"its answer says {raw(data.twice[0])} twice"
        success: Any = data.get("success")
        count: Any = data.get("count")
        errors, warnings = _messages(data.get("errors")), _messages(data.get("warnings") or {})
        if not isinstance(success, bool) or errors is None or warnings is None:
            return "its answer lacks success or errors, or has them in another form"
        processed = int(count) if type(count) is Number and is_whole(count) else None
        return _Answer(success, processed, errors, warnings)

    def doubt_of(self, rest: int, all_of_them: int) -> str:
        """Say why it is open whether those without errors were processed; "" when it is not."""
        if not self.success:
            return f"the answer says that it was no success, and has no error for it: {DOUBT}"
        if self.processed is None:
            return f"the answer does not say how many were processed: {DOUBT}"
        if self.processed != rest:
            return f"the answer counts {self.processed:,} of {all_of_them:,}, and names not which: {DOUBT}"
        return ""


def _finding(number: str, answer: _Answer, doubt_of_rest: str) -> Finding:
    errors, warnings = answer.errors.get(number), answer.warnings.get(number, ())
    if errors or (errors is not None and not doubt_of_rest):
        return Finding("rejected", "; ".join(errors) or "Payt refused it without a reason", errors, warnings)
    if doubt_of_rest:
        return Finding("in_doubt", doubt_of_rest, (), warnings)
    return Finding("delivered", "processed", (), warnings)


def _messages(found: Any) -> dict[str, tuple[str, ...]] | None:
    """Give messages by record; None when they are not in the documented form: lists of texts by identifier."""
    if found == []:
        return {}  # how some languages write an object without members
    if isinstance(found, jsontext.Repeated) or not isinstance(found, dict):
        return None
    lists = {key: [said] if isinstance(said, str) else said for key, said in found.items()}
    if not all(isinstance(said, list) for said in lists.values()):
        return None
    return {key: tuple(_shown(one) for one in said) for key, said in lists.items()}


def _shown(message: object) -> str:
    """Give a message in short; one that is no text as the JSON that it is."""
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return raw(text, longest=_MESSAGE_SHOWN)


def _said(body: bytes) -> str:
    """Give what the body of a refusal says, in short: its message where it is the documented object, else its text."""
    data = jsontext.decode(body) if body else None
    said = data.get("message") if isinstance(data, dict) else None
    text = said if isinstance(said, str) else " ".join(body.decode(errors="replace").split())
    return f"; it says: {raw(text, longest=_MESSAGE_SHOWN)}" if text else ""


def of_one(number: str, finding: Finding, whole: Verdict) -> Verdict:
    """Give the verdict on one invoice of a request; of a long answer, its body has what is said of this one."""
    body = whole.exchange.body
    if len(body) > _BODY_KEPT and (finding.errors or finding.warnings):
        said = {"errors": {number: finding.errors}, "warnings": {number: finding.warnings}}
        body = json.dumps(said, ensure_ascii=False).encode(errors="replace")
    exchange = replace(whole.exchange, body=body[:_BODY_KEPT])
    return replace(whole, outcome=finding.outcome, message=_told(finding), exchange=exchange)


def _told(finding: Finding) -> str:
    """Say what became of an invoice as the ledger keeps it, warnings included."""
    return "; ".join([finding.message, *(f"warning: {warning}" for warning in finding.warnings)])
