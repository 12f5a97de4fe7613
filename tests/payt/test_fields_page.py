"""docs/payt-fields.md: the fields and rules of records for Payt, as the tables have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paytraq_direct.payt import fields, rules

if TYPE_CHECKING:
    from conftest import Golden

    from paytraq_direct.fields import Field

DOCS = Path(__file__).parent.parent.parent / "docs"
FORMS = {
    "text": "text", "name": "text of one line", "date": "date, `2026-11-02`", "code": "one of", "currency": "`EUR`",
    "boolean": "`true` or `false`", "money": '`"121.00"`', "decimal": '`"2.5"`', "whole": "whole number",
    "moment": '`"2026-11-21T05:31:56Z"`', "checksum": "SHA3-512 in base64", "texts": "list of texts",
    "object": "an object, see below", "rows": "list of objects, see below",
}  # fmt: skip
TITLES = {
    "An invoice": fields.INVOICE, "A document, also `ubl_document`": fields.DOCUMENT, "A payment": fields.PAYMENT,
    "An invoice line": fields.INVOICE_LINE,
}  # fmt: skip
HEAD = """# Invoices in Payt's words

What `payt upsert` takes: one object, an array of them, or one on each line. This page is made from the tables of fields and
rules. Names are those of Payt's pages "Upsert invoices in bulk", "Model of an invoice" and "Model of a file" and of its OpenAPI
description, read in June to November 2026; what rests on them is refused, what is inferred is only warned of. Amounts are
texts with exactly two decimals, so that no digit is lost. Keys that begin with `x_` are your own and are not sent, and neither are
empty lists of payments and lines.
"""


def _rows(table: tuple[Field, ...]) -> list[str]:
    lines = ["| field | form | meaning | source |", "|---|---|---|---|"]
    for field in table:
        form = FORMS[field.kind]
        if field.codes:
            form += " " + ", ".join(f'`"{code.wire}"`' for code in field.codes.codes)
        name = f"**`{field.name}`**" if field.required else f"`{field.name}`"
        lines.append(f"| {name} | {form} | {field.meaning} | {field.source} |")
    return lines


def test_the_page_of_fields_is_that_of_the_tables(golden: Golden) -> None:
    """Every field and every rule is told as the tables have it; a changed one shows as a changed page."""
    page = [HEAD, "Required fields are in bold.", ""]
    for title, table in TITLES.items():
        page += [f"## {title}", "", *_rows(table), ""]
    page += ["## Rules", "", "| code | what holds | weight | rests on |", "|---|---|---|---|"]
    for rule in rules.every():
        page.append(f"| {rule.code} | {rule.statement} | {rule.severity(foreign=False)} | {rule.source} |")
    page += ["", "The rules of texts, dates and currencies are those of [rules.md](rules.md)."]
    golden.check(DOCS / "payt-fields.md", "\n".join(page) + "\n")
