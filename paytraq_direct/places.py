"""Where faults stand in the user's own text. Worked out only when there is a fault."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct import wording
from paytraq_direct.errors import Excerpt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from paytraq_direct.errors import Fault

Range = tuple[int, int]
"""Where something begins and ends in a text, in code points from 0."""

_SHOWN: Final = 100
_SHOWN_BEFORE: Final = 40

# The standard json module has judged the text, or the reader has; so its tokens are all that is to be known.
_TOKENS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class Text:
    """The text of an input, or of one line of it, which is line ``first_line`` then."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.text = text
        self._first_line = first_line

    def marked(self, fault: Fault, start: int, end: int) -> Fault:
        """Give a fault with its place: the characters from ``start`` to ``end``, or those of them on the first line."""
        number = bisect_right(self._starts, start) - 1
        line_start = self._starts[number]
        line = self._line(number)
        start = min(start, line_start + len(line))
        length = max(1, min(end, line_start + len(line)) - start)
        text, column = _window(line, start - line_start)
        before = self._line(number - 1) if number and line.strip() else ""
        return replace(
            fault,
            line=self._first_line + number,
            column=start - line_start + 1,
            length=length,
            excerpt=Excerpt(text, column, _window(before, 0)[0] if before.strip() else None)
            if self.text.strip()
            else None,
        )

    def index(self, line: int, column: int) -> int:
        """Give where a line and column are, both from 1."""
        return self._starts[line - self._first_line] + column - 1

    def line(self, number: int) -> Range:
        """Give where a line begins and ends."""
        start = self._starts[number - self._first_line]
        return start, start + len(self._line(number - self._first_line))

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(line) + 1 for line in self.text.split("\n")[:-1]), initial=0))

    def _line(self, number: int) -> str:
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[number] : end].removesuffix("\r")


def _window(line: str, at: int) -> tuple[str, int]:
    """Give what is shown of a line, its neighbourhood, every character printable, and where the place stands in it."""
    first = max(0, at - _SHOWN_BEFORE) if len(line) > _SHOWN else 0
    shown = line[first : first + _SHOWN]
    shown = "".join(c if c.isprintable() else " " if c == "\t" else "·" for c in shown)
    if first + _SHOWN < len(line):
        shown += "…"
    return ("…" + shown, at - first + 1) if first else (shown, at)


class Span(NamedTuple):
    """Where a value of a JSON text stands, and its key if it has one, quotes included."""

    key: Range | None
    value: Range


def spans(text: str, wanted: Collection[str], within: Range | None = None) -> dict[str, Span]:
    """Give where the values of these paths stand in a JSON text, or in one value of it; of a repeated key, the last.

    Paths are those of faults: ``line_items[2].qty``.
    """
    return {path: span for path, span, _ in _values(text, within or (0, len(text))) if path in wanted}


def end_of_token(text: str, start: int) -> int:
    """Give where a text, a number or a word of JSON ends that begins here."""
    found = _TOKENS.match(text, start)
    return found.end() if found else start


def elements(text: str) -> list[Range]:
    """List where the elements of the array stand that a JSON text is."""
    return [span.value for _, span, depth in _values(text, (0, len(text))) if depth == 1]


def placed(
    faults: Iterable[Fault], text: Text, at_key: Collection[str], within: Range | None = None
) -> tuple[Fault, ...]:
    """Give the faults of a JSON value, each with its place in the text; those of codes ``at_key`` at their key.

    What is not there stands where its object begins.
    """
    faults = tuple(faults)
    wanted = {path for fault in faults for path in (fault.path, *_around(fault.path))}
    found = spans(text.text, wanted, within)
    marked = []
    for fault in faults:
        span = found.get(fault.path)
        if span is None:
            start = next((found[path].value[0] for path in _around(fault.path) if path in found), None)
            marked.append(fault if start is None else text.marked(fault, start, start + 1))
        elif fault.code in at_key and span.key:
            marked.append(text.marked(fault, *span.key))
        else:
            start, end = span.value
            is_long = text.text[start] in "{[" and "\n" in text.text[start:end]
            marked.append(text.marked(fault, start, start + 1 if is_long else end))
    return tuple(marked)


def _around(path: str) -> Iterator[str]:
    """Give the paths of what is around a path, the nearest first."""
    while path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
        yield path


class _Open:
    """An object or array whose end has not come yet."""

    __slots__ = ("index", "key", "path", "range_of_key", "start")

    def __init__(self, path: str, range_of_key: Range | None, start: int, *, is_array: bool) -> None:
        self.path = path
        self.range_of_key = range_of_key
        self.start = start
        self.index = 0 if is_array else -1
        self.key: Range | None = None


def _values(text: str, within: Range) -> Iterator[tuple[str, Span, int]]:
    """Give every value of a JSON text: its path, where it stands, and how deep."""
    opened: list[_Open] = []
    for token in _TOKENS.finditer(text, *within):
        mark = text[token.start()]
        if mark in ",:":
            if mark == "," and opened:
                opened[-1].key = None
                opened[-1].index += opened[-1].index >= 0
            continue
        if mark in "}]":
            done = opened.pop()
            yield done.path, Span(done.range_of_key, (done.start, token.end())), len(opened)
            continue
        around = opened[-1] if opened else None
        if around is not None and around.index < 0 and around.key is None:
            around.key = token.span()
            continue
        path = _path_in(around, text) if around else ""
        key = around.key if around else None
        if mark in "{[":
            opened.append(_Open(path, key, token.start(), is_array=mark == "["))
        else:
            yield path, Span(key, token.span()), len(opened)


def _path_in(around: _Open, text: str) -> str:
    if around.key is None:
        return f"{around.path}[{around.index}]"
    start, end = around.key
    name = text[start + 1 : end - 1]
    if not name.isidentifier():
        name = wording.raw(json.loads(text[start:end]))
    return f"{around.path}.{name}" if around.path else name
