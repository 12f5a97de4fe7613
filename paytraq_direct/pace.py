"""When the next post may start: its turn, and the wait before what was surely not taken is posted again."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.channel import Verdict

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_GLANCE_S: Final = 0.2


class Pace:
    """The waiting of a sender, shared by its threads.

    There are at most ``rate`` posts in a second; what ended as one of ``retried`` is posted again for ``retry_for_s``
    seconds: what was surely not taken, and doubts only where a post may be repeated.
    Once stopped, nothing is waited for; without a ``pause`` of its own, that is seen in the middle of one.
    """

    def __init__(
        self,
        *,
        rate: float | None,
        retry_for_s: float,
        clock: Callable[[], float],
        pause: Callable[[float], None] | None,
        retried: frozenset[str] = frozenset({"deferred"}),
    ) -> None:
        self.retried = retried
        self.rate = rate
        self.retry_for_s = retry_for_s
        self.clock = clock
        self.is_stopped = False
        self._pause = pause or self._glance
        self._turns = threading.Lock()
        self._next_turn = 0.0

    def pause(self, seconds: float) -> None:
        """Wait so long, unless it is stopped."""
        if not self.is_stopped:
            self._pause(seconds)

    def _glance(self, seconds: float) -> None:
        # In glances, since a signal handler may set no more than a flag.
        until = time.monotonic() + seconds
        while not self.is_stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _GLANCE_S))

    def await_turn(self) -> None:
        """Wait for the turn of a post when there are to be only so many in a second."""
        if self.rate is None:
            return
        with self._turns:
            turn = max(self._next_turn, self.clock())
            self._next_turn = turn + 1 / self.rate
        if (wait_s := turn - self.clock()) > 0:
            self.pause(wait_s)

    def wait_s(self, verdict: Verdict, attempts: int, spent_s: float) -> float | None:
        """Give the seconds to wait before the next attempt; None when there shall be none."""
        if verdict.outcome not in self.retried:
            return None
        wait_s = verdict.retry_after
        if wait_s is None:
            # Doubled each time, and drawn from the upper half: senders that failed together do not return together.
            longest = min(_FIRST_WAIT_S * 2 ** min(attempts - 1, 10), _LONGEST_WAIT_S)
            wait_s = random.uniform(longest / 2, longest)  # noqa: S311 - nothing secret hangs on it
        return wait_s if spent_s + wait_s <= self.retry_for_s else None
