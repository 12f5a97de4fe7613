"""paytraq-check --links: the invoices of files, with what their links lead to."""

from __future__ import annotations

import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from paytraq_direct import limits, readers
from paytraq_direct import links as links_
from paytraq_direct.cli.reading import read
from paytraq_direct.errors import ChannelError
from paytraq_direct.readers import source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.links import Links
    from paytraq_direct.readers import Reading


def visitor(*, deadline_s: float, allow_private: bool, ca_bundle: str | None) -> Links:
    """Give who visits the links; raises a usage error when an option cannot be used."""
    try:
        if allow_private:
            return links_.Links(deadline_s=deadline_s, ca_bundle=ca_bundle, is_allowed=lambda _: True)
        return links_.Links(deadline_s=deadline_s, ca_bundle=ca_bundle)
    except ChannelError as error:
        raise click.UsageError(str(error)) from None


def readings(files: tuple[str, ...], links: Links, how: dict[str, Any]) -> Iterator[Reading]:
    """Read the files twice: for their links, all of which are visited, several at a time; then for their faults."""
    with tempfile.SpooledTemporaryFile(limits.INPUT_BYTES) as kept:
        if source.STDIN in files:
            shutil.copyfileobj(sys.stdin.buffer, kept)  # it can be read once only
        stdin = cast("BinaryIO", kept)
        links.visit(
            link
            for one in _read(files, stdin, {**how, "also": readers.nothing_else})
            if one.invoice
            for link in links_.of(one.invoice)
        )
        yield from _read(files, stdin, {**how, "also": links.faults})


def _read(files: tuple[str, ...], stdin: BinaryIO, how: dict[str, Any]) -> Iterator[Reading]:
    for name in files:
        if name == source.STDIN:
            stdin.seek(0)
            yield from readers.readings(name, stdin, readers.Options(**how))
        else:
            yield from read((name,), lambda _: None, **how)
