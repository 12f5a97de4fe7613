"""Inputs to readings: which reader takes a file, and what every reader gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paytraq_direct.readers import source
from paytraq_direct.readers.json import Form, Options
from paytraq_direct.readers.piece import Piece, pieces
from paytraq_direct.readers.piece import read as read_piece
from paytraq_direct.readers.reading import Loss, Reading, nothing_else

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from paytraq_direct.codes import Operation
    from paytraq_direct.readers.reading import Also

__all__ = [
    "Form",
    "Loss",
    "Options",
    "Piece",
    "Reading",
    "by_this",
    "by_workers",
    "nothing_else",
    "pieces",
    "probe",
    "read",
    "readings",
]


def read(
    path: str | os.PathLike[str],
    *,
    ignore_unknown: bool = False,
    operation: Operation | None = None,
    arithmetic: bool = True,
    also: Also = nothing_else,
    references: bool = True,
    form: Form = "sale",
    on_read: Callable[[int], object] | None = None,
    workers: int = 0,
) -> Iterator[Reading]:
    """Give the invoices of a file one by one: where each stands, the record unless it has errors, its faults.

    Takes .json (one invoice or an array), .jsonl (one on each line, read as it is needed), .xml (a ``<Sale>``, or a
    UBL invoice or credit note), and "-" for any of them on standard input. ``operation`` is given to invoices that
    name none, ``arithmetic`` has their sums looked at, ``references`` has those of UBL kept in the comment, and the
    ``form`` "ubl" has UBL sent as it is. ``also`` gives more faults of a record, which get their places, ``on_read`` is
    told how many bytes were read, each time. Bad content is a fault of its reading; raises OSError, at once, only for
    a file that cannot be opened or is of no such kind.
    So many ``workers``, processes of their own, read the lines of a .jsonl ahead, with most of what sending them takes.
    """
    name = os.fspath(path)
    stream = source.opened(name)
    if on_read is not None:
        stream = source.counted(stream, on_read)
    options = Options(ignore_unknown, operation, arithmetic, also, references, form)
    found = pieces(name, stream, options)
    return by_workers(found, options, workers) if workers else by_this(found, options)


def probe(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be opened and is of a kind that is read; raises OSError otherwise."""
    name = os.fspath(path)
    if name != source.STDIN:
        source.opened(name).close()


def readings(name: str, stream: BinaryIO, options: Options) -> Iterator[Reading]:
    """Give the invoices of a stream, which is closed in the end unless it is standard input."""
    return by_this(pieces(name, stream, options), options)


def by_this(found: Iterable[Piece | Reading], options: Options) -> Iterator[Reading]:
    """Give the invoices of pieces, read by this process; readings stay as they are."""
    for piece in found:
        yield from (piece,) if isinstance(piece, Reading) else read_piece(piece, options)


def by_workers(found: Iterable[Piece | Reading], options: Options, count: int) -> Iterator[Reading]:
    """Give the same, read by so many processes; what else is asked of a record can be asked here alone."""
    if options.also is not nothing_else:
        yield from by_this(found, options)
        return
    from paytraq_direct.readers.workers import Workers  # noqa: PLC0415 - for large inputs alone

    with Workers(count) as workers:
        yield from workers.readings(found, options)
