"""JSON inputs to readings: one invoice, an array of them, or one on each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from paytraq_direct import jsontext, places, rules
from paytraq_direct.errors import Fault
from paytraq_direct.invoice import take
from paytraq_direct.readers.reading import Reading, nothing_else
from paytraq_direct.readers.source import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paytraq_direct.codes import Operation
    from paytraq_direct.readers.reading import Also

Form = Literal["sale", "ubl"]


@dataclass(frozen=True, slots=True)
class Options:
    """How records are taken.

    Whether unknown keys are left out, the operation of those that name none, whether sums are looked at, and what else
    is asked of each record: its faults get their places like the others. Of UBL, whether the comment keeps its
    references, and the form in which it is sent: as a ``<Sale>``, or as it is.
    """

    ignore_unknown: bool = False
    operation: Operation | None = None
    arithmetic: bool = True
    also: Also = nothing_else
    references: bool = True
    form: Form = "sale"


class Item(NamedTuple):
    """One record of an input as plain data, or the fault that keeps it from being that, and where it stands."""

    origin: str
    data: Any
    source: Source
    position: int | None = None

    def placed(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        """Give the faults of the record with their places in the input."""
        return self.source.placed(faults, self.position)


def items(name: str, data: bytes) -> Iterator[Item]:
    """Give the one record of an input, or those of the array that it is."""
    decoded = jsontext.decode(data)
    source = Source(data)
    if not isinstance(decoded, list):
        yield Item(name, decoded, source)
        return
    if not decoded:
        yield Item(name, source.placed((rules.NOTHING_IN_IT.fault(""),))[0], source)
    for index, item in enumerate(decoded):
        yield Item(f"{name}[{index}]", item, source, index)


def lines(name: str, stream: BinaryIO) -> Iterator[Item]:
    """Give a record for each line that is not blank; a line that is too long is one fault."""
    number = 0
    for number, text in numbered(stream):
        yield line(name, number, text)
    if not number:
        yield nothing(name)


def numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give each line that is not blank, with its number; of one that is too long, only its beginning."""
    number = 0
    while text := stream.readline(LINE_LIMIT):
        number += 1
        if not text.strip():
            continue
        yield number, text.rstrip(b"\r\n")
        while len(text) == LINE_LIMIT and not text.endswith(b"\n"):
            text = stream.readline(LINE_LIMIT)


def line(name: str, number: int, text: bytes) -> Item:
    """Give the record of one line."""
    data = jsontext.decode(text)
    source = Source(text, number)
    return Item(f"{name}:{number}", source.numbered(data) if isinstance(data, Fault) else data, source)


def nothing(name: str) -> Item:
    """Give the fault of an input in which there is no line."""
    return Item(name, rules.NOTHING_IN_IT.fault(""), Source(b""))


class Source:
    """The bytes of an input, or of one line of it, in which faults are placed when there are any."""

    def __init__(self, data: bytes, line: int | None = None) -> None:
        self._data = data
        self._line = line

    def placed(self, faults: tuple[Fault, ...], index: int | None = None) -> tuple[Fault, ...]:
        """Give the faults of the record, or of the record at an index of the array, with their places."""
        within = None if index is None else self._elements[index]
        return places.placed(faults, self._text, rules.AT_KEY, within) if faults else ()

    def numbered(self, fault: Fault) -> Fault:
        """Give a fault that knows its place in the line with the number of the line."""
        return fault if self._line is None else replace(fault, line=self._line)

    @cached_property
    def _text(self) -> places.Text:
        return places.Text(self._data.removeprefix(jsontext.UTF8_BOM).decode(), self._line or 1)

    @cached_property
    def _elements(self) -> list[places.Range]:
        return places.elements(self._text.text)


def reading(item: Item, options: Options) -> Reading:
    """Give the reading of a record."""
    data = item.data
    if isinstance(data, Fault):
        return Reading(item.origin, None, (data,))
    if not isinstance(data, Mapping):
        return Reading(item.origin, None, item.placed((rules.NOT_AN_INVOICE.fault("", value=data),)))
    if options.operation and isinstance(data, dict) and data.get("operation") is None:
        data["operation"] = options.operation
    invoice, faults = take(data, ignore_unknown=options.ignore_unknown, arithmetic=options.arithmetic)
    if invoice is not None:
        faults += options.also(invoice)
    return Reading(item.origin, invoice, item.placed(faults))
