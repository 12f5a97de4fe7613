"""A ``<Sale>`` document to a reading: the record it spells, beside the bytes as they are."""

from __future__ import annotations

import codecs
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import fields, limits, rules, schema, wording, xmlio, xmlplaces
from paytraq_direct.errors import Fault, Fix
from paytraq_direct.invoice import take
from paytraq_direct.places import Text
from paytraq_direct.readers.reading import Reading, nothing_else

if TYPE_CHECKING:
    from paytraq_direct.codes import Operation
    from paytraq_direct.fields import Field
    from paytraq_direct.readers.reading import Also

_BOOLEANS: Final[dict[str, object]] = {"true": True, "false": False}
_CODES_OF_RULE: Final = {
    rules.CODES[codes.element].code: codes
    for codes in (row.codes for table in (fields.INVOICE, fields.ADJUSTMENT) for row in table)
    if codes
}
_MARKS: Final = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16-LE",
    codecs.BOM_UTF16_BE: "UTF-16-BE",
}
_LONGEST_REASON: Final = 300
_START: Final = 1_000
_XML_BLANKS: Final = " \t\r\n"
# XML Schema reads numbers, dates and booleans without the blanks around them; texts and codes keep theirs.
_COLLAPSED: Final = frozenset({"date", "amount", "percent", "days", "boolean"})
_UBL_2: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_UBL: Final = f"; this looks like UBL, whose namespace is {_UBL_2}"
_OTHER_UBL: Final = "; this is UBL, but neither an invoice nor a credit note"
_FOREIGN_ROOTS: Final = {
    "Invoice": f"{_UBL}Invoice-2",
    "CreditNote": f"{_UBL}CreditNote-2",
    "CrossIndustryInvoice": "; this is a CII invoice, which is not read: ask for it in UBL",
    "CrossIndustryDocument": "; this is a ZUGFeRD 1 invoice, which is not read: ask for it in UBL",
    "E_Invoice": "; this is an Estonian e-invoice, which is not read: ask for it in UBL",
    "StandardBusinessDocument": "; this is an envelope around an invoice: take the invoice out of it",
    "AttachedDocument": "; this is an envelope around an invoice: take the invoice out of it",
    "ObjectEnvelope": "; this is an envelope around an invoice: take the invoice out of it",
    "Finvoice": "; this is a Finnish Finvoice, which is not read: ask for it in UBL",
    "FatturaElettronica": "; this is an Italian FatturaPA invoice, which is not read: ask for it in UBL",
    "Facturae": "; this is a Spanish Facturae invoice, which is not read: ask for it in UBL",
    "html": "; this is a web page, perhaps of an error, that was saved in place of an invoice",
}
# What is no XML at all, by how it begins; a Factur-X invoice is a PDF.
_FOREIGN_STARTS: Final = (
    (b"%PDF-", "it is a PDF; of a Factur-X or ZUGFeRD invoice too, only XML is read, in UBL"),
    (b"PK\x03\x04", "it is a zip archive: take the invoice out of it"),
    (b"\x1f\x8b", "it is packed by gzip: unpack it"),
    (b"{", "it is JSON: name the file .json"),
)


def read(
    name: str,
    data: bytes,
    *,
    operation: Operation | None = None,
    arithmetic: bool = True,
    also: Also = nothing_else,
) -> Reading:
    """Read a finished document. It is sent as it is, so what rests on our own contract alone only warns.

    An empty element is an absent value. Codes are the wire's own: 1, not due_days.
    """
    root = root_of(data)
    if isinstance(root, Fault):
        return Reading(name, None, (root,))
    return of_root(name, root, data, operation=operation, arithmetic=arithmetic, also=also)


def root_of(data: bytes) -> xmlio.Element | Fault:
    """Give the root of a document, or why there is none that can be taken."""
    if len(data) > limits.INPUT_BYTES:
        return rules.TOO_LARGE.fault("")
    try:
        return xmlio.parse(data)
    except xmlio.XmlRefused as refused:
        return _not_xml(data, refused)


