"""What an answer must not repeat: error pages like to quote the path that was asked for, and that is the secret."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paytraq_direct.answer import Head

Text = TypeVar("Text", str, bytes)

MARK: Final = "…"

# Shorter parts of a path are too common to be taken out of every text; they go with the path as a whole.
_SHORTEST: Final = 4
# So much of the beginning of a part tells enough of it to be taken out, also where the rest was cut off.
_BEGINNING: Final = 8


class Blot:
    """Takes the secret parts of a URL out of texts: those that its masked form does not show; ``secrets`` too.

    The whole path and each hidden part are found raw and percent-decoded, in any letter case; a part also when it
    was cut off after eight characters, or after four by the end of the text.
    """

    __slots__ = ("_parts", "_paths", "_secrets", "_starts")

    def __init__(self, url: str, shown_url: str, secrets: Sequence[str] = ()) -> None:
        shown = set(_segments(shown_url))
        path = "/" + url.partition("://")[2].partition("/")[2].rstrip("/")
        hidden = [segment for segment in _segments(path)[1:] if segment not in shown]
        self._paths = _forms([path]) if hidden else []
        self._parts = [form for form in _forms(hidden) if len(form) >= _SHORTEST]
        self._starts = [*self._paths, *[part[:_SHORTEST] for part in self._parts]]
        self._secrets = [_Secret(secret) for secret in secrets]

    def answer(self, head: Head, body: bytes) -> tuple[Head, bytes]:
        """Give an answer without them; hardly any has them, so one look through all of it comes first."""
        lines = "\n".join([head.reason, *chain.from_iterable(head.headers)])
        if not self._may_stand_in(lines.encode("latin-1", "replace") + b"\n" + body):
            return head, body
        headers = tuple([(self.line(name), self.line(value)) for name, value in head.headers])
        return head._replace(reason=self.line(head.reason), headers=headers), self.body(body)

    def body(self, text: bytes) -> bytes:
        """Give the body of an answer without them."""
        return _without(text, self._places(text), MARK.encode())

    def line(self, text: str) -> str:
        """Give a line of an answer's head, as Latin-1 was read from it, without them."""
        return _without(text, self._places(text.encode("latin-1", "replace")), MARK)

    def _may_stand_in(self, answer: bytes) -> bool:
        """Tell whether an answer can have a place: each has a path, the beginning of a part or that of a secret."""
        text = answer.lower()
        return any(start in text for start in self._starts) or any(secret.stands_in(answer) for secret in self._secrets)

    def _places(self, answer: bytes) -> list[tuple[int, int]]:
        """List where an answer holds them, from its beginning to its end."""
        text = answer.lower()
        found = [place for secret in self._secrets for place in secret.places(answer)]
        found += [place for path in self._paths for place in _quotes(text, path, len(path))]
        for part in self._parts:
            found += _quotes(text, part, min(len(part), _BEGINNING))
            longest = min(len(part), _BEGINNING) - 1
            cut = next((n for n in range(longest, _SHORTEST - 1, -1) if text.endswith(part[:n])), 0)
            if cut:
                found.append((len(text) - cut, len(text)))
        return sorted(found)


class _Secret:
    """A secret of a header, letter by letter: as it is, or as JSON, a URL or HTML may write it.

    A long one is also found when it was cut off after eight letters, and in any letter case; a short one may well
    begin a word or a number that is none.
    """

    def __init__(self, secret: str) -> None:
        is_long = len(secret) >= 2 * _BEGINNING
        case = re.IGNORECASE if is_long else re.NOFLAG
        self._letters = [re.compile(_spelt(letter), case) for letter in secret]
        self._least = _BEGINNING if is_long else len(secret)
        self._beginning = re.compile(b"".join(letter.pattern for letter in self._letters[: self._least]), case)

    def stands_in(self, text: bytes) -> bool:
        """Tell whether it has any place."""
        return self._beginning.search(text) is not None

    def places(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Give where it stands, and as much of it as stands there."""
        for found in self._beginning.finditer(text):
            end = found.end()
            for letter in self._letters[self._least :]:
                more = letter.match(text, end)
                if more is None:
                    break
                end = more.end()
            yield found.start(), end


def _spelt(letter: str) -> bytes:
    """Give a pattern of the ways in which a letter of ASCII may be written."""
    code = ord(letter)
    ways = [re.escape(letter), f"(?i:\\\\u{code:04x})"]
    if not letter.isalnum():
        ways += [f"\\\\{re.escape(letter)}", f"(?i:%{code:02x})", f"(?i:&#0*{code};)", f"(?i:&#x0*{code:x};)"]
    return f"(?:{'|'.join(ways)})".encode()


def _segments(path: str) -> list[str]:
    return path.replace("?", "/").split("/")


def _forms(texts: list[str]) -> list[bytes]:
    """Give texts raw and, where that is something else, percent-decoded, in lower case."""
    forms = [text.encode() for text in texts]
    forms += [unquote_to_bytes(form) for form in forms if b"%" in form]
    return [form.lower() for form in forms]


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
