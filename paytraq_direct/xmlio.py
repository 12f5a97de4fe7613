"""Safe reading of XML, and the verdict of an XSD 1.0 schema: the one place that imports lxml."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from pathlib import Path

Element = etree._Element  # noqa: SLF001 - lxml has no public name for the type of an element


class XmlRefused(Exception):
    """Bytes that are not XML, or not XML that is safe to take."""

    def __init__(self, why: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column


_SAFE: Final = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_pis": True,
                "remove_comments": True}  # fmt: skip
_held = threading.local()


class _Loading:
    """Lets one thread at a time load a schema; a child that was forked in the middle of it begins anew."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.Lock()


_loading: Final = _Loading()


def parse(data: bytes, *, own: bool = False) -> Element:
    """Give the root element of a document.

    ``own`` marks bytes that this package rendered, whose only bound is the size of a document. Others may hold
    no DOCTYPE, no entities, and are bounded in depth and in the size of a text by libxml2. Raises XmlRefused.
    """
    try:
        root = etree.fromstring(data, _parser(own=own))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        why = (error.msg or "it is empty").partition("\n")[0].partition(", line ")[0]
        raise XmlRefused(why[:1].lower() + why[1:], line or None, column or None) from None
    except (ValueError, LookupError) as error:
        raise XmlRefused(str(error)) from None
    if not own and root.getroottree().docinfo.doctype:
        raise XmlRefused("it has a DOCTYPE, which no invoice needs")
    return root


def _parser(*, own: bool) -> etree.XMLParser:
    """Give this thread's parser: lxml would make threads wait for one that they share."""
    name = "own" if own else "foreign"
    parser: etree.XMLParser | None = getattr(_held, name, None)
    if parser is None:
        # No text of ours is blank, so what is blank is indentation: a sixth of the time of parsing.
        parser = etree.XMLParser(huge_tree=own, remove_blank_text=own, **_SAFE)  # type: ignore[call-overload]
        setattr(_held, name, parser)
    return parser


class Schema:
    """An XSD 1.0 schema, loaded once in each thread that asks it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = threading.local()

    def fits(self, root: Element) -> bool:
        """Tell whether a document fits."""
        return bool(self._loaded().validate(root))

    def complaints(self, root: Element) -> list[tuple[int, str]]:
        """List what the schema says against a document: line and message."""
        schema = self._loaded()
        schema.validate(root)
        return [(entry.line, entry.message) for entry in schema.error_log]

    def _loaded(self) -> etree.XMLSchema:
        schema: etree.XMLSchema | None = getattr(self._held, "schema", None)
        if schema is None:
            # libxml2 makes its table of built-in types with the first schema, and not for two threads at a time.
            with _loading.lock:
                schema = self._held.schema = etree.XMLSchema(etree.parse(str(self.path)))
        return schema