def of_root(
    name: str,
    root: xmlio.Element,
    data: bytes,
    *,
    operation: Operation | None = None,
    arithmetic: bool = True,
    also: Also = nothing_else,
) -> Reading:
    """Read a finished document that was parsed."""
    if fault := too_large(data):
        return Reading(name, None, (fault,))
    elements = _Elements(root)
    if root.tag != "Sale":
        return Reading(name, None, elements.placed([_not_a_sale(root)], data))
    record = elements.record(root, fields.INVOICE)
    if operation and record.get("operation") is None:
        elements.note(rules.FINISHED_DOCUMENT.fault("operation"))
    invoice, faults = take(record, foreign=True, arithmetic=arithmetic)
    found = [*elements.faults, *faults, *(also(invoice) if invoice is not None else ())]
    if not schema.fits(root):
        said = {fault.path for fault in found}
        found += [fault for fault in schema.explain(root, foreign=True) if fault.path not in said]
    placed = elements.placed([_of_document(fault) for fault in found], data)
    if invoice is None or any(fault.is_error for fault in placed):
        return Reading(name, None, placed)
    object.__setattr__(invoice, "document", data)  # the record is new, and nobody has seen it yet
    return Reading(name, invoice, placed)


def too_large(data: bytes) -> Fault | None:
    """Tell when the bytes that are to be sent as they are are too many."""
    if len(data) <= limits.DOCUMENT_BYTES:
        return None
    return rules.DOCUMENT_TOO_LARGE.fault("", size=f"{len(data):,}")


def text_of(data: bytes, encoding: str = "UTF-8") -> Text:
    """Give the text of a document; a byte that its encoding does not know is shown as such."""
    try:
        text = data.decode(encoding, "replace")
    except LookupError:
        text = data.decode("latin-1")
    return Text(text.removeprefix("\ufeff"))


def encoding_of(data: bytes) -> tuple[str, bytes]:
    """Give the encoding of a document that is read, and the byte order mark that may stand before it."""
    try:
        return _encoding_of(xmlio.parse(data), data)
    except xmlio.XmlRefused:
        return _encoding_of(None, data)


