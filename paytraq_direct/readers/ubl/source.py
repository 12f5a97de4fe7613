"""A UBL document while it is read: what was taken of it, what the comment keeps, and where each value stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.readers.ubl.tables import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.errors import Fault
    from paytraq_direct.rules import Rule
    from paytraq_direct.xmlio import Element

_BLANKS: Final = " \t\r\n"
_PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}
# xs:decimal may have a plus, leave out a zero before the point or the digits after it, and have any number of zeros.
_is_decimal = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?").fullmatch
_DECIMALS: Final = 10


class Source:
    """The elements of one document, and which of them found a place in the record.

    ``taken`` holds the elements that a field carries, ``noted`` those that the comment keeps in words.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        self.taken: set[Element] = set()
        self.noted: set[Element] = set()
        self.faults: list[tuple[Fault, Element]] = []
        self._places: dict[str, Element] = {"": root}

    def all(self, path: str, within: Element | None = None) -> Iterator[Element]:
        """Give the elements of a path that have a text, or other elements in them."""
        for element in (self.root if within is None else within).iterfind(path, NAMESPACES):
            if len(element) or (element.text or "").strip():
                yield element

    def first(self, paths: tuple[str, ...], within: Element | None = None) -> Element | None:
        """Give the first element of the first of these paths that has one."""
        return next((element for path in paths for element in self.all(path, within)), None)

    def text(self, path: str, within: Element | None = None) -> str:
        """Give the text of an element without the blanks around it, "" where there is none; it is not taken by that."""
        element = self.first((path,), within)
        return "" if element is None else (element.text or "").strip()

    def take(self, field: str, element: Element) -> str:
        """Give the text of an element that a field carries from now on."""
        self.taken.add(element)
        self._places.setdefault(field, element)
        return element.text or ""

    def stands(self, field: str, element: Element) -> None:
        """Note where faults of a field are shown."""
        self._places.setdefault(field, element)

    def fault(self, rule: Rule, element: Element, path: str, **words: Any) -> None:
        """Note a broken rule at an element."""
        self.faults.append((rule.fault(path, **words), element))

    def element_of(self, path: str) -> Element:
        """Give the element that a field was taken from, or the nearest one around it."""
        while path not in self._places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._places[path]

    def place_of(self, element: Element) -> str:
        """Give the path of an element with the usual prefixes, numbered where there are several alike."""
        steps = []
        at = element
        while (above := at.getparent()) is not None:
            alike = [one for one in above if one.tag == at.tag]
            number = f"[{alike.index(at) + 1}]" if len(alike) > 1 else ""
            steps.append(f"{_prefixed(str(at.tag))}{number}")
            at = above
        return "/" + "/".join([str(at.tag).rpartition("}")[2], *reversed(steps)])


def _prefixed(tag: str) -> str:
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[namespace]}:{name}" if namespace in _PREFIXES else name


def decimal(text: str) -> str:
    """Give the decimal of XML Schema that a text spells as an amount: no plus, no zeros past the tenth."""
    plain = text.strip(_BLANKS)
    match = _is_decimal(plain)
    if not match or not (match[2] or match[3]):
        return plain
    whole, part = match[2] or "0", match[3] or ""
    while len(part) > _DECIMALS and part.endswith("0"):
        part = part[:-1]
    return f"{match[1].replace('+', '')}{whole}{'.' if part else ''}{part}"
