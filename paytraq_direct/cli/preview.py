"""paytraq-check --preview: one invoice as a page that shows what the customer would see."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paytraq_direct import readers
from paytraq_direct.cli import batch, writing
from paytraq_direct.inbox import pages
from paytraq_direct.readers import sale, source
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct.cli.report import Report
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.result import Result

_SUFFIXES = frozenset({".html", ".htm"})


def write(
    target: str,
    files: tuple[str, ...],
    treat: Callable[[Invoice], Result],
    report: Report,
    *,
    strict: bool,
    **how: Any,
) -> int:
    """Check the one invoice of the one file, and write its preview if it has a document; give the exit code.

    A finished document is shown as it is, also when it has errors. Raises a usage error for anything but one invoice,
    and when the preview cannot be written.
    """
    if Path(target).suffix.lower() not in _SUFFIXES:
        raise click.UsageError("--preview writes a page: give it the name of a FILE that ends in .html")
    if len(files) != 1:
        raise click.UsageError(f"--preview shows one invoice, and {len(files)} files are named")
    (name,) = files
    data = _bytes_of(name)
    found = tuple(islice(readers.readings(name, io.BytesIO(data), readers.Options(**how)), 2))
    if len(found) > 1:
        raise click.UsageError(f"--preview shows one invoice, and {raw(name)} holds several")
    (reading,) = found
    code = batch.check(iter(found), treat, report, strict=strict)
    document = treat(reading.invoice).document if reading.invoice is not None else _finished(name, data)
    if document is None:
        click.echo("no preview: an invoice with errors has no document to show", err=True)
        return code
    # What is shown as it came was read already, in whatever form it is.
    faults = reading.faults if document == data else sale.read(name, document, arithmetic=how["arithmetic"]).faults
    try:
        writing.whole(Path(target).resolve(), pages.preview(document, raw(Path(name).name), faults))
    except OSError as error:
        raise click.UsageError(f"{raw(target)} is not written: {(error.strerror or 'it cannot be').lower()}") from None
    click.echo(f"preview    {raw(target, longest=4096)}", err=True)
    return code


def _bytes_of(name: str) -> bytes:
    stream = source.opened(name)
    try:
        return source.whole(stream)
    finally:
        if name != source.STDIN:
            stream.close()


def _finished(name: str, data: bytes) -> bytes | None:
    """Give the document of a file that holds one, faulty as it may be; None of a file that holds a record."""
    kind = source.kind_of_name(name) or source.kind_of_start(data.partition(b"\n")[0])
    return data if kind == "xml" else None
