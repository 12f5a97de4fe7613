"""JSON inputs to readings: one invoice, an array of them, or one on each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

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


def read(name: str, data: bytes, options: Options) -> Iterator[Reading]:
    """Read one invoice or an array of them."""
    decoded = jsontext.decode(data)
    source = _Source(data)
    if not isinstance(decoded, list):
        yield _reading(name, decoded, options, source)
        return
    if not decoded:
        yield Reading(name, None, source.placed((rules.NOTHING_IN_IT.fault(""),)))
    for index, item in enumerate(decoded):
        yield _reading(f"{name}[{index}]", item, options, source, index)


def read_lines(name: str, stream: BinaryIO, options: Options) -> Iterator[Reading]:
    """Read one invoice from each line; blank lines are passed over, a line that is too long is one fault."""
    number, found = 0, False
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if not line.strip():
            continue
        found = True
        record = line.rstrip(b"\r\n")
        yield _reading(f"{name}:{number}", jsontext.decode(record), options, _Source(record, number))
        while len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            line = stream.readline(LINE_LIMIT)
    if not found:
        yield Reading(name, None, (rules.NOTHING_IN_IT.fault(""),))


class _Source:
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


def _reading(origin: str, data: Any, options: Options, source: _Source, index: int | None = None) -> Reading:
    if isinstance(data, Fault):
        return Reading(origin, None, (source.numbered(data),))
    if not isinstance(data, Mapping):
        fault = rules.NOT_AN_INVOICE.fault("", value=data)
        return Reading(origin, None, source.placed((fault,), index))
    if options.operation and isinstance(data, dict) and data.get("operation") is None:
        data["operation"] = options.operation
    invoice, faults = take(data, ignore_unknown=options.ignore_unknown, arithmetic=options.arithmetic)
    if invoice is not None:
        faults += options.also(invoice)
    return Reading(origin, invoice, source.placed(faults, index))