def _encoding_of(root: xmlio.Element | None, data: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding, mark
    return (None if root is None else root.getroottree().docinfo.encoding) or "UTF-8", b""


def marked(root: xmlio.Element, found: list[tuple[Fault, xmlio.Element]], data: bytes) -> tuple[Fault, ...]:
    """Give the faults of a document in its order, each with the place of its element."""
    if not found:
        return ()
    wanted = {element for _, element in found}
    numbers = dict(islice(((one, number) for number, one in enumerate(root.iter("*")) if one in wanted), len(wanted)))
    of = [numbers[element] for _, element in found]
    text = text_of(data, _encoding_of(root, data)[0])
    ranges = xmlplaces.ranges(text.text, set(of))
    return tuple(
        text.marked(fault, *ranges[number]) if number in ranges else replace(fault, line=element.sourceline)
        for number, (fault, element) in sorted(zip(of, found, strict=True), key=itemgetter(0))
    )


def _of_document(fault: Fault) -> Fault:
    """Give a fault with what to write in a document: codes as on the wire, and no keys, since it has none."""
    fix = fault.fix
    if fix is None:
        return fault
    if fix.op != "replace":
        return replace(fault, fix=None)
    codes = _CODES_OF_RULE.get(fault.code)
    if codes is not None and (code := codes.by_value.get(codes.by_input.get(fix.value))):
        return replace(fault, suggestion=f'write "{code.wire}"', fix=Fix("replace", value=code.wire))
    return fault


def _not_xml(data: bytes, refused: xmlio.XmlRefused) -> Fault:
    if what := _foreign_start(data):
        return rules.NOT_XML.fault("", why=what)
    fault = rules.NOT_XML.fault("", why=wording.raw(refused.why, _LONGEST_REASON), line=refused.line)
    text = text_of(data)
    at = xmlplaces.trouble(text.text)
    if at is None and "DOCTYPE" in refused.why:
        at = text.text.find("<!DOCTYPE")
    # Nothing was parsed, so nobody knows its encoding: only what is UTF-8 in fact has a column.
    return fault if at is None or "\ufffd" in text.text else text.marked(fault, at, at + 1)


def _foreign_start(data: bytes) -> str | None:
    start = data[:_START].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _FOREIGN_ROOTS["html"].replace("; this", "it")
    return next((what for mark, what in _FOREIGN_STARTS if start.startswith(mark.lower())), None)


def _not_a_sale(root: xmlio.Element) -> Fault:
    namespace, _, tag = str(root.tag).rpartition("}")
    hint = _FOREIGN_ROOTS.get(tag) or (_OTHER_UBL if namespace.startswith(f"{{{_UBL_2}") else "")
    if tag == "Sale":
        hint = f", without the namespace {wording.raw(namespace.removeprefix('{'))}"
    return rules.NOT_A_SALE.fault("", root=f"<{wording.raw(tag)}>", hint=hint)


class _Elements:
    """The elements of one document: where each field stands, and what no field takes up."""

    def __init__(self, root: xmlio.Element) -> None:
        self.faults: list[Fault] = []
        self._root = root
        self._elements = {"": root}
        # Of a path that stands twice, the second one is what its fault is about.
        self._repeated: dict[str, xmlio.Element] = {}

    def note(self, fault: Fault) -> None:
        """Note a fault about the elements themselves."""
        self.faults.append(fault)

    def placed(self, faults: list[Fault], data: bytes) -> tuple[Fault, ...]:
        """Give faults in document order, each with the place of its element, or of the nearest one around it."""
        return marked(self._root, [(fault, self._element_of(fault)) for fault in faults], data)

    def _element_of(self, fault: Fault) -> xmlio.Element:
        if fault.code == rules.REPEATED_ELEMENT.code:
            return self._repeated[fault.path]
        return self._elements[self._known(fault.path)]

    def _known(self, path: str) -> str:
        while path not in self._elements:
            path = path[: max(path.rfind("."), path.rfind("/"), 0)]
        return path

    def record(self, element: xmlio.Element, table: tuple[Field, ...]) -> dict[str, Any]:
        """Give the record that an element holds, each value as the text it has."""
        record: dict[str, Any] = {}
        self._walk(element, fields.tree(table), record, "", "")
        return record

    def _walk(self, element: xmlio.Element, tree: fields.Tree, record: dict[str, Any], prefix: str, above: str) -> None:
        for name in element.attrib:
            self._unknown(element, f"{above}@{wording.raw(str(name))}")
        seen = set()
        for child in element:
            tag = str(child.tag)
            below = tree.get(tag)
            here = f"{above}{wording.raw(tag)}"
            if below is None:
                self._unknown(child, here)
            elif isinstance(below, dict):
                self._elements.setdefault(here, child)
                if tag in seen:
                    self._again(child, here)
                self._walk(child, below, record, prefix, f"{here}/")
            elif below.kind == "rows":
                rows = record.setdefault(below.name, [])
                item: dict[str, Any] = {}
                path = f"{prefix}{below.name}[{len(rows)}]"
                self._elements[path] = child
                self._walk(child, fields.tree(below.rows), item, f"{path}.", f"{path}/")
                rows.append(item)
            else:
                self._leaf(child, below, record, prefix + below.name)
            seen.add(tag)

    def _leaf(self, element: xmlio.Element, field: Field, record: dict[str, Any], path: str) -> None:
        for name in element.attrib:
            self._unknown(element, f"{path}/@{wording.raw(str(name))}")
        for child in element:
            self._unknown(child, f"{path}/{wording.raw(str(child.tag))}")
        if field.name in record:
            self._again(element, path)
            return
        self._elements[path] = element
        text = element.text or ""
        if field.kind in _COLLAPSED:
            text = text.strip(_XML_BLANKS)
        if not text.strip():
            return
        record[field.name] = _BOOLEANS.get(text, text) if field.kind == "boolean" else text
        if field.codes and (code := field.codes.by_value.get(field.codes.by_input.get(text))) and code.wire != text:
            rule = rules.CODES[field.codes.element]
            choices, way = field.codes.choices, f'write "{code.wire}"'
            fix = Fix("replace", value=code.wire)
            self.note(rule.fault(path, field=field, value=text, foreign=True, choices=choices, suggestion=way, fix=fix))

    def _again(self, element: xmlio.Element, path: str) -> None:
        self._repeated.setdefault(path, element)
        self.note(rules.REPEATED_ELEMENT.fault(path, foreign=True))

    def _unknown(self, element: xmlio.Element, path: str) -> None:
        self._elements.setdefault(path, element)
        self.note(rules.UNKNOWN_ELEMENT.fault(path, foreign=True))
