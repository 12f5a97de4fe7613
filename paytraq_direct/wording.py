"""Values as a person reads them in a message: shortened, and safe to print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from paytraq_direct.amounts import Number

LENGTH: Final = 60

_is_address = re.compile(r"://|/ext/direct", re.IGNORECASE).search


def discreet(text: str) -> str:
    """Give a name that a message may repeat; something else for one that may be a channel's address gone astray."""
    return "(an address, not shown)" if _is_address(text) else text


def raw(value: object, longest: int = LENGTH) -> str:
    """Give a value as text for a program: shortened, every character safe to print."""
    if not isinstance(value, str):
        value = described(value) if isinstance(value, Mapping | list | tuple) else _plain(value)
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in value)


def shown(value: object) -> str:
    """Give a value as a person reads it in a message: texts in quotes, numbers as their digits."""
    return f'"{raw(value)}"' if isinstance(value, str) and not isinstance(value, Number) else raw(value)


def counted(number: int, noun: str) -> str:
    """Give a number of things in words: ``1 error``, ``2 errors``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short_sum(sha256: str) -> str:
    """Give a SHA-256 so that a person can compare it: its ends."""
    return f"{sha256[:4]}…{sha256[-4:]}"


def described(value: object) -> str:
    """Name the kind of a value in the words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case Number() | int() | float() | Decimal():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
    return f"a Python {type(value).__name__}"


def _plain(value: object) -> str:
    """Give the repr of a value that may be huge or may refuse to be shown."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**LENGTH:
            return "a whole number of more than 60 digits"
        case Decimal() | date():
            return str(value)
        case None | int() | float():
            return repr(value)
    return described(value)
