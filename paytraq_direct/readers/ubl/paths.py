"""Paths below an element, made ready so that one walk finds the elements of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.readers.ubl.tables import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paytraq_direct.xmlio import Element

    Spot = tuple[Element, str]
    """An element and its text, without the blanks around it."""
    Found = dict[str, list[Spot]]
    """The elements of each path, in document order; a path of which there is none is not in it."""

BLANKS: Final = " \t\r\n"


class Paths:
    """Some paths, ``cac:Item/cbc:Name``; an element counts that has a text, or other elements in it."""

    def __init__(self, paths: Iterable[str]) -> None:
        # By tag: the path that ends there, "" where none does, and what is looked for below.
        self._tree: dict[object, tuple[str, dict[object, Any]]] = {}
        for path in paths:
            self._add(path)

    def _add(self, path: str) -> None:
        tree = self._tree
        steps = path.split("/")
        for number, step in enumerate(steps, 1):
            prefix, _, name = step.partition(":")
            tag = f"{{{NAMESPACES[prefix]}}}{name}"
            ends, below = tree.get(tag, ("", {}))
            tree[tag] = (path if number == len(steps) else ends, below)
            tree = below

    def found(self, element: Element) -> Found:
        """Find them all; what none of them names is passed by, with all that is in it."""
        found: Found = {}
        _walk(element, self._tree, found)
        return found


def _walk(element: Element, tree: dict[object, tuple[str, dict[object, Any]]], found: Found) -> None:
    for child in element:
        entry = tree.get(child.tag)
        if entry is None:
            continue
        path, below = entry
        if path:
            text = child.text
            text = text.strip(BLANKS) if text else ""
            if text or len(child):
                spots = found.get(path)
                if spots is None:
                    found[path] = [(child, text)]
                else:
                    spots.append((child, text))
        if below:
            _walk(child, below, found)
