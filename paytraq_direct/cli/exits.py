"""The exit codes, by outcome; of several invoices the highest is returned."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
USAGE: Final = 2
STOPPED: Final = 130
BY_OUTCOME: Final = {
    "delivered": 0,
    "already_delivered": 0,
    "checked": 0,
    "invalid": 3,
    "rejected": 4,
    "deferred": 5,
    "pending": 5,
    "conflict": 6,
    "in_doubt": 7,
}
MEANINGS: Final = {
    0: "delivered, now or before with the same content; or checked and found good",
    FAILED: "paytraq-send itself failed",
    USAGE: "a wrong option, a file that cannot be opened, or a channel that cannot be used; nothing was sent",
    3: "an invoice has faults and was not sent",
    4: "the channel refused it",
    5: "surely not delivered, or not sent yet; safe to send again",
    6: "its number was delivered, or is in doubt, with other content; nothing was sent",
    7: "it may have arrived: ask before you send it again",
    STOPPED: "stopped by Ctrl-C before anything worse happened",
}


class BrokenOff(Exception):
    """A batch broke off: its cause says why, ``code`` is the highest of what had become of invoices by then."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code
