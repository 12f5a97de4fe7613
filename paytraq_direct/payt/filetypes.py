"""The types of files that Payt imports, and how a file's type is told by its content and its name."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from paytraq_direct.errors import PaytraqDirectError
from paytraq_direct.jsontext import UTF8_BOM
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Mapping

Content = Literal["empty", "pdf", "zip", "gzip", "ubl", "xml", "json", "text", "bytes"]

PATH: Final = "/import/files/"
GZ: Final = ".gz"
# So much of the beginning of a file tells what it is.
START: Final = 65_536


class Kind(NamedTuple):
    """A type of file: its name, which ends its endpoint's path, and what its content may be."""

    name: str
    means: str
    contents: frozenset[Content]

    @property
    def is_data(self) -> bool:
        """Tell whether it lists invoices: what is missing from such a file, Payt takes for paid."""
        return self.name == "csv"

    @property
    def path(self) -> str:
        """The path of its endpoint."""
        return PATH + self.name


_ANY: Final[frozenset[Content]] = frozenset(("pdf", "zip", "gzip", "ubl", "xml", "json", "text", "bytes", "empty"))
# Source of names and paths: docs.paytsoftware.com/imports/overview, read in November 2026.
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("csv", "a data file: CSV, XML or JSON", frozenset(("text", "xml", "json", "bytes", "empty"))),
        Kind("invoice_pdf", "the PDF of an invoice", frozenset(("pdf", "empty"))),
        Kind("invoice_ubl", "the UBL of an invoice", frozenset(("ubl", "empty"))),
        Kind("invoice_attachment", "an attachment of an invoice", _ANY),
        Kind("declaration_file", "a declaration: MZ301, AP304 or ZIP", _ANY),
    )
}
# What a name ends in, what the content is, and the type that both are taken for.
_TAKEN_FOR: Final[Mapping[tuple[str, Content], str]] = {
    **{(suffix, content): "csv" for suffix in (".csv", ".xml", ".json") for content in ("text", "bytes", "empty")},
    **{(suffix, content): "csv" for suffix in (".csv", ".json") for content in ("xml", "json")},
    (".xml", "xml"): "csv",
    (".xml", "ubl"): "invoice_ubl",
    (".pdf", "pdf"): "invoice_pdf",
    (".pdf", "empty"): "invoice_pdf",
    (".zip", "zip"): "declaration_file",
    (".zip", "empty"): "declaration_file",
}
_WORDS: Final[Mapping[Content, str]] = {
    "empty": "empty", "pdf": "a PDF", "zip": "a ZIP archive", "gzip": "gzip", "ubl": "a UBL invoice or credit note",
    "xml": "XML", "json": "JSON", "text": "text", "bytes": "neither text, PDF, ZIP nor gzip",
}  # fmt: skip
_is_declaration = re.compile(rb"(MZ301|AP304)", re.IGNORECASE).search
_root = re.compile(rb"<(?![?!])(?:([\w.-]+):)?([\w.-]+)([^>]*)")
_UBL: Final = b"urn:oasis:names:specification:ubl:schema:xsd:"


class UnclearKind(PaytraqDirectError):
    """What type of file it is cannot be told, or it is not of the type that was named: name the type."""


def content_of(start: bytes) -> Content:
    """Tell what a file holds by its beginning; XML is UBL when its root is a UBL invoice or credit note."""
    if not start:
        return "empty"
    for mark, content in _MARKS:
        if start.startswith(mark):
            return content
    text = start.removeprefix(UTF8_BOM).lstrip()
    if text.startswith(b"<"):
        return "ubl" if _is_ubl(text) else "xml"
    if text.startswith((b"{", b"[")):
        return "json"
    return "bytes" if b"\0" in start else "text"


_MARKS: Final[tuple[tuple[bytes, Content], ...]] = (
    (b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gzip"),
)  # fmt: skip


def inner_name(name: str) -> str:
    """Give the name that a file has at Payt once it is decompressed: ``20220728.csv`` of ``20220728.csv.gz``."""
    return name[: -len(GZ)] if name.lower().endswith(GZ) else name


def kind_of(name: str, content: Content, named: str | None = None) -> Kind:
    """Give the type of a file by its name, without .gz, and what it holds; ``named`` is the type that was asked for.

    A PDF is taken for the invoice itself, a ZIP archive for a declaration, as is what has MZ301 or AP304 in its name;
    XML is the UBL of an invoice when its root says so, else a data file. Raises UnclearKind for everything else, and
    where name and content, or the type and the content, do not agree.
    """
    if named is not None:
        kind = KINDS[named]
        if content not in kind.contents:
            raise UnclearKind(f"{raw(name)} is {_WORDS[content]}, and {named} is {kind.means}")
        return kind
    if _is_declaration(name.encode(errors="replace")) and content in {"text", "zip", "xml"}:
        return KINDS["declaration_file"]
    suffix = PurePath(name).suffix.lower()
    taken = _TAKEN_FOR.get((suffix, content))
    if taken is None:
        raise UnclearKind(f"what {raw(name)} is for cannot be told, its content being {_WORDS[content]}: say --type")
    return KINDS[taken]


def _is_ubl(text: bytes) -> bool:
    """Tell whether the first element is a UBL invoice or credit note, by its namespace."""
    match = _root.search(re.sub(rb"<!--.*?-->", b"", text, flags=re.DOTALL))
    if match is None or match[2] not in {b"Invoice", b"CreditNote"}:
        return False
    attribute = rb"xmlns:" + re.escape(match[1]) if match[1] else rb"xmlns"
    space = re.search(rb"\s" + attribute + rb"\s*=\s*[\"']([^\"']*)[\"']", match[3])
    return space is not None and space[1] == _UBL + match[2] + b"-2"
