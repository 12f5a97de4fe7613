"""JSON text to plain data with nothing lost: every number keeps its digits, every repeated key is remembered."""

from __future__ import annotations

import json
from typing import Any, Final

from paytraq_direct import limits, rules
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


def _not_json(text: str, error: json.JSONDecodeError) -> Fault:
    suggestion = ""
    start = text.lstrip()
    if not start:
        why = "it is empty"
    elif start.startswith("<"):
        why, suggestion = "it is XML", "name the file .xml"
    elif error.msg == "Extra data":
        why, suggestion = "there is more after the end of it", "with one invoice on each line, name the file .jsonl"
    else:
        why = error.msg[0].lower() + error.msg[1:]
    return Text(text).marked(rules.NOT_JSON.fault("", why=why, suggestion=suggestion), error.pos, error.pos + 1)
