"""The pages of the inbox, and the preview of a document: HTML as bytes, from templates/inbox."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Protocol

from paytraq_direct import __version__, resources, templating, wording
from paytraq_direct.inbox import text
from paytraq_direct.inbox.view import View, view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from paytraq_direct.errors import Fault

# What a browser still shows in a moment; the XML itself has the rest.
_MOST_ROWS: Final = 1_000
_MOST_LINES: Final = 3_000
_MOST_SOURCE: Final = 300_000
_MOST_TEXT: Final = 20_000
_TYPES: Final = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
_KINDS: Final = {"sale": "Sale", "ubl": "UBL", "other": "no Sale"}


class Arrived(Protocol):
    """What the pages show of a document that arrived."""

    @property
    def number(self) -> int:
        """Which one it is, from 1."""

    @property
    def received_at(self) -> datetime:
        """When it was received, in UTC."""

    @property
    def document(self) -> bytes:
        """Its bytes."""

    @property
    def kind(self) -> str:
        """What it is: ``sale``, ``ubl`` or ``other``."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong with it."""

    @property
    def answer(self) -> str:
        """What was answered: a status such as ``200``, or in words what happened instead of one."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hex."""

    @property
    def document_ref(self) -> str | None:
        """Its number."""

    @property
    def supplier_name(self) -> str | None:
        """Who sent it."""

    @property
    def client_name(self) -> str | None:
        """Whom it is for."""

    @property
    def total(self) -> str | None:
        """Its gross amount with the currency: ``121.00 EUR``."""

    @property
    def duplicates(self) -> tuple[int, ...]:
        """The numbers of earlier arrivals with the same supplier, kind and document number."""


def list_page(arrivals: Sequence[Arrived], channel_note: str, *, older: int | None = None) -> bytes:
    """Give the page ``/``: what arrived, newest first. ``channel_note`` is shown above it, as text.

    ``older`` is the number before which there is more, which a link leads to then.
    """
    return _page("list.html.j2", arrivals=_newest_first(arrivals), channel_note=channel_note, older=older)


def rows(arrivals: Sequence[Arrived]) -> bytes:
    """Give ``/rows``: the rows of the list's table, which its script puts in place of those that were there."""
    return _page("rows.html.j2", arrivals=_newest_first(arrivals))


def document_page(arrival: Arrived, *, newest: int = 0) -> bytes:
    """Give the page ``/documents/N``; ``newest`` is the number of the newest arrival, beyond which nothing is next."""
    view = view_of(arrival.document, arrival.faults)
    return _page("document.html.j2", arrival=arrival, newest=newest, **_of_view(view))


def preview(document: bytes, name: str, faults: tuple[Fault, ...] = ()) -> bytes:
    """Give one file that shows a document and needs nothing beside it; ``name`` is where it came from."""
    css = (resources.folder("templates") / "inbox" / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    view = view_of(document, faults)
    return _page(
        "preview.html.j2",
        css=css,
        css_digest=digest,
        name=name,
        sha256=hashlib.sha256(document).hexdigest(),
        **_of_view(view),
    )


def asset(name: str) -> tuple[bytes, str] | None:
    """Give the bytes and the content type of ``style.css`` or ``live.js``; None for any other name."""
    if name not in _TYPES:
        return None
    return (resources.folder("templates") / "inbox" / name).read_bytes(), _TYPES[name]


def _newest_first(arrivals: Iterable[Arrived]) -> list[Arrived]:
    return sorted(arrivals, key=lambda arrival: arrival.number, reverse=True)


def _page(template: str, **values: Any) -> bytes:
    shared = {
        "version": __version__,
        "kinds": _KINDS,
        "most_rows": _MOST_ROWS,
        "seen": _seen,
        "cut": _cut,
        "tally": _tally,
        "short_sum": wording.short_sum,
        "moment": _moment,
        "iso": _iso,
        "answer_class": _answer_class,
    }
    return templating.page(template, shared | values).encode()


def _of_view(view: View) -> dict[str, Any]:
    shown = view.text[:_MOST_SOURCE]
    lines = text.lines(shown, view.remarks)[:_MOST_LINES]
    is_cut = len(shown) < len(view.text) or len(lines) < view.text.count("\n")
    return {"view": view, "lines": lines, "is_cut": is_cut}


def _seen(value: str) -> list[text.Piece]:
    return text.seen(value[:_MOST_TEXT])


def _cut(value: str) -> int:
    """Give how many characters of a value are not shown."""
    return max(0, len(value) - _MOST_TEXT)


def _tally(faults: Iterable[Fault]) -> list[tuple[str, str]]:
    """Count errors and warnings, each in words; nothing where there are none."""
    severities = [fault.severity for fault in faults]
    numbers = ((severities.count(severity), severity) for severity in ("error", "warning"))
    return [(name, wording.counted(number, name)) for number, name in numbers if number]


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer_class(answer: str) -> str:
    """Tell how an answer is coloured: taken, refused, or something that leaves the sender in doubt."""
    if answer == "200":
        return "good"
    return "error" if answer[:1] in {"3", "4", "5"} else "warning"
