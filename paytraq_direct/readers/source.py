"""Files and standard input as bounded streams of bytes, and what kind of input they hold."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, Literal, cast

from paytraq_direct import limits
from paytraq_direct.jsontext import UTF8_BOM

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

Kind = Literal["json", "jsonl", "xml"]

STDIN: Final = "-"
# A tag, UTF-16, and a PDF, which the reader of XML names for what it is.
_NOT_JSON: Final = (b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"%PDF-")
LINE_LIMIT: Final = limits.INPUT_BYTES + 1
_KINDS: Final[dict[str, Kind]] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "xml"}
_NOT_BLOCKING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def opened(name: str) -> BinaryIO:
    """Open a regular file of a kind that is read, or standard input; raises OSError that says why not."""
    if name == STDIN:
        return sys.stdin.buffer
    stream = regular(name)
    if kind_of_name(name) is None:
        stream.close()
        why = "its name ends in neither .json, .jsonl nor .xml, which says how it is read"
        raise OSError(errno.EINVAL, why, name)
    return stream


def regular(name: str) -> BinaryIO:
    """Open a regular file; raises OSError that says why not."""
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever, before it could be refused.
    try:
        descriptor = os.open(name, os.O_RDONLY | _NOT_BLOCKING)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name", name) from None
    mode = os.fstat(descriptor).st_mode
    why = None
    if stat.S_ISDIR(mode):
        why = "it is a folder: name the files in it"
    elif not stat.S_ISREG(mode):
        why = "it is not a regular file: pass it on standard input and name it -"
    if why:
        os.close(descriptor)
        raise OSError(errno.EINVAL, why, name)
    return os.fdopen(descriptor, "rb")


def size(name: str) -> int:
    """Give the bytes of a file; 0 when they cannot be told."""
    try:
        return Path(name).stat().st_size
    except (OSError, ValueError):
        return 0


def kind_of_name(name: str) -> Kind | None:
    """Tell what a file holds by its name; None when the name does not say."""
    return None if name == STDIN else _KINDS.get(PurePath(name).suffix.lower())


def kind_of(name: str, stream: BinaryIO) -> tuple[Kind, BinaryIO]:
    """Tell what a stream holds, by its name or else by its first line that is not blank, and give it from its start."""
    kind = kind_of_name(name)
    if kind is not None:
        return kind, stream
    start = line = stream.readline(LINE_LIMIT)
    while line and not line.strip() and len(start) < LINE_LIMIT:
        line = stream.readline(LINE_LIMIT)
        start += line
    return kind_of_start(line), resumed(start, stream)


def kind_of_start(line: bytes) -> Kind:
    """Tell what a stream holds by its first line: a whole object on that line makes it one invoice a line."""
    start = line.removeprefix(UTF8_BOM).strip()
    if start.startswith(_NOT_JSON):
        return "xml"
    return "jsonl" if start.startswith(b"{") and start.endswith(b"}") else "json"


def whole(stream: BinaryIO) -> bytes:
    """Read a stream to its end, or to one byte more than an input may have, which its reader then refuses."""
    return stream.read(LINE_LIMIT)


class Resumed:
    """A stream whose first lines were looked at already."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Read at most ``size`` bytes, the first lines included."""
        start, self._start = self._start, b""
        return start + self._stream.read(max(0, size - len(start)))

    def readline(self, size: int) -> bytes:
        """Read one line, the first line first."""
        line, end, self._start = self._start.partition(b"\n")
        return line + end or self._stream.readline(size)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def resumed(start: bytes, stream: BinaryIO) -> BinaryIO:
    """Give a stream with the lines that were read from it put back."""
    return cast("BinaryIO", Resumed(start, stream))


class Counted:
    """A stream that tells how much is read from it."""

    def __init__(self, stream: BinaryIO, on_read: Callable[[int], object]) -> None:
        self._stream = stream
        self._on_read = on_read

    def read(self, size: int) -> bytes:
        """Read at most ``size`` bytes."""
        return self._told(self._stream.read(size))

    def readline(self, size: int) -> bytes:
        """Read one line."""
        return self._told(self._stream.readline(size))

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def _told(self, data: bytes) -> bytes:
        self._on_read(len(data))
        return data


def counted(stream: BinaryIO, on_read: Callable[[int], object]) -> BinaryIO:
    """Give a stream that tells how much is read from it."""
    return cast("BinaryIO", Counted(stream, on_read))
