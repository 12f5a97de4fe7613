"""The files of a command, read in their order: by this process, or by others when there is much."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import readers, rules
from paytraq_direct.readers import Reading, source
from paytraq_direct.readers.piece import BATCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# To begin a worker takes a quarter of a second, in which some 250 invoices are read; more than four find no more to do.
_WORTH_WORKERS: Final = 4 * 1024 * 1024
_MOST_WORKERS: Final = 4


def read(files: tuple[str, ...], on_read: Callable[[int], object], **how: Any) -> Iterator[Reading]:
    """Give the invoices of the files; a file that breaks off is one bad input."""
    options = readers.Options(**how)
    found, count = _pieces(files, on_read, options), workers(files, cores())
    return readers.by_workers(found, options, count) if count else readers.by_this(found, options)


@contextlib.contextmanager
def meanwhile(files: tuple[str, ...], on_read: Callable[[int], object], **how: Any) -> Iterator[Iterator[Reading]]:
    """Give the same to who sends, and have others read on meanwhile: on all cores but the one that sending keeps to."""
    count = workers(files, cores() - 1)
    if not count:
        yield read(files, on_read, **how)
        return
    from paytraq_direct.readers.workers import Workers  # noqa: PLC0415 - for large inputs alone

    options = readers.Options(**how)
    with Workers(count) as others, on_one_core():
        yield others.readings(_pieces(files, on_read, options), options)


def workers(files: tuple[str, ...], free: int) -> int:
    """Tell how many processes shall read, with so many cores free for it.

    None for little, which this one has read before they have begun, and none for standard input, which may trickle.
    """
    if source.STDIN in files or cores() == 1 or sum(map(_shareable, files)) < _WORTH_WORKERS:
        return 0
    return min(_MOST_WORKERS, free)


def cores() -> int:
    """Tell how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and those that it begins meanwhile, on the core where it is; where that cannot be, do nothing.

    Only one of them runs at a time, since they share Python's lock: on one core, no other is woken to hand it over.
    """
    before = None
    with contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {_core()})
    try:
        yield
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


def _core() -> int:
    """Tell on which core this thread is: field 39 of what proc(5) says of it."""
    with open("/proc/thread-self/stat", encoding="utf-8") as told:  # noqa: PTH123 - no file, a question
        return int(told.read().rpartition(")")[2].split()[36])


def _shareable(name: str) -> int:
    """Tell how many bytes of a file others may read."""
    size = source.size(name)
    return size if size <= BATCH_BYTES or source.kind_of_name(name) == "jsonl" else 0


def _pieces(
    files: tuple[str, ...], on_read: Callable[[int], object], options: readers.Options
) -> Iterator[readers.Piece | Reading]:
    for name in files:
        try:
            yield from readers.pieces(name, source.counted(source.opened(name), on_read), options)
        except OSError as error:
            yield Reading(name, None, (rules.UNREADABLE.fault("", why=(error.strerror or "it breaks off").lower()),))
