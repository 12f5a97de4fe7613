"""Preparing an invoice, against the least that any way must do: lxml parsing and XSD of the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from benchmarks.figures import Figure, seconds_each
from benchmarks.invoices import invoice_json
from paytraq_direct import jsontext, resources, schema
from paytraq_direct.document import render
from paytraq_direct.invoice import take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.invoice import Invoice

GOALS = {3: (2.8, 2.0), 30: (2.6, 1.8), 1000: (3.2, 1.9)}


def taken(source: bytes, *, arithmetic: bool = True) -> Invoice:
    """Give the invoice of a source that is known to be good."""
    invoice, faults = take(source, arithmetic=arithmetic)
    if invoice is None or faults:
        raise ValueError(faults)
    return invoice


def prepare(source: bytes, *, arithmetic: bool = True) -> bytes:
    """Go all the way from JSON to a document that fits the schema."""
    document = render(taken(source, arithmetic=arithmetic))
    if schema.verdict(document):
        raise ValueError("the document does not fit")
    return document


def figures() -> Iterator[Figure]:
    """Measure 3, 30 and 1000 lines, and print the share of each stage."""
    for lines, (goal, stretch) in GOALS.items():
        source = invoice_json(lines)
        document = prepare(source)
        invoice = taken(source)
        plain = etree.XMLSchema(etree.parse(str(resources.folder("xsd") / "sale.xsd")))

        def parse_and_validate(document: bytes = document, plain: etree.XMLSchema = plain) -> None:
            if not plain.validate(etree.fromstring(document)):
                raise ValueError("the document does not fit")

        seconds = seconds_each(
            {
                "plain": parse_and_validate,
                "prepare": lambda source=source: prepare(source),  # type: ignore[misc]
                "without sums": lambda source=source: prepare(source, arithmetic=False),  # type: ignore[misc]
                "decode": lambda source=source: jsontext.decode(source),  # type: ignore[misc]
                "take": lambda source=source: take(source),  # type: ignore[misc]
                "render": lambda invoice=invoice: render(invoice),  # type: ignore[misc]
                "verdict": lambda document=document: schema.verdict(document),  # type: ignore[misc]
            },
            rounds=25,
            repeats=max(1, 600 // lines),
        )
        shares = "  ".join(f"{name} {value * 1e6:,.0f} µs" for name, value in seconds.items())
        print(f"  {lines:>4} lines: {shares}")
        yield Figure(f"prepare ÷ lxml parse + XSD, {lines} lines", seconds["prepare"] / seconds["plain"], goal, stretch)
        yield Figure(
            f"prepare ÷ the same without sums, {lines} lines", seconds["prepare"] / seconds["without sums"], 1.1, 1.05
        )
