"""Inputs to records for Payt: .json, .jsonl, or either on standard input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from paytraq_direct import rules
from paytraq_direct.errors import Fault
from paytraq_direct.payt import rules as own
from paytraq_direct.payt.records import Invoice, take
from paytraq_direct.readers import json, source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, BinaryIO


class Reading(NamedTuple):
    """One invoice of an input: where it stands (``a.json[3]``, ``big.jsonl:17``), the record, and every fault.

    The record is None when a fault is an error.
    """

    origin: str
    record: Invoice | None
    faults: tuple[Fault, ...]
    item: json.Item | None = None

    @property
    def number(self) -> str | None:
        """The number of the invoice, also when nothing else of it is in order."""
        if self.record is not None:
            return self.record.invoice_number
        found = self.item.data.get("invoice_number") if self.item and isinstance(self.item.data, Mapping) else None
        return found if isinstance(found, str) else None

    def placed(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """Give faults of the record with their places in the input, if it has a text."""
        return faults if self.item is None else self.item.placed(faults)


def read(path: str | os.PathLike[str], *, on_read: Callable[[int], object] | None = None) -> Iterator[Reading]:
    """Give the invoices of a file one by one; "-" is standard input.

    Takes .json (one invoice or an array) and .jsonl (one on each line, read as it is needed). Bad content is a fault of
    its reading; raises OSError, at once, only for a file that cannot be opened or is of no such kind.
    """
    name = os.fspath(path)
    stream = source.opened(name)
    if on_read is not None:
        stream = source.counted(stream, on_read)
    return (_reading(item) for item in _items(name, stream))


def given(records: Iterable[Invoice | Mapping[str, Any]]) -> Iterator[Reading]:
    """Give readings of what a program has: ``invoices[3]`` is where the fourth stands; there is no text of it."""
    for index, data in enumerate(records):
        record, faults = take(data)
        origin = f"invoices[{index}]"
        yield Reading(origin, record, faults, json.Item(origin, data, json.Source(b"")))


def unique(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Give readings, one whose number came before made invalid: Payt's answer could not tell the two apart."""
    origins: dict[str, str] = {}
    for found in readings:
        number = found.record and found.record.invoice_number
        if number in origins:
            fault = own.REPEATED_NUMBER.fault("invoice_number", value=number, origin=origins[number])
            yield found._replace(record=None, faults=(*found.faults, *found.placed((fault,))))
            continue
        if number:
            origins[number] = found.origin
        yield found


def _items(name: str, stream: BinaryIO) -> Iterator[json.Item]:
    """Give the records of a stream, which is closed in the end unless it is standard input."""
    try:
        kind, stream = source.kind_of(name, stream)
        if kind == "xml":
            fault = rules.NOT_JSON.fault("", why="it is XML", suggestion="payt upload takes UBL and XML files")
            yield json.Item(name, fault, json.Source(b""))
        elif kind == "jsonl":
            yield from json.lines(name, stream)
        else:
            yield from json.items(name, source.whole(stream))
    finally:
        if name != source.STDIN:
            stream.close()


def _reading(item: json.Item) -> Reading:
    if isinstance(item.data, Fault):
        return Reading(item.origin, None, (item.data,))
    record, faults = take(item.data)
    if isinstance(item.data, dict) and {"administration_id", "invoices"} <= item.data.keys():
        faults = (rules.NOT_AN_INVOICE.fault("", value=item.data, suggestion="give its invoices, as an array"),)
    return Reading(item.origin, record, item.placed(faults), item)
