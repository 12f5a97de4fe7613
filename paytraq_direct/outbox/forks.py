"""What becomes of open files when a process is forked: nothing of them may be used by both."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import Final

LOCK: Final = threading.RLock()
"""Held while a fork goes on: whoever takes up what a child must not have does it under this lock."""


class Forked:
    """A thing that is told when its process is forked, for as long as it is kept by somebody else."""

    def __init__(self) -> None:
        with LOCK:
            _TOLD.add(self)

    def before_fork(self) -> None:
        """Let go of what both processes would have."""

    def after_fork(self, *, is_child: bool) -> None:
        """Go on after ``before_fork``, in either process; the other threads are the parent's alone."""


_TOLD: Final[weakref.WeakSet[Forked]] = weakref.WeakSet()
_waiting: Final[list[Forked]] = []


def _before() -> None:
    LOCK.acquire()
    for one in list(_TOLD):
        one.before_fork()
        _waiting.append(one)


def _after(*, is_child: bool) -> None:
    while _waiting:
        _waiting.pop().after_fork(is_child=is_child)
    LOCK.release()


if sys.platform != "win32":
    os.register_at_fork(
        before=_before, after_in_parent=lambda: _after(is_child=False), after_in_child=lambda: _after(is_child=True)
    )
