"""What an answer must not repeat: error pages like to quote the path that was asked for, and that is the secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Text = TypeVar("Text", str, bytes)

MARK: Final = "…"

# Shorter parts of a path are too common to be taken out of every text; they go with the path as a whole.
_SHORTEST: Final = 4
# So much of the beginning of a part tells enough of it to be taken out, also where the rest was cut off.
_BEGINNING: Final = 8

_segments = re.compile(r"[/?]").split


class Blot:
    """Takes the secret parts of a URL out of texts: those that its masked form does not show; other secrets too.

    The whole path and each hidden part are found raw and percent-decoded, in any letter case; a part also when it
    was cut off after eight characters, or after four by the end of the text.
    """

    __slots__ = ("_parts", "_paths")

    def __init__(self, url: str, shown_url: str, secrets: Sequence[str] = ()) -> None:
        shown = set(_segments(shown_url))
        path = "/" + url.partition("://")[2].partition("/")[2].rstrip("/")
        hidden = [segment for segment in _segments(path)[1:] if segment not in shown]
        self._paths = _forms([path]) if hidden else []
        self._parts = [form for form in _forms([*hidden, *secrets]) if len(form) >= _SHORTEST]

    def body(self, text: bytes) -> bytes:
        """Give the body of an answer without them."""
        return _without(text, self._places(text.lower()), MARK.encode())

    def line(self, text: str) -> str:
        """Give a line of an answer's head, as Latin-1 was read from it, without them."""
        return _without(text, self._places(text.encode("latin-1", "replace").lower()), MARK)

    def _places(self, text: bytes) -> list[tuple[int, int]]:
        """List where a text in lower case holds them, from its beginning to its end."""
        found = [place for path in self._paths for place in _quotes(text, path, len(path))]
        for part in self._parts:
            found += _quotes(text, part, min(len(part), _BEGINNING))
            longest = min(len(part), _BEGINNING) - 1
            cut = next((n for n in range(longest, _SHORTEST - 1, -1) if text.endswith(part[:n])), 0)
            if cut:
                found.append((len(text) - cut, len(text)))
        return sorted(found)


def _forms(texts: list[str]) -> list[bytes]:
    """Give texts raw and percent-decoded, in lower case, each form once."""
    return list(dict.fromkeys(form.lower() for text in texts for form in (text.encode(), unquote_to_bytes(text))))


def _quotes(text: bytes, secret: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Give where at least so much of the beginning of a secret stands, and as much of it as stands there."""
    start = text.find(secret[:least])
    while start >= 0:
        end = start + least
        while end - start < len(secret) and text[end : end + 1] == secret[end - start : end - start + 1]:
            end += 1
        yield start, end
        start = text.find(secret[:least], end - least + 1)


def _without(text: Text, places: list[tuple[int, int]], mark: Text) -> Text:
    """Put a mark in place of each place; those that touch or overlap are one."""
    pieces: list[Text] = []
    at = 0
    for start, end in places:
        if start > at or not pieces:
            pieces.append(text[at:start])
        at = max(at, end)
    pieces.append(text[at:])
    return mark.join(pieces)
