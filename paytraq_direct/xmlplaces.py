"""Where the elements of an XML document stand: lxml knows their lines, but no columns, so expat looks once more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Collection

    from paytraq_direct.places import Range

_DECLARED: Final = "utf-8"


def ranges(text: str, wanted: Collection[int]) -> dict[int, Range]:
    """Give where elements stand, by their number in document order from 0: their text, or else their start tag.

    The text is well-formed, whatever encoding it declares; expat is told that it is UTF-8. What expat refuses all the
    same, such as XML 1.1, has no places from there on.
    """
    data = text.encode()
    found = _Elements(wanted).of(data)
    return {number: (len(data[:start].decode()), len(data[:end].decode())) for number, (start, end) in found.items()}


def trouble(text: str) -> int | None:
    """Give where a text stops being well-formed XML; None when expat finds nothing."""
    data = text.encode()
    try:
        expat.ParserCreate(_DECLARED).Parse(data, True)
    except expat.ExpatError as error:
        lines = text.split("\n")
        return sum(len(line) + 1 for line in lines[: error.lineno - 1]) + error.offset
    return None


class _Elements:
    """One pass over a document, in which the wanted elements are found."""

    def __init__(self, wanted: Collection[int]) -> None:
        self._wanted = wanted
        self._found: dict[int, Range] = {}
        self._open: list[int] = []
        self._count = 0
        self._starts: dict[int, int] = {}
        self._data = b""
        self._parser = expat.ParserCreate(_DECLARED)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def of(self, data: bytes) -> dict[int, Range]:
        """Find them."""
        self._data = data
        with contextlib.suppress(expat.ExpatError):
            self._parser.Parse(data, True)
        return self._found

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        if self._count in self._wanted:
            self._starts[self._count] = self._parser.CurrentByteIndex
        self._open.append(self._count)
        self._count += 1

    def _end(self, _name: str) -> None:
        number = self._open.pop()
        if number in self._wanted:
            start = self._starts[number]
            self._found[number] = _inside(self._data, start, self._parser.CurrentByteIndex)


def _inside(data: bytes, start: int, end: int) -> Range:
    """Give where the text of an element stands whose start tag begins here, and whose end tag there."""
    tag_end = _end_of_tag(data, start)
    content = data[tag_end:end]
    if end < tag_end or b"<" in content or not content.strip():
        return start, tag_end
    stripped = content.lstrip()
    first = end - len(stripped)
    return first, first + len(stripped.rstrip())


def _end_of_tag(data: bytes, start: int) -> int:
    """Give where a start tag ends; > may stand in the value of an attribute."""
    at, quote = start, 0
    while True:
        at += 1
        byte = data[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return at + 1
