"""Safe reading of XML, and the verdict of an XSD 1.0 schema: the one place that imports lxml."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Final

from lxml import etree

from paytraq_direct import limits

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


# Blanks between elements are indentation, and a fifth of the time of parsing; the text of a leaf stays, blank or not.
_SAFE: Final = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_pis": True,
                "remove_comments": True, "remove_blank_text": True}  # fmt: skip
_held = threading.local()
# libxml2 takes texts of 10 MB; one that is longer is an attachment, and is read with its bounds off and ours on.
_TOO_LONG: Final = "Text node too long"
_MOST_DEPTH: Final = 256
_is_deeper: Final = etree.XPath(f"boolean({'/*' * (_MOST_DEPTH + 1)})")
_may_have_doctype = re.compile(rb"<\0*!\0*D").search
_is_plain = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\0\s]*<").match


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
    no DOCTYPE, no entities, and are bounded in depth and in the number of their tags. Raises XmlRefused.
    """
    if not own and len(data) > limits.TAGS and data.count(b"<") > limits.TAGS:
        raise XmlRefused(f"it has more than {limits.TAGS:,} tags")
    root = _parsed(data, "own" if own else "foreign")
    if not own and root.getroottree().docinfo.doctype:
        raise XmlRefused("it has a DOCTYPE, which no invoice needs")
    return root


def _parsed(data: bytes, kind: str) -> Element:
    try:
        root = etree.fromstring(data, _parser(kind))
    except etree.XMLSyntaxError as error:
        if kind == "foreign" and _TOO_LONG in (error.msg or "") and _is_plain(data) and not _may_have_doctype(data):
            return _parsed(data, "with attachments")
        line, column = error.position
        why = (error.msg or "it is empty").partition("\n")[0].partition(", line ")[0]
        raise XmlRefused(why[:1].lower() + why[1:], line or None, column or None) from None
    except (ValueError, LookupError) as error:
        raise XmlRefused(str(error)) from None
    if kind == "with attachments" and _is_deeper(root):
        raise XmlRefused(f"it is more than {_MOST_DEPTH} elements deep")
    return root


def _parser(kind: str) -> etree.XMLParser:
    """Give this thread's parser: lxml would make threads wait for one that they share."""
    parser: etree.XMLParser | None = getattr(_held, kind, None)
    if parser is None:
        parser = etree.XMLParser(huge_tree=kind != "foreign", **_SAFE)  # type: ignore[call-overload]
        setattr(_held, kind, parser)
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
