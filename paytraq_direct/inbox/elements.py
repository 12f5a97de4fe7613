"""What stands in a ``<Sale>`` document, element by element: every value of it, known to the table of fields or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paytraq_direct import fields
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paytraq_direct.xmlio import Element

_COLLAPSED: Final = frozenset({"date", "amount", "percent", "days", "boolean"})
_BLANKS: Final = " \t\r\n"


class Elements:
    """The values of a document by the paths that faults have, as texts.

    ``texts`` are those of fields (``line_items[2].qty``), ``rows`` tells how many there are of each kind of row,
    ``others`` are the paths and texts of all that no field takes up: unknown and repeated elements, attributes, and
    text between elements.
    """

    def __init__(self, root: Element) -> None:
        self.texts: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        self.others: list[tuple[str, str]] = []
        self._walk(root, fields.tree(fields.INVOICE), "", "")

    def _walk(self, element: Element, tree: Mapping[str, object], prefix: str, above: str) -> None:
        self._note_besides(element, above)
        for child in element:
            tag = str(child.tag)
            below = tree.get(tag)
            if isinstance(below, dict):
                self._walk(child, below, prefix, f"{above}{tag}/")
            elif not isinstance(below, fields.Field):
                self._note_unknown(child, f"{above}{raw(tag)}")
            elif below.kind == "rows":
                number = self.rows.get(below.name, 0)
                self.rows[below.name] = number + 1
                path = f"{prefix}{below.name}[{number}]"
                self._walk(child, fields.tree(below.rows), f"{path}.", f"{path}/")
            else:
                self._note_value(child, below, prefix + below.name)

    def _note_value(self, element: Element, field: fields.Field, path: str) -> None:
        for name, value in element.attrib.items():
            self.others.append((f"{path}/@{raw(str(name))}", str(value)))
        for child in element:
            self._note_unknown(child, f"{path}/{raw(str(child.tag))}")
            self._note_loose(path, child.tail)
        text = element.text or ""
        if field.kind in _COLLAPSED:
            text = text.strip(_BLANKS)
        if path in self.texts:
            self.others.append((path, text))
        else:
            self.texts[path] = text

    def _note_unknown(self, element: Element, path: str) -> None:
        """Note an unknown element and all that is in it; what in it only holds others is told by them."""
        paths = {element: path}
        for one in element.iter():
            around = one.getparent()
            if one is not element and around is not None:
                paths[one] = f"{paths[around]}/{raw(str(one.tag))}"
                self._note_loose(paths[around], one.tail)
            here = paths[one]
            if one is element or (one.text or "").strip() or not len(one):
                self.others.append((here, (one.text or "").strip(_BLANKS)))
            for name, value in one.attrib.items():
                self.others.append((f"{here}/@{raw(str(name))}", str(value)))

    def _note_besides(self, element: Element, above: str) -> None:
        """Note the attributes of an element that holds others, and the text between those."""
        for name, value in element.attrib.items():
            self.others.append((f"{above}@{raw(str(name))}", str(value)))
        for text in (element.text, *(child.tail for child in element)):
            self._note_loose(above.rstrip("/"), text)

    def _note_loose(self, path: str, text: str | None) -> None:
        if text and text.strip():
            self.others.append((f"{path or 'Sale'}, between elements", text.strip(_BLANKS)))
