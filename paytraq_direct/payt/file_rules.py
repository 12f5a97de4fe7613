"""What must hold of a file for Payt, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paytraq_direct.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.errors import Fault

IMPORTS: Final = "docs.paytsoftware.com/imports/overview"
CSV_PAGE: Final = "docs.paytsoftware.com/imports/csv"
READ_ON: Final = "in November 2026"
DANGER: Final = "what a data file does not list, Payt marks as paid"

# fmt: off
EMPTY_FILE: Final = Rule("PD-220", "A file has content.", "safety",
    "{name} is empty; an empty data file has Payt mark every invoice as paid", CSV_PAGE)
NO_INVOICES: Final = Rule("PD-221", "A data file lists an invoice.", "safety",
    "{name} lists no invoice ({why}); Payt would mark every invoice as paid", CSV_PAGE)
NOT_UTF8: Final = Rule("PD-222", "A data file is UTF-8.", "documented",
    "{name} is not UTF-8: byte {byte} at offset {offset:,}, on line {at:,}", IMPORTS, "save it as UTF-8")
NOT_CSV: Final = Rule("PD-223", "A data file that is CSV is written as RFC 4180 has it.", "documented",
    "{name} cannot be read as CSV, so what it lists is not known: {why}", CSV_PAGE)
NOT_WELL_FORMED: Final = Rule("PD-224", "A data file that is XML or JSON is well-formed.", "safety",
    "{name} cannot be read as {form}, so what it lists is not known: {why}", IMPORTS)
VANISHED: Final = Rule("PD-225", "A data file lists what the last one did.", "safety",
    "{count} of the last data file ({last}) {are} missing from {name}, which Payt will mark as paid: {numbers}",
    CSV_PAGE, "add what is not paid; when all of it is, send it with {yes}")
SHRUNK: Final = Rule("PD-226", "A data file whose numbers are not known has at least half the size of the last one.",
    "safety", "{name} has {now}, and the last data file ({last}) had {before}; " + DANGER, CSV_PAGE,
    "look whether it lists all invoices, then send it with {yes}")
NUMBERS_UNKNOWN: Final = Rule("PD-227", "A data file shows its invoice numbers.", "inferred",
    "{name}: {why}, so invoices that are missing cannot be told; " + DANGER, CSV_PAGE)
NOTHING_BEFORE: Final = Rule("PD-228", "A data file can be compared with the last one.", "inferred",
    "{name} is compared with nothing, since {why}; " + DANGER, CSV_PAGE)
NAME_WITHOUT_NUMBER: Final = Rule("PD-229", "The name of a PDF holds the number of its invoice.", "inferred",
    "the name {value} {why}; Payt links a PDF by the exact invoice number in its name", IMPORTS,
    "name it like 141234.pdf, after its invoice")
NAME: Final = Rule("PD-230", "The name of a file is printable, of 255 characters at most.", "safety",
    "the name of {name} cannot be sent: {why}", "ours", "give it another name")
NOT_GZIP: Final = Rule("PD-231", "A file is gzip when its name ends in .gz, and only then.", "documented",
    "{name} {why}", IMPORTS)
TOO_BIG: Final = Rule("PD-232", "A file has 1 GiB at most, decompressed.", "ours",
    "{name} comes to more than 1 GiB{how}", "ours")
CHANGED: Final = Rule("PD-233", "A file stays as it is while it is read.", "safety",
    "{name} changed while it was read", "ours", "send it once whoever writes it is done")
LONG_FIELD: Final = Rule("PD-234", "A field of CSV has 255 characters at most.", "inferred",
    "{name} has {count} of more than 255 characters, the first on line {at:,}", CSV_PAGE)
# fmt: on


class Flaw(Exception):
    """A file that cannot go: its fault says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


def every() -> Iterator[Rule]:
    """Give the rules for files, by code."""
    return iter(sorted((rule for rule in globals().values() if isinstance(rule, Rule)), key=lambda rule: rule.code))
