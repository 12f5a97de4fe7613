"""A UBL document while it is read: what was found and taken of it, what the comment keeps, where each value stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.readers.ubl import tables
from paytraq_direct.readers.ubl.paths import BLANKS, Paths

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.readers.ubl.paths import Found, Spot
    from paytraq_direct.rules import Rule
    from paytraq_direct.xmlio import Element

_PREFIXES: Final = {uri: prefix for prefix, uri in tables.NAMESPACES.items()}
# xs:decimal may have a plus, leave out a zero before the point or the digits after it, and have any number of zeros.
_is_decimal = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?").fullmatch
_DECIMALS: Final = 10
_SHORT: Final = len("0.") + _DECIMALS
_HEAD: Final = Paths((*tables.HEAD_PATHS, *tables.LINES))
_LINE: Final = Paths(tables.LINE_PATHS)


class Source:
    """The elements of one document, and which of them found a place in the record.

    ``head`` and each of ``lines`` is what was found there by path. ``taken`` holds the elements that a field carries,
    ``noted`` those that the comment keeps in words, and ``currency`` is that of the record.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        self.head = _HEAD.found(root)
        self.lines: list[tuple[Element, Found]] = [
            (element, _LINE.found(element)) for path in tables.LINES for element, _ in self.head.get(path, ())
        ]
        self.taken: set[Element] = set()
        self.noted: set[Element] = set()
        self.currency: str | None = None
        self.faults: list[tuple[Fault, Element]] = []
        self._places: dict[str, Element] = {"": root}
        self._places_below: dict[str, dict[str, Element]] = {}

    def take(self, field: str, spot: Spot) -> str:
        """Give the text of an element that a field carries from now on."""
        element, text = spot
        self.taken.add(element)
        self._places.setdefault(field, element)
        return text

    def stands(self, field: str, element: Element) -> None:
        """Note where faults of a field are shown."""
        self._places.setdefault(field, element)

    def stand_below(self, path: str, places: dict[str, Element]) -> None:
        """Note where the faults of a line are shown, by field; "" is the line itself."""
        self._places_below[path] = places

    def fault(self, rule: Rule, element: Element, path: str, **words: Any) -> None:
        """Note a broken rule at an element."""
        self.faults.append((rule.fault(path, **words), element))

    def element_of(self, path: str) -> Element:
        """Give the element that a field was taken from, or the nearest one around it."""
        row, _, field = path.partition(".")
        if row in self._places_below:
            places = self._places_below[row]
            return places.get(field, places[""])
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
            steps.append(f"{prefixed(str(at.tag))}{number}")
            at = above
        return "/" + "/".join([str(at.tag).rpartition("}")[2], *reversed(steps)])


def first(found: Found, paths: tuple[str, ...]) -> Spot | None:
    """Give the first element of the first of these paths that has one."""
    for path in paths:
        if path in found:
            return found[path][0]
    return None


def text_of(found: Found, path: str) -> str:
    """Give the text of the first element of a path, "" where there is none; it is not taken by that."""
    return found[path][0][1] if path in found else ""


def prefixed(tag: str) -> str:
    """Give a tag with the usual prefix in place of its namespace."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES[namespace]}:{name}" if namespace in _PREFIXES else name


def decimal(text: str) -> str:
    """Give the decimal of XML Schema that a text spells as an amount: no plus, no zeros past the tenth."""
    if len(text) <= _SHORT and text.isascii() and text.replace(".", "", 1).isdigit() and text[0] != "." != text[-1]:
        return text
    plain = text.strip(BLANKS)
    match = _is_decimal(plain)
    if not match or not (match[2] or match[3]):
        return plain
    whole, part = match[2] or "0", match[3] or ""
    while len(part) > _DECIMALS and part.endswith("0"):
        part = part[:-1]
    return f"{match[1].replace('+', '')}{whole}{'.' if part else ''}{part}"
