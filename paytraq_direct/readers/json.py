"""JSON inputs to readings: one invoice, an array of them, or one on each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paytraq_direct import jsontext, rules
from paytraq_direct.errors import Fault
from paytraq_direct.invoice import take
from paytraq_direct.readers.reading import Reading
from paytraq_direct.readers.source import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paytraq_direct.codes import Operation


@dataclass(frozen=True, slots=True)
class Options:
    """How records are taken: whether unknown keys are left out, and the operation of those that name none."""

    ignore_unknown: bool = False
    operation: Operation | None = None


def read(name: str, data: bytes, options: Options) -> Iterator[Reading]:
    """Read one invoice or an array of them."""
    decoded = jsontext.decode(data)
    if not isinstance(decoded, list):
        yield _reading(name, decoded, options)
        return
    if not decoded:
        yield Reading(name, None, (rules.NOTHING_IN_IT.fault(""),))
    for index, item in enumerate(decoded):
        yield _reading(f"{name}[{index}]", item, options)


def read_lines(name: str, stream: BinaryIO, options: Options) -> Iterator[Reading]:
    """Read one invoice from each line; blank lines are passed over, a line that is too long is one fault."""
    number, found = 0, False
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if not line.strip():
            continue
        found = True
        reading = _reading(f"{name}:{number}", jsontext.decode(line.rstrip(b"\r\n")), options)
        yield reading._replace(faults=tuple(replace(fault, line=number) for fault in reading.faults))
        while len(line) == LINE_LIMIT and not line.endswith(b"\n"):
            line = stream.readline(LINE_LIMIT)
    if not found:
        yield Reading(name, None, (rules.NOTHING_IN_IT.fault(""),))


def _reading(origin: str, data: Any, options: Options) -> Reading:
    if isinstance(data, Fault):
        return Reading(origin, None, (data,))
    if not isinstance(data, Mapping):
        fault = rules.NOT_AN_INVOICE.fault("", value=data)
        return Reading(origin, None, (fault,))
    if options.operation and isinstance(data, dict) and data.get("operation") is None:
        data["operation"] = options.operation
    return Reading(origin, *take(data, ignore_unknown=options.ignore_unknown))
