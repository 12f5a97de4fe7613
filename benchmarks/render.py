"""Rendering, against the plain way: a Jinja2 template that escapes by itself and reaches for attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from benchmarks.figures import Figure, seconds_each
from benchmarks.invoices import invoice_json
from benchmarks.prepare import taken
from paytraq_direct import resources
from paytraq_direct.document import render

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 30


def plain_template() -> Any:
    """Make the template of a document as most would write it: autoescape, one attribute after the other."""
    source = (resources.folder("templates") / "sale.xml.j2").read_text(encoding="utf-8")
    body = source[source.index("<?xml") : source.index("{% endmacro")]
    body = re.sub(r"for item_code.*?in line_items", "for item in invoice.line_items", body, flags=re.DOTALL)
    body = body.replace(
        "for amount, description, type_id, pct_or_amount in adjustments", "for item in invoice.adjustments"
    )
    head, lines = body.split("<LineItems>")
    lines, totals = lines.split("{%- if shipping_charge %}")
    totals = "{%- if shipping_charge %}" + totals
    return Environment(autoescape=True).from_string(
        _attributes(head, "invoice") + "<LineItems>" + _attributes(lines, "item") + _attributes(totals, "invoice")
    )


def _attributes(part: str, record: str) -> str:
    part = part.replace("{%- if adjustments %}", "{%- if invoice.adjustments %}")
    part = re.sub(r"\{\{ (\w+) \}\}", rf"{{{{ {record}.\1 }}}}", part)
    return re.sub(r"\{%- if (\w+)( or (\w+))? %\}", rf"{{%- if {record}.\1 is not none %}}", part)


def figures() -> Iterator[Figure]:
    """Measure 30 lines."""
    invoice = taken(invoice_json(LINES))
    template = plain_template()
    plain = template.render(invoice=invoice).replace("False", "false").replace("&#39;", "'").encode()
    if plain.split() != render(invoice).split():
        raise ValueError("the two do not write the same document")
    seconds = seconds_each(
        {"plain": lambda: template.render(invoice=invoice).encode(), "ours": lambda: render(invoice)},
        rounds=25,
        repeats=50,
    )
    yield Figure(f"render ÷ plain autoescape template, {LINES} lines", seconds["ours"] / seconds["plain"], 0.45, 0.33)
