"""The line on which a fault stands, as compilers show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import combining, east_asian_width

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.errors import Excerpt, Fault

_MARGIN: Final = 5


def lines_of(fault: Fault, excerpt: Excerpt) -> Iterator[str]:
    """Show the line on which a fault stands, what is meant underlined, below the line before it."""
    line = fault.line or 1
    margin = max(len(str(line)), _MARGIN)
    if excerpt.before is not None:
        yield f"  {line - 1:>{margin}} | {excerpt.before}"
    yield f"  {line:>{margin}} | {excerpt.text}"
    start, length = excerpt.start, min(fault.length or 1, len(excerpt.text) - excerpt.start)
    blank = " " * _columns(excerpt.text[:start])
    carets = "^" * max(1, _columns(excerpt.text[start : start + length]))
    yield f"  {'':>{margin}} | {blank}{click.style(carets, fg='red' if fault.is_error else 'yellow', bold=True)}"


def _columns(text: str) -> int:
    """Give how many columns of a terminal a text takes: two for wide characters, none for accents of their own."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
