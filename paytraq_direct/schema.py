"""A document held against xsd/: the quick verdict, and the explanation that a person can read.

The verdict is lxml's over sale.xsd and runs for every document. The explanation is xmlschema's over
sale-1.1.xsd, assertions included; that library is loaded only when there is something to explain.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import fields, resources, rules, wording, xmlio
from paytraq_direct.document import render
from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.invoice import Invoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.errors import Fault

_MOST_CHOICES: Final = 12
_LONGEST_REASON: Final = 400
_REPORT_IT: Final = "the rules let it through: this is a defect of paytraq_direct, please report it"
_indexed = re.compile(r"\[([0-9]+)\]")


def prepare(invoice: Invoice) -> bytes:
    """Give the document of an invoice, held against the schema; nothing changes it afterwards.

    Raises InvalidInvoice. A finished document is given as it is: its reading told what is to be said about it.
    """
    if not isinstance(invoice, Invoice):
        raise TypeError(f"an Invoice is sent, not {wording.described(invoice)}: make one with Invoice(**fields)")
    if (packed := invoice.packed) is not None:
        return packed.document
    document = render(invoice)
    if invoice.document is None and (faults := verdict(document)):
        raise InvalidInvoice(faults)
    return document


def verdict(document: bytes) -> tuple[Fault, ...]:
    """Give what keeps a rendered document from fitting sale.xsd; empty when it fits.

    The rules have let its record through, so a fault here is this package's own; its line is not in the input.
    """
    root = xmlio.parse(document, own=True)
    if fits(root):
        return ()
    return tuple(replace(fault, line=None, suggestion=_REPORT_IT) for fault in explain(root))


def fits(root: xmlio.Element) -> bool:
    """Tell whether a document fits sale.xsd, by lxml."""
    return _sale().fits(root)


def explain(root: xmlio.Element, *, foreign: bool = False) -> tuple[Fault, ...]:
    """Give every fault of a document against sale-1.1.xsd, in document order; empty when there is none.

    A document that only lxml refuses still has a fault: a check that cannot be explained is no pass.
    """
    faults: dict[tuple[str, str], Fault] = {}
    paths = _Paths()
    for error in _sale_1_1().iter_errors(root):
        element = _about(error)
        path = record_path(paths.of(element))
        why = wording.raw(_why(error), _LONGEST_REASON)
        key = (path, why if _is_about_children(error) else "value")
        faults.setdefault(
            key,
            rules.SCHEMA.fault(path, why=why, foreign=foreign, line=None if element is None else element.sourceline),
        )
    if not faults and not fits(root):
        complaints = _sale().complaints(root)
        return tuple(rules.SCHEMA.fault("", why=why, foreign=foreign, line=line) for line, why in complaints)
    return tuple(sorted(faults.values(), key=lambda fault: fault.line or 0))


def load() -> None:
    """Load both schemas now rather than when a first document asks for them."""
    _sale_1_1()
    _sale()


def record_path(element_path: str) -> str:
    """Give the path in a record of an element's path; the element's own path where the record has no such field.

    ``/Sale/LineItems/LineItem[3]/Qty`` is ``line_items[2].qty``.
    """
    path = element_path.removeprefix("/Sale").removeprefix("/")
    indexes = [int(index) - 1 for index in _indexed.findall(path)]
    plain = _indexed.sub("", path)
    for row in fields.INVOICE:
        if plain == row.element and row.kind != "rows":
            return row.name
        if row.kind == "rows" and (plain == row.element or plain.startswith(f"{row.element}/")):
            rest = plain.removeprefix(row.element).removeprefix("/")
            item = f"{row.name}[{indexes[-1] if indexes else 0}]"
            named = next((column.name for column in row.rows if column.element == rest), rest)
            return f"{item}.{named}" if named else item
    return path


class _Paths:
    """The paths of elements: ``error.path`` would count all lines anew for each fault of a line."""

    def __init__(self) -> None:
        self._steps: dict[xmlio.Element, dict[xmlio.Element, str]] = {}

    def of(self, element: xmlio.Element | None) -> str:
        """Give ``/Sale/LineItems/LineItem[3]/Qty``, with an index where a name stands more than once."""
        if element is None:
            return ""
        parent = element.getparent()
        if parent is None:
            return f"/{element.tag!s}"
        if parent not in self._steps:
            self._steps[parent] = _steps(parent)
        return f"{self.of(parent)}/{self._steps[parent][element]}"


def _steps(parent: xmlio.Element) -> dict[xmlio.Element, str]:
    total, seen = Counter(child.tag for child in parent), Counter[object]()
    steps = {}
    for child in parent:
        seen[child.tag] += 1
        steps[child] = f"{child.tag!s}[{seen[child.tag]}]" if total[child.tag] > 1 else str(child.tag)
    return steps


@cache
def _sale() -> xmlio.Schema:
    return xmlio.Schema(resources.folder("xsd") / "sale.xsd")


@cache
def _sale_1_1() -> Any:
    """Load the schema with assertions: a third of a second, so only here."""
    from xmlschema import XMLSchema11  # noqa: PLC0415 - see above

    return XMLSchema11(str(resources.folder("xsd") / "sale-1.1.xsd"), allow="local")


def _is_about_children(error: Any) -> bool:
    from xmlschema import XMLSchemaChildrenValidationError  # noqa: PLC0415 - loaded with the schema, or not at all

    return isinstance(error, XMLSchemaChildrenValidationError)


def _about(error: Any) -> xmlio.Element | None:
    """Give the element that an error is about: the one that does not belong there, rather than the one around it."""
    child: xmlio.Element | None = error.invalid_child if _is_about_children(error) else None
    found: xmlio.Element | None = error.elem if child is None else child
    return found


def _why(error: Any) -> str:
    """Say what an error of xmlschema means: the schema's own documentation, where it has one."""
    if _is_about_children(error):
        return " ".join(_about_children(error))
    if type(error.validator).__name__ == "XsdAssert":
        return str(error.validator.annotation).rstrip(".")
    if isinstance(error.obj, str) and (text := _of_type(error)):
        return f"{wording.shown(error.obj)} is not allowed: {text}"
    reason = str(error.reason)
    return reason[:1].lower() + reason[1:].rstrip(".")


def _about_children(error: Any) -> Iterator[str]:
    expected = " or ".join(f"<{name}>" for particle in error.expected or () if (name := particle.name))
    if error.invalid_tag:
        yield f"<{error.invalid_tag}> does not belong here"
    else:
        yield "something is missing"
    if expected:
        yield f"where {expected} is expected"


def _of_type(error: Any) -> str:
    """Give the documentation of the simple type that refused a value, and its values when they are few."""
    kind = getattr(error.validator, "parent", None)
    text = str(getattr(kind, "annotation", None) or "").strip().rstrip(".")
    choices = getattr(kind, "enumeration", None) or ()
    if choices and len(choices) <= _MOST_CHOICES:
        return f"{text} ({', '.join(map(str, choices))})"
    return text
