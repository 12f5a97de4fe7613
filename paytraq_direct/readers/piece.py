"""Inputs in pieces, each of which is read by itself: a whole file, or one line of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import rules
from paytraq_direct.readers import json, source
from paytraq_direct.readers.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paytraq_direct.readers.json import Options
    from paytraq_direct.readers.source import Kind


# So many bytes go to another process at a time; a piece that is longer is read in this one rather than sent to and fro.
BATCH_BYTES: Final = 131_072


class Piece(NamedTuple):
    """A part of an input: its bytes, what kind they are, and of one line its number; without one, all of the input."""

    name: str
    kind: Kind
    data: bytes
    line: int | None = None


def pieces(name: str, stream: BinaryIO, options: Options) -> Iterator[Piece]:
    """Give the pieces of a stream, which is closed in the end unless it is standard input."""
    try:
        kind, stream = source.kind_of(name, stream)
        if options.form == "ubl" and kind != "xml":
            yield Piece(name, kind, b"")
        elif kind == "jsonl":
            number = 0
            for number, text in json.numbered(stream):
                yield Piece(name, kind, text, number)
            if not number:
                yield Piece(name, kind, b"")
        else:
            yield Piece(name, kind, source.whole(stream))
    finally:
        if name != source.STDIN:
            stream.close()


def read(piece: Piece, options: Options) -> Iterator[Reading]:
    """Give the invoices of a piece."""
    name, kind, data, line = piece
    if kind == "xml":
        from paytraq_direct.readers import xml  # noqa: PLC0415 - with UBL it is much, and most inputs are JSON

        yield xml.read(name, data, options)
    elif options.form == "ubl":
        yield Reading(name, None, (rules.NOT_UBL.fault("", what="JSON"),))
    elif kind == "json":
        for item in json.items(name, data):
            yield json.reading(item, options)
    else:
        yield json.reading(json.nothing(name) if line is None else json.line(name, line, data), options)
