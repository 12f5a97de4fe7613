"""One document on its way, and the results that it can come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from paytraq_direct.result import Result, of_posted, of_standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.channel import Verdict
    from paytraq_direct.outbox.guard import Standing
    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.outbox.outbox import Begun, Closed
    from paytraq_direct.result import Outcome


class Errand(NamedTuple):
    """One document that is to go through a channel.

    ``start`` writes down that it is about to be posted, ``keep`` that it is pending; without an outbox they are None.
    ``is_resend`` when it goes round the guard; ``soon`` when its success may be written down with the next intent.
    """

    ref: str | None
    document: bytes
    sha256: str
    channel: str
    keep: Callable[[], Delivery | Standing] | None = None
    start: Callable[[], Begun | Standing | Closed] | None = None
    is_resend: bool = False
    soon: bool = False

    def result(self, outcome: Outcome, message: str, **found: Any) -> Result:
        """Give a result of it."""
        return Result(
            outcome=outcome, document_ref=self.ref, message=message, channel=self.channel, document=self.document,
            sha256=self.sha256, **found,
        )  # fmt: skip

    def hold(self, why: str) -> Result:
        """Write it down as pending and give that result; what the outbox knows already is told as that."""
        from paytraq_direct.outbox.guard import Standing  # noqa: PLC0415 - nothing without an outbox needs it

        kept = self.keep() if self.keep is not None else None
        return self.standing(kept) if isinstance(kept, Standing) else self.result("pending", why)

    def standing(self, standing: Standing) -> Result:
        """Give the result when the outbox knows it already."""
        return of_standing(standing, document_ref=self.ref, document=self.document, channel=self.channel)

    def posted(self, verdict: Verdict, attempts: int, *, unwritten: str = "") -> Result:
        """Give the result of what was posted; in doubt, as the outbox has it, when the answer is not written down."""
        return self.result(**of_posted(verdict, attempts, unwritten))
