"""JSON text to plain data with nothing lost: every number keeps its digits, every repeated key is remembered."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from paytraq_direct import limits, places, rules
from paytraq_direct.amounts import Number
from paytraq_direct.errors import Fault
from paytraq_direct.places import Text

UTF8_BOM: Final = b"\xef\xbb\xbf"


class Repeated(dict[str, Any]):
    """An object in which keys stand more than once; ``twice`` names them."""

    __slots__ = ("twice",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__()
        self.twice: list[str] = []
        for key, value in pairs:
            if key in self and key not in self.twice:
                self.twice.append(key)
            self[key] = value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    return data if len(data) == len(pairs) else Repeated(pairs)


_DECODER: Final = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object
)


def text_of(data: bytes) -> str | Fault:
    """Give the text of UTF-8 bytes, a byte order mark taken off; the fault PD-001 when they are not UTF-8."""
    body = data.removeprefix(UTF8_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        start = len(body[: error.start].decode())
        offset = len(data) - len(body) + error.start
        fault = rules.NOT_UTF8.fault("", byte=f"0x{data[offset]:02x}", offset=offset)
        return Text(body.decode(errors="replace")).marked(fault, start, start + 1)


def decode(source: str | bytes) -> Any | Fault:
    """Give the data of a JSON text; a Fault when it is too large, not UTF-8, not JSON, or nested too deeply."""
    if len(source) > limits.INPUT_BYTES:
        return rules.TOO_LARGE.fault("")
    text = source.removeprefix("\ufeff") if isinstance(source, str) else text_of(source)
    if isinstance(text, Fault):
        return text
    try:
        return _DECODER.decode(text)
    except RecursionError:
        pass
    except json.JSONDecodeError as error:
        return _not_json(text, error)
    return rules.TOO_DEEP.fault("")


def placed(faults: tuple[Fault, ...], source: str | bytes) -> tuple[Fault, ...]:
    """Give the faults of the record that a JSON text holds with their places in it."""
    if not faults:
        return ()
    text = text_of(source) if isinstance(source, bytes) else source.removeprefix("\ufeff")
    return places.placed(faults, Text(str(text)), rules.AT_KEY)


def _not_json(text: str, error: json.JSONDecodeError) -> Fault:
    why, suggestion, at = _trouble(text, error.msg, error.pos)
    fault = rules.NOT_JSON.fault("", why=why, suggestion=suggestion.replace("{", "{{").replace("}", "}}"))
    return Text(text).marked(fault, at, at + 1)


def _trouble(text: str, message: str, at: int) -> tuple[str, str, int]:
    """Say what is wrong with a text that is no JSON, what to do, and where; no version of Python has a say in it."""
    start = text.lstrip()
    before = text[:at].rstrip()
    if not start:
        return "it is empty", "", at
    if start.startswith("<"):
        return "it is XML", "name the file .xml", at
    if message == "Extra data":
        return "there is more after the end of it", "with one invoice on each line, name the file .jsonl", at
    if text[at : at + 1] in "}]" and before.endswith(",") and at < len(text):
        return "there is a comma too many", "take it out", len(before) - 1
    for words, (why, suggestion) in _TROUBLES.items():
        if message.startswith(words):
            return why, suggestion, at
    if at >= len(text.rstrip()):
        return "it ends in the middle", "is the file whole?", at
    found = _WORD.match(text, at)
    word = found[0] if found else ""
    if word.lower() in _LITERALS:
        return f"{word} is no value of JSON", f"write {_LITERALS[word.lower()]}", at
    return _of_character(text[at], message), _WAYS.get(text[at], ""), at


def _of_character(character: str, message: str) -> str:
    if character == "'":
        return "there is a single quote"
    if character == ",":
        return "there is a comma too many"
    if message.startswith("Expecting ','") and character in "}]":
        return "this bracket is not the one that was opened"
    if message.startswith("Expecting ','"):
        return "a comma is missing before this"
    if message.startswith("Expecting ':'"):
        return "a colon is missing between a key and its value"
    return "here should be a key in double quotes" if "property name" in message else "here should be a value"


_WORD: Final = re.compile("[A-Za-z]+")
_LITERALS: Final = {
    "true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null", "yes": "true",
    "no": "false",
}  # fmt: skip
_WAYS: Final = {"'": "JSON has double quotes only", ",": "take it out"}
_TROUBLES: Final = {
    "Illegal trailing comma": ("there is a comma too many", "take it out"),
    "Unterminated string": ("a text begins here and does not end", "is its closing quote there, and the file whole?"),
    "Invalid control character": (
        "a line end or another control character stands in a text",
        "write it as \\n, \\t or \\u0000",
    ),
    "Invalid \\escape": ("a backslash begins nothing that JSON knows", "write it twice: \\\\"),
    "Invalid \\uXXXX": ("after \\u there should be four hexadecimal digits", "write it as \\u017e"),
}
