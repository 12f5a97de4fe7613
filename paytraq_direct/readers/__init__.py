"""Inputs to readings: which reader takes a file, and what every reader gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paytraq_direct import rules
from paytraq_direct.readers import json, source
from paytraq_direct.readers.json import Form, Options
from paytraq_direct.readers.reading import Loss, Reading, nothing_else

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from paytraq_direct.codes import Operation
    from paytraq_direct.readers.reading import Also

__all__ = ["Form", "Loss", "Options", "Reading", "nothing_else", "probe", "read", "readings"]


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
) -> Iterator[Reading]:
    """Give the invoices of a file one by one: where each stands, the record unless it has errors, its faults.

    Takes .json (one invoice or an array), .jsonl (one on each line, read as it is needed), .xml (a ``<Sale>``, or a
    UBL invoice or credit note), and "-" for any of them on standard input. ``operation`` is given to invoices that
    name none, ``arithmetic`` has their sums looked at, ``references`` has those of UBL kept in the comment, and the
    ``form`` "ubl" has UBL sent as it is. ``also`` gives more faults of a record, which get their places, ``on_read`` is
    told how many bytes were read, each time. Bad content is a fault of its reading; raises OSError, at once, only for
    a file that cannot be opened or is of no such kind.
    """
    name = os.fspath(path)
    stream = source.opened(name)
    if on_read is not None:
        stream = source.counted(stream, on_read)
    options = Options(ignore_unknown, operation, arithmetic, also, references, form)
    return readings(name, stream, options)


def probe(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be opened and is of a kind that is read; raises OSError otherwise."""
    name = os.fspath(path)
    if name != source.STDIN:
        source.opened(name).close()


def readings(name: str, stream: BinaryIO, options: Options) -> Iterator[Reading]:
    """Give the invoices of a stream, which is closed in the end unless it is standard input."""
    try:
        kind, stream = source.kind_of(name, stream)
        if kind == "xml":
            from paytraq_direct.readers import xml  # noqa: PLC0415 - with UBL it is much, and most inputs are JSON

            yield xml.read(name, source.whole(stream), options)
        elif options.form == "ubl":
            yield Reading(name, None, (rules.NOT_UBL.fault("", what="JSON"),))
        elif kind == "jsonl":
            yield from json.read_lines(name, stream, options)
        else:
            yield from json.read(name, source.whole(stream), options)
    finally:
        if name != source.STDIN:
            stream.close()
