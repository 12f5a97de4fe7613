"""A UBL invoice or credit note to a reading, one to one with docs/ubl.md."""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import amounts, rules
from paytraq_direct.invoice import take
from paytraq_direct.readers import sale
from paytraq_direct.readers.reading import Reading
from paytraq_direct.readers.ubl import comment, head, losses, tables
from paytraq_direct.readers.ubl.lines import Line, decimals_of
from paytraq_direct.readers.ubl.source import Source, decimal

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.readers.json import Options
    from paytraq_direct.xmlio import Element

_EXACT: Final = Context(prec=200)
_PATHS: Final = {
    **{row.field: row.paths[0] for row in tables.HEAD},
    **{row.field: row.paths[0] for row in tables.LINE},
    "sale_type": "cbc:InvoiceTypeCode",
    "line_items": tables.LINES[0],
}


def of_root(name: str, root: Element, data: bytes, options: Options) -> Reading:
    """Read a document whose root is one of UBL; its record is taken like any other, and rendered as ``<Sale>``."""
    source = Source(root)
    record = record_of(source, options)
    invoice, faults = take(record, arithmetic=options.arithmetic)
    if invoice is not None:
        faults += options.also(invoice)
    noted = [(of_document(fault), source.element_of(fault.path)) for fault in faults] + source.faults
    if any(fault.is_error for fault, _ in noted):
        invoice = None
    return Reading(name, invoice, sale.marked(root, noted, data)).losing(lambda: losses.found(source))


def record_of(source: Source, options: Options) -> dict[str, Any]:
    """Give the record that a document holds, each value as the text it has."""
    kind = tables.ROOTS[str(source.root.tag)]
    record = head.take(source, kind)
    decimals = decimals_of(record.get("currency"))
    record["line_items"] = [
        Line(source, element, found, f"line_items[{index}]", decimals).take()
        for index, (element, found) in enumerate(source.lines)
    ]
    if adjustments := head.adjustments(source):
        record["adjustments"] = adjustments
    sums = _sums(record)
    head.settle_totals(source, record, sums)
    _net(source, record, sums)
    if text := comment.of(source, references=options.references):
        record["comment"] = text
    if options.operation:
        record["operation"] = options.operation
    _negative(source, record)
    return record


def _sums(record: dict[str, Any]) -> dict[str, str]:
    sums = {"lines": Decimal(0), "charge": Decimal(0), "discount": Decimal(0)}
    rows = [("lines", line.get("line_total")) for line in record["line_items"]]
    rows += [(row["type_id"], row.get("amount")) for row in record.get("adjustments", ())]
    for kind, text in rows:
        amount = amounts.amount_of_text(text or "")
        if amount is not None:
            sums[kind] = _EXACT.add(sums[kind], amount)
    return {kind: amounts.amount_text(total) for kind, total in sums.items()}


def _net(source: Source, record: dict[str, Any], sums: dict[str, str]) -> None:
    """Refuse the tax where the total without tax should be: OIOUBL has it there, and UBL 2.0 let its users think so."""
    net, gross = (amounts.amount_of_text(record.get(name) or "") for name in ("net_amount", "gross_amount"))
    lines, charge, discount = (Decimal(sums[kind]) for kind in ("lines", "charge", "discount"))
    expected = _EXACT.subtract(_EXACT.add(lines, charge), discount)
    if net is None or net == expected:
        return
    taxes = {amounts.amount_of_text(decimal(text)) for _, text in source.head.get(tables.TAXES, ())}
    if net in taxes or gross == _EXACT.add(expected, net):
        source.fault(rules.NET_IS_TAX, source.element_of("net_amount"), "net_amount", value=record["net_amount"])


def _negative(source: Source, record: dict[str, Any]) -> None:
    """Refuse an invoice that takes money back: nobody documents what a minus means to PayTraq."""
    if record.get("sale_type") == "credit_note":
        return
    for name in ("net_amount", "gross_amount"):
        amount = amounts.amount_of_text(record.get(name) or "")
        if amount is not None and amount < 0:
            source.fault(rules.NEGATIVE_INVOICE, source.element_of(name), name, value=record[name])
            return


def of_document(fault: Fault) -> Fault:
    """Give a fault of the record with what to write in the document: it has elements, no keys."""
    if fault.code != rules.MISSING.code:
        return replace(fault, fix=None)
    name = fault.path.rpartition(".")[2]
    return replace(fault, fix=None, suggestion=f"add {_PATHS.get(name, name)}")
