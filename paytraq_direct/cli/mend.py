"""paytraq-check --fix and --fill: the mended file as a diff, or written in place of the old one."""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paytraq_direct import mending
from paytraq_direct.cli import writing
from paytraq_direct.cli.command import wants_colour
from paytraq_direct.readers import json, source
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def mended(name: str, *, fix: bool, fill: bool, ignore_unknown: bool) -> tuple[bytes, bytes]:
    """Give the bytes of a file, and its bytes mended; raises OSError when it cannot be read."""
    stream = source.opened(name)
    try:
        data = stream.read()
    finally:
        if name != source.STDIN:
            stream.close()
    options = json.Options(ignore_unknown=ignore_unknown)
    return data, mending.mended(name, data, options, fix=fix, fill=fill)


def show(name: str, before: bytes, after: bytes) -> None:
    """Show on standard output what is mended, as a diff that `patch` takes."""
    for line in diff(name, before, after):
        colour = _COLOURS.get(line[0]) if wants_colour(sys.stdout) else None
        text = line.removesuffix("\n")
        click.echo(click.style(text, fg=colour) if colour else text)


def diff(name: str, before: bytes, after: bytes) -> Iterator[str]:
    """Give the lines of a unified diff; a last line without an end says so."""
    old, new = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (before, after))
    for line in unified_diff(old, new, fromfile=name, tofile=f"{name} (mended)"):
        yield line
        if not line.endswith("\n"):
            yield "\\ No newline at end of file\n"


def write(name: str, data: bytes) -> None:
    """Write a file in place of the old one, whole or not at all; raises OSError, and the old one stays."""
    writing.whole(Path(name).resolve(), data)
    click.echo(f"mended     {raw(name, longest=4096)}", err=True)
