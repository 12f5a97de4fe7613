"""The comment of a UBL document: its notes as they are, then a line for each reference that no field carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paytraq_direct.readers.ubl import tables
from paytraq_direct.readers.ubl.paths import Paths
from paytraq_direct.readers.ubl.source import first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.paths import Spot
    from paytraq_direct.readers.ubl.source import Source

_REFERENCE: Final = Paths(("cbc:ID", "cbc:IssueDate"))


def of(source: Source, *, references: bool) -> str:
    """Give the comment, "" where there is nothing to say.

    Notes come first, each as it is; then the terms of payment and, with ``references``, one line for each kind of
    reference: ``Order: PO-7``, several with commas between them, an original invoice with its date after it.
    """
    head = source.head
    parts = [source.take("comment", note) for path in tables.NOTES for note in head.get(path, ())]
    label, path = tables.TERMS
    if terms := [source.take("comment", one) for one in head.get(path, ())]:
        parts.append(f"{label}: {'; '.join(terms)}")
    if references:
        parts += _references(source)
    return "\n".join(parts)


def _references(source: Source) -> Iterator[str]:
    for label, path in tables.REFERENCES:
        spots = source.head.get(path, ())
        texts = dict.fromkeys(_said(source, spot) for spot in spots if spot[0] not in source.taken)
        if texts:
            yield f"{label}: {', '.join(texts)}"


def _said(source: Source, spot: Spot) -> str:
    """Say what an element says, in words; a reference is its number, and its date in brackets."""
    if not len(spot[0]):
        return _noted(source, spot)
    found = _REFERENCE.found(spot[0])
    number, date = first(found, ("cbc:ID",)), first(found, ("cbc:IssueDate",))
    text = "?" if number is None else _noted(source, number)
    return text if date is None else f"{text} ({_noted(source, date)})"


def _noted(source: Source, spot: Spot) -> str:
    source.noted.add(spot[0])
    return " ".join(spot[1].split())
