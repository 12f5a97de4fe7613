"""The quick look at a whole answer lets nothing through that the slow look at each of its lines takes out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paytraq_direct.answer import Head
from paytraq_direct.blot import Blot
from paytraq_direct.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORIGIN = "https://go.example"
_LETTERS = st.sampled_from("aAbBcCdDeE1290-_.~")
_SEGMENTS = st.one_of(
    st.sampled_from(("ext", "inbox", "%41%62cD%65", "a%2525b", "k%C5%99%c3%a9", "%zz%4", "aaaaaaaaaaaa", "")),
    st.text(_LETTERS, min_size=1, max_size=14),
)
_SECRETS = st.one_of(st.text(_LETTERS, min_size=1, max_size=24), st.text("a/+=\"&<%'1", min_size=1, max_size=24))


class _ObviousBlot(Blot):
    """Blots each line and the body by itself, with every form of every part: the way that is easy to trust."""

    def __init__(self, url: str, shown_url: str, secrets: Sequence[str] = ()) -> None:
        super().__init__(url, shown_url, secrets)
        segments = re.compile(r"[/?]").split
        path = "/" + url.partition("://")[2].partition("/")[2].rstrip("/")
        hidden = [segment for segment in segments(path)[1:] if segment not in set(segments(shown_url))]
        self._paths = self._forms_of([path]) if hidden else []
        self._parts = [form for form in self._forms_of(hidden) if len(form) >= 4]

    @staticmethod
    def _forms_of(texts: list[str]) -> list[bytes]:
        both = [form.lower() for text in texts for form in (text.encode(), unquote_to_bytes(text))]
        return list(dict.fromkeys(both))

    def answer(self, head: Head, body: bytes) -> tuple[Head, bytes]:
        headers = tuple((self.line(name), self.line(value)) for name, value in head.headers)
        return head._replace(reason=self.line(head.reason), headers=headers), self.body(body)


def _spellings(text: str) -> list[str]:
    """List what a server may make of a text when it quotes it."""
    codes = [f"&#{ord(letter)};" for letter in text], [f"\\u{ord(letter):04X}" for letter in text]
    return [
        text, unquote(text), text.upper(), unquote(text).lower(), quote(text, safe=""), json.dumps(text)[1:-1],
        text.replace("/", "\\/"), *map("".join, codes), text[:4], text[:8], text[:-1], text[1:], text * 2,
    ]  # fmt: skip


@st.composite
def _cases(draw: st.DrawFn) -> tuple[tuple[str, str, list[str]], Head, bytes]:
    """Give what is secret, and an answer of noise and quotes, in one piece or cut in the middle."""
    segments = draw(st.lists(_SEGMENTS, min_size=1, max_size=4))
    shown = [segment if draw(st.booleans()) else "…" for segment in segments]
    query = draw(st.sampled_from(("", "?abcde=12", "/")))
    url, shown_url = f"{_ORIGIN}/{'/'.join(segments)}{query}", f"{_ORIGIN}/{'/'.join(shown)}"
    secrets = draw(st.lists(_SECRETS, max_size=2))
    quoted = [spelt for text in (*segments, *secrets, url, url.removeprefix(_ORIGIN)) for spelt in _spellings(text)]
    noise = st.text(st.characters(max_codepoint=255), max_size=6)
    lines = st.lists(st.one_of(noise, st.sampled_from(quoted)), max_size=4).map("".join)

    def line() -> str:
        whole = draw(lines).encode("latin-1", "replace").decode("latin-1")
        return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole

    headers = tuple((line(), line()) for _ in range(draw(st.integers(0, 3))))
    head = Head(status=400, reason=line(), headers=headers, minor=1, sound=True)
    return (url, shown_url, secrets), head, line().encode("latin-1")


@given(_cases())
@example(((f"{_ORIGIN}/ab", f"{_ORIGIN}/…", []), Head(400, "/a", (("b", "/AB"),), 1, sound=True), b"x /ab"))
@example(((f"{_ORIGIN}/%41bcdefghi", f"{_ORIGIN}/…", []), Head(400, "", (), 1, sound=True), b"x abcd"))
def test_the_quick_look_takes_out_what_the_slow_one_does(case: tuple[tuple[Any, ...], Head, bytes]) -> None:
    """Whatever an answer quotes, in whatever spelling and wherever it was cut, both ways give the same."""
    secret, head, body = case
    assert Blot(*secret).answer(head, body) == _ObviousBlot(*secret).answer(head, body)


@pytest.mark.parametrize("name", ["Host", "bad name"])
def test_headers_are_checked_although_others_were_found_good(name: str) -> None:
    """Headers are looked at once; another name or value is looked at anew."""
    with Wire() as wire:
        for headers in ({"X-A": "1"}, {"X-A": "1"}, {"X-A": "1\r\n"}, {name: "1"}):
            good = headers == {"X-A": "1"}
            try:
                wire.post("http://127.0.0.1:1/x", b"x", headers=headers, deadline_s=1, shown_url="http://127.0.0.1:1/x")
            except ValueError:
                assert not good
            else:
                assert good
