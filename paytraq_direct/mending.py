"""Mends a file: writes what leaves no doubt over what was wrong, and touches nothing else."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

from paytraq_direct import jsontext, places, readers, totals
from paytraq_direct.amounts import amount_text
from paytraq_direct.readers import sale, source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.errors import Fault, Fix
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers import Options, Reading

# Each round may bring faults to light that others hid; a chain of more than a few is none that occurs.
_ROUNDS: Final = 8


class Edit(NamedTuple):
    """What stands between two places of a text from now on."""

    start: int
    end: int
    text: str


def mended(name: str, data: bytes, options: Options, *, fix: bool = True, fill: bool = False) -> bytes:
    """Give the bytes of a file with its faults mended that say how, and with line totals when it is to be filled.

    Order, spacing, line ends and encoding stay. What leaves a doubt, and a file that cannot be read, stay as they are.
    """
    kind = source.kind_of_name(name) or source.kind_of_start(data.lstrip().partition(b"\n")[0])
    encoding, mark = sale.encoding_of(data) if kind == "xml" else ("UTF-8", jsontext.UTF8_BOM)
    for _ in range(_ROUNDS):
        readings = list(readers.readings(name, io.BytesIO(data), options))
        try:
            text = places.Text(data.removeprefix(mark).decode(encoding))
        except UnicodeDecodeError:
            return data
        edits: list[Edit] = []
        if fix:
            edits += _fixes((fault for reading in readings for fault in reading.faults), text, is_xml=kind == "xml")
        if fill and not edits and kind != "xml" and all(reading.invoice for reading in readings):
            edits += _fillings(readings, text, kind)
        after = _edited(text.text, edits)
        if after == text.text:
            return data
        start = mark if data.startswith(mark) else b""
        data = start + after.encode(encoding, "xmlcharrefreplace")
    return data


def _edited(text: str, edits: list[Edit]) -> str:
    """Give a text with edits made; of two at the same place, the first."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda edit: edit[:2]):
        if edit.start >= at:
            pieces += [text[at : edit.start], edit.text]
            at = edit.end
    return "".join([*pieces, text[at:]])


def _fixes(faults: Iterable[Fault], text: places.Text, *, is_xml: bool) -> Iterator[Edit]:
    for fault in faults:
        if fault.fix is None or fault.line is None or fault.column is None:
            continue
        start = text.index(fault.line, fault.column)
        if not is_xml:
            yield _json_edit(fault.fix, text.text, start)
        elif text.text[start] != "<":
            end = text.text.index("<", start)
            end = start + len(text.text[start:end].rstrip())
            yield Edit(start, end, escape(str(fault.fix.value)))


def _json_edit(fix: Fix, text: str, start: int) -> Edit:
    """Give the edit of a JSON text: of the value, or of the key, that begins here."""
    end = places.end_of_token(text, start)
    match fix.op:
        case "rename":
            return Edit(start, end, _json(fix.key))
        case "add":
            return Edit(end, end, _added(text, start, fix.key or "", fix.value))
    return Edit(start, end, _json(fix.value))


def _added(text: str, start: int, key: str, value: str | bool | Decimal | None) -> str:  # noqa: FBT001 - a value of JSON
    """Give what adds a member after the one whose value begins here, set apart as that one is from the one before."""
    key_start = text.rindex('"', 0, text.rindex('"', 0, start))
    before = text[:key_start].rstrip()
    blank = text[len(before) : key_start]
    between = text[text.rindex('"', 0, start) + 1 : start]
    return f",{blank}{_json(key)}{between}{_json(value)}"


def _fillings(readings: list[Reading], text: places.Text, kind: source.Kind) -> Iterator[Edit]:
    """Give the line totals that are missing, each after the price or the discount of its line."""
    for reading, within in zip(readings, _records(readings, text, kind), strict=True):
        assert reading.invoice is not None  # noqa: S101 - what has errors is not filled
        wanted = dict(_missing_totals(reading.invoice))
        found = places.spans(text.text, [f"{path}.price" for path in wanted], within)
        for path, total in wanted.items():
            start, end = found[f"{path}.price"].value
            yield Edit(end, end, _added(text.text, start, "line_total", total))


def _missing_totals(invoice: Invoice) -> Iterator[tuple[str, Decimal]]:
    for index, line in enumerate(totals.account(invoice).lines):
        if line.verdict == "not given" and line.rounded is not None:
            yield f"line_items[{index}]", line.rounded


def _records(readings: list[Reading], text: places.Text, kind: source.Kind) -> list[places.Range]:
    """List where the records stand: the lines of a .jsonl input, the elements of an array, or the one."""
    if kind == "jsonl":
        return [text.line(int(reading.origin.rpartition(":")[2])) for reading in readings]
    if text.text.lstrip().startswith("["):
        return places.elements(text.text)
    return [(0, len(text.text))]


def _json(value: str | bool | Decimal | None) -> str:  # noqa: FBT001 - a value of JSON
    return amount_text(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
