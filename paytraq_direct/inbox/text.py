"""Texts as they can be shown: what cannot be seen made visible, and XML coloured, line by line."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.inbox.view import Remark

# Zero width joiners belong to the spelling of some scripts, and to emoji; blanks of any width are seen as blanks.
_HARMLESS: Final = frozenset("\n\t\u200c\u200d")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
_suspects = re.compile(r"[^\n -~\u00a0-\u00ac\u00ae-\u05ff]")

# Each alternative begins with a character of its own, so a hostile text costs no more than its length.
_MARKUP: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>?|&[^;\s<&]*;?",
    re.DOTALL,
)
_IN_TAG: Final = re.compile(r"\"[^\"]*\"|'[^']*'|</?[^\s/>\"'<]*|/?>|[^\s=\"'<>/]+|[\s=/]+|.", re.DOTALL)


class Piece(NamedTuple):
    """A part of a text: how it is coloured (empty: not at all), and whether a fault is about it."""

    kind: str
    text: str
    is_marked: bool = False


class Line(NamedTuple):
    """One line of a document: its number from 1, its coloured pieces, and the faults that stand on it."""

    number: int
    pieces: tuple[Piece, ...]
    remarks: tuple[Remark, ...]


def seen(text: str) -> list[Piece]:
    """Give a text in pieces; a character that cannot be seen is one of its own, spelt ``U+202E``."""
    pieces, at = [], 0
    for found in _suspects.finditer(text):
        character = found[0]
        if character in _HARMLESS or unicodedata.category(character) not in _UNSEEN:
            continue
        if found.start() > at:
            pieces.append(Piece("", text[at : found.start()]))
        pieces.append(Piece("unseen", f"U+{ord(character):04X}"))
        at = found.end()
    if at < len(text):
        pieces.append(Piece("", text[at:]))
    return pieces


def lines(text: str, remarks: Iterable[Remark]) -> list[Line]:
    """Give the lines of an XML text, coloured, each with the faults that stand on it; it need not be well-formed."""
    by_line: dict[int, list[Remark]] = {}
    for remark in remarks:
        if remark.fault.line is not None:
            by_line.setdefault(remark.fault.line, []).append(remark)
    found = []
    for number, pieces in enumerate(_by_line(text), 1):
        here = tuple(by_line.get(number, ()))
        marked = _marked(pieces, here)
        shown = (one._replace(text=part.text, kind=part.kind or one.kind) for one in marked for part in seen(one.text))
        found.append(Line(number, tuple(_merged(shown)), here))
    return found


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Give neighbours of the same look as one piece; what cannot be seen stays by itself."""
    for (kind, is_marked), alike in groupby(pieces, lambda piece: (piece.kind, piece.is_marked)):
        if kind == "unseen":
            yield from alike
        else:
            yield Piece(kind, "".join(piece.text for piece in alike), is_marked)


def _by_line(text: str) -> Iterator[list[Piece]]:
    line: list[Piece] = []
    for piece in _coloured(text):
        first, *more = piece.text.split("\n")
        if first:
            line.append(Piece(piece.kind, first))
        for part in more:
            yield line
            line = [Piece(piece.kind, part)] if part else []
    if line:
        yield line


def _coloured(text: str) -> Iterator[Piece]:
    at = 0
    for found in _MARKUP.finditer(text):
        if found.start() > at:
            yield Piece("", text[at : found.start()])
        at = found.end()
        markup = found[0]
        if markup.startswith("<!--"):
            yield Piece("comment", markup)
        elif markup.startswith(("<!", "<?")):
            yield Piece("declaration", markup)
        elif markup.startswith("&"):
            yield Piece("entity", markup)
        else:
            yield from _tag(markup)
    if at < len(text):
        yield Piece("", text[at:])


def _tag(markup: str) -> Iterator[Piece]:
    for found in _IN_TAG.finditer(markup):
        part = found[0]
        if part[0] in "<>/":
            yield Piece("tag", part)
        elif part[0] in "\"'":
            yield Piece("value", part)
        else:
            yield Piece("attribute" if part[0] not in " \t\r\n=" else "", part)


def _marked(pieces: Iterable[Piece], remarks: Iterable[Remark]) -> Iterator[Piece]:
    """Cut pieces where the part begins and ends that a fault is about."""
    spans = [
        (fault.column - 1, fault.column - 1 + (fault.length or 1))
        for fault in (remark.fault for remark in remarks)
        if fault.column is not None
    ]
    at = 0
    for piece in pieces:
        end = at + len(piece.text)
        cuts = sorted({at, end, *(cut for span in spans for cut in span if at < cut < end)})
        for first, last in pairwise(cuts):
            is_marked = any(start <= first < stop for start, stop in spans)
            yield Piece(piece.kind, piece.text[first - at : last - at], is_marked)
        at = end
