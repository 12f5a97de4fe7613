"""The comment of a UBL document: its notes as they are, then a line for each reference that no field carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paytraq_direct.readers.ubl import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element


def of(source: Source, *, references: bool) -> str:
    """Give the comment, "" where there is nothing to say.

    Notes come first, each as it is; then the terms of payment and, with ``references``, one line for each kind of
    reference: ``Order: PO-7``, several with commas between them, an original invoice with its date after it.
    """
    parts = [source.take("comment", note) for path in tables.NOTES for note in source.all(path)]
    label, path = tables.TERMS
    if terms := [source.take("comment", one).strip() for one in source.all(path)]:
        parts.append(f"{label}: {'; '.join(terms)}")
    if references:
        parts += _references(source)
    return "\n".join(parts)


def _references(source: Source) -> Iterator[str]:
    for label, path in tables.REFERENCES:
        texts = dict.fromkeys(_said(source, element) for element in source.all(path) if element not in source.taken)
        if texts:
            yield f"{label}: {', '.join(texts)}"


def _said(source: Source, element: Element) -> str:
    """Say what an element says, in words; a reference is its number, and its date in brackets."""
    if not len(element):
        return _noted(source, element)
    number = source.first(("cbc:ID",), element)
    date = source.first(("cbc:IssueDate",), element)
    text = "?" if number is None else _noted(source, number)
    return text if date is None else f"{text} ({_noted(source, date)})"


def _noted(source: Source, element: Element) -> str:
    source.noted.add(element)
    return " ".join((element.text or "").split())
