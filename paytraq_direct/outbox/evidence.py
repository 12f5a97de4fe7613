"""The proof of a delivery as one file: what was sent, every attempt with its answer, and sums to check them by."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import zipfile
from html import escape
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.outbox import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from paytraq_direct.outbox.ledger import Delivery
    from paytraq_direct.outbox.outbox import Outbox

_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse;width:100%}}
td,th{{border-bottom:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top;word-break:break-word}}</style>
<h1>{title}</h1><p>{state}</p>
<h2>The document</h2><table>{facts}</table>
<h2>Attempts</h2>
<table><tr><th>began</th><th>ended</th><th>outcome</th><th>status</th><th>what it means</th></tr>{attempts}</table>
{resolutions}<h2>Files</h2><table><tr><th>file</th><th>SHA-256</th></tr>{sums}</table>
<p>{kept}; record.json what was read; attempts.json every answer.</p></html>
"""
_KEPT: Final = "{} holds the very bytes that were posted"
_NOT_KEPT: Final = (
    "The bytes that were posted are not kept: record.json has their size and SHA-256, to hold a copy against"
)
_STATES: Final = {
    "delivered": "Delivered: the document is in the Purchase Inbox. Whether it is booked, the customer decides.",
    "in_doubt": "In doubt: the document may have arrived; no clear answer came.",
    "rejected": "Rejected: a complete answer refused the document.",
    "deferred": "Deferred: the document was surely not taken.",
    "pending": "Pending: the document was not sent yet.",
    "sending": "Being sent.",
    "superseded": "Superseded by other content.",
}


def write(outbox: Outbox, delivery: Delivery, target: Path) -> None:
    """Write the evidence of a delivery as a new .zip file; raises OSError when it cannot be written."""
    attempts = [attempt._asdict() for attempt in outbox.attempts(delivery.id)]
    for attempt in attempts:
        attempt["body"] = attempt["body"].decode(errors="replace")
    resolutions = [resolution._asdict() for resolution in outbox.resolutions(delivery.id)]
    name = elsewhere.document_of(delivery)
    files: dict[str, bytes] = {
        **({} if name is None else {name: outbox.document(delivery.id)}),
        "record.json": _json(json.loads(outbox.record(delivery.id))),
        "delivery.json": _json({**delivery._asdict(), "resolutions": resolutions}),
        "attempts.json": _json(attempts),
    }
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files["index.html"] = _page(delivery, attempts, resolutions, sums).encode()
    sums["index.html"] = hashlib.sha256(files["index.html"]).hexdigest()
    files["SHA256SUMS"] = "".join(f"{value}  {name}\n" for name, value in sums.items()).encode()
    with _made(target) as place, zipfile.ZipFile(place, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@contextlib.contextmanager
def _made(target: Path) -> Iterator[Path]:
    """Give a place beside a file that is to be made; what is written there takes its name once it is whole.

    Raises FileExistsError when there is such a file, also one that came meanwhile.
    """
    if target.exists():
        raise FileExistsError
    place = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield place
        # Taken first and replaced then, since a hard link, which does both at once, is not to be had on every disk.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        place.replace(target)
    finally:
        place.unlink(missing_ok=True)


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def _page(
    delivery: Delivery, attempts: list[dict[str, Any]], resolutions: list[dict[str, Any]], sums: dict[str, str]
) -> str:
    facts = {
        "number": delivery.document_ref,
        "channel": delivery.masked,
        "read": f"{delivery.read_at} from {delivery.origin or 'a program'}",
        "SHA-256": delivery.sha256,
    }
    told = "".join(
        f"<p>Resolved {escape(found['resolved_at'])} by {escape(found['who'])} as "
        f"{'received' if found['is_received'] else 'not received'}: {escape(found['note'])}</p>"
        for found in resolutions
    )
    other, name = elsewhere.other_of(delivery), elsewhere.document_of(delivery)
    return _PAGE.format(
        title=escape(f"Delivery of {delivery.document_ref}"),
        state=escape((other.states if other else _STATES)[delivery.state]),
        kept=_NOT_KEPT if name is None else _KEPT.format(name),
        facts=_rows(facts.items()),
        attempts=_rows([a["began_at"], a["ended_at"], a["outcome"], a["status"], a["message"]] for a in attempts),
        resolutions=told,
        sums=_rows(sums.items()),
    )


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)


def _cell(value: object) -> str:
    return f"<td>{'' if value is None else escape(str(value))}</td>"
