"""Where the elements of an XML document stand: lxml knows their lines, but no columns."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Collection

    from paytraq_direct.places import Range

_DECLARED: Final = "utf-8"
# In a document that is well-formed, < stands nowhere but before a tag, and in what is skipped here.
_tags = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?P<start>[^/!?])", re.DOTALL).finditer
_end_of_tag = re.compile(r"""(?:[^"'>]+|"[^"]*"|'[^']*')*>""").match


def ranges(text: str, wanted: Collection[int]) -> dict[int, Range]:
    """Give where elements stand, by their number in document order from 0: their text, or else their start tag.

    The text is a document that was parsed, without a DOCTYPE.
    """
    starts = (found.start() for found in _tags(text) if found["start"])
    numbered = enumerate(islice(starts, max(wanted, default=-1) + 1))
    return {number: _inside(text, start) for number, start in numbered if number in wanted}


def _inside(text: str, start: int) -> Range:
    """Give where the text of an element stands whose start tag begins here; its tag, where it has more or nothing."""
    found = _end_of_tag(text, start)
    tag_end = found.end() if found else len(text)
    end = text.find("<", tag_end)
    content = text[tag_end:end]
    if not content.strip() or text[tag_end - 2] == "/" or text[end + 1] != "/":
        return start, tag_end
    first = end - len(content.lstrip())
    return first, first + len(content.strip())


def trouble(text: str) -> int | None:
    """Give where a text stops being well-formed XML; None when expat finds nothing."""
    data = text.encode()
    try:
        expat.ParserCreate(_DECLARED).Parse(data, True)
    except expat.ExpatError as error:
        lines = text.split("\n")
        return sum(len(line) + 1 for line in lines[: error.lineno - 1]) + error.offset
    return None
