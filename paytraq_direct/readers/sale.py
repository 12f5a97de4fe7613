"""A ``<Sale>`` document to a reading: the record it spells, beside the bytes as they are."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Union

from paytraq_direct import fields, limits, rules, schema, wording, xmlio
from paytraq_direct.invoice import take
from paytraq_direct.readers.reading import Reading

if TYPE_CHECKING:
    from paytraq_direct.codes import Operation
    from paytraq_direct.errors import Fault
    from paytraq_direct.fields import Field

_Tree = dict[str, Union["_Tree", fields.Field]]
_BOOLEANS: Final[dict[str, object]] = {"true": True, "false": False}
_LONGEST_REASON: Final = 300
_XML_BLANKS: Final = " \t\r\n"
# XML Schema reads numbers, dates and booleans without the blanks around them; texts and codes keep theirs.
_COLLAPSED: Final = frozenset({"date", "amount", "percent", "days", "boolean"})
_FOREIGN_ROOTS: Final = {
    "Invoice": "; this looks like UBL, which is not read",
    "CreditNote": "; this looks like UBL, which is not read",
}


def read(name: str, data: bytes, *, operation: Operation | None = None) -> Reading:
    """Read a finished document. It is sent as it is, so what rests on our own contract alone only warns.

    An empty element is an absent value. Codes are the wire's own: 1, not due_days.
    """
    if len(data) > limits.DOCUMENT_BYTES:
        return Reading(name, None, (rules.DOCUMENT_TOO_LARGE.fault("", size=f"{len(data):,}"),))
    try:
        root = xmlio.parse(data)
    except xmlio.XmlRefused as refused:
        why = wording.raw(refused.why, _LONGEST_REASON)
        return Reading(name, None, (rules.NOT_XML.fault("", why=why, line=refused.line, column=refused.column),))
    if root.tag != "Sale":
        return Reading(name, None, (_not_a_sale(root),))
    elements = _Elements(root)
    record = elements.record(root, fields.INVOICE)
    if operation and record.get("operation") is None:
        elements.note(rules.FINISHED_DOCUMENT.fault("operation"))
    invoice, faults = take(record, foreign=True)
    found = [*elements.faults, *(elements.placed(fault) for fault in faults)]
    if not schema.fits(root):
        said = {fault.path for fault in found}
        found += [fault for fault in schema.explain(root, foreign=True) if fault.path not in said]
    found.sort(key=elements.order_of)
    if invoice is None or any(fault.is_error for fault in found):
        return Reading(name, None, tuple(found))
    object.__setattr__(invoice, "document", data)  # the record is new, and nobody has seen it yet
    return Reading(name, invoice, tuple(found))


def _not_a_sale(root: xmlio.Element) -> Fault:
    namespace, _, tag = str(root.tag).rpartition("}")
    hint = _FOREIGN_ROOTS.get(tag, "")
    if tag == "Sale":
        hint = f", without the namespace {wording.raw(namespace.removeprefix('{'))}"
    return rules.NOT_A_SALE.fault("", root=f"<{wording.raw(tag)}>", hint=hint, line=root.sourceline)


class _Elements:
    """The elements of one document: where each field stands, and what no field takes up."""

    def __init__(self, root: xmlio.Element) -> None:
        self.faults: list[Fault] = []
        self._lines: dict[str, int | None] = {"": root.sourceline}
        self._order: dict[str, int] | None = None

    def note(self, fault: Fault) -> None:
        """Note a fault about the elements themselves."""
        self.faults.append(self.placed(fault))

    def placed(self, fault: Fault) -> Fault:
        """Give a fault with the line of its element, or of the nearest one around it."""
        return fault if fault.line else replace(fault, line=self._lines.get(self._known(fault.path)))

    def order_of(self, fault: Fault) -> tuple[int, int]:
        """Tell where a placed fault stands: by its line, and within a line by the order of the elements."""
        if self._order is None:
            self._order = {path: index for index, path in enumerate(self._lines)}
        return fault.line or 0, self._order[self._known(fault.path)]

    def _known(self, path: str) -> str:
        while path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("/"), 0)]
        return path

    def record(self, element: xmlio.Element, table: tuple[Field, ...]) -> dict[str, Any]:
        """Give the record that an element holds, each value as the text it has."""
        record: dict[str, Any] = {}
        self._walk(element, _tree(table), record, "", "")
        return record

    def _walk(self, element: xmlio.Element, tree: _Tree, record: dict[str, Any], prefix: str, above: str) -> None:
        for name in element.attrib:
            self._unknown(element, f"{above}@{wording.raw(str(name))}")
        seen = set()
        for child in element:
            tag = str(child.tag)
            below = tree.get(tag)
            here = f"{above}{wording.raw(tag)}"
            if below is None:
                self._lines.setdefault(here, child.sourceline)
                self._unknown(child, here)
            elif isinstance(below, dict):
                self._lines.setdefault(here, child.sourceline)
                if tag in seen:
                    self.faults.append(rules.REPEATED_ELEMENT.fault(here, foreign=True, line=child.sourceline))
                self._walk(child, below, record, prefix, f"{here}/")
            elif below.kind == "rows":
                rows = record.setdefault(below.name, [])
                item: dict[str, Any] = {}
                path = f"{prefix}{below.name}[{len(rows)}]"
                self._lines[path] = child.sourceline
                self._walk(child, _tree(below.rows), item, f"{path}.", f"{path}/")
                rows.append(item)
            else:
                self._leaf(child, below, record, prefix + below.name)
            seen.add(tag)

    def _leaf(self, element: xmlio.Element, field: Field, record: dict[str, Any], path: str) -> None:
        for name in (*element.attrib, *(child.tag for child in element)):
            self._unknown(element, f"{path}/{wording.raw(str(name))}")
        if field.name in record:
            self.faults.append(rules.REPEATED_ELEMENT.fault(path, foreign=True, line=element.sourceline))
            return
        self._lines[path] = element.sourceline
        text = element.text or ""
        if field.kind in _COLLAPSED:
            text = text.strip(_XML_BLANKS)
        if not text.strip():
            return
        record[field.name] = _BOOLEANS.get(text, text) if field.kind == "boolean" else text
        if field.codes and (code := field.codes.by_value.get(field.codes.by_input.get(text))) and code.wire != text:
            rule = rules.CODES[field.codes.element]
            choices, way = field.codes.choices, f"write {code.wire}"
            self.note(rule.fault(path, field=field, value=text, foreign=True, choices=choices, suggestion=way))

    def _unknown(self, element: xmlio.Element, path: str) -> None:
        self.faults.append(rules.UNKNOWN_ELEMENT.fault(path, foreign=True, line=element.sourceline))


@cache
def _tree(table: tuple[Field, ...]) -> _Tree:
    """Give a table of fields as the tree of its elements."""
    tree: _Tree = {}
    for field in table:
        *folders, leaf = field.element.split("/")
        branch: Any = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
        branch[leaf] = field
    return tree
