"""A file on its way to Payt: opened once, looked through once, and given out as it was looked at."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tempfile
import zlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Self, cast

from paytraq_direct import limits
from paytraq_direct.connection import Broken
from paytraq_direct.payt import file_rules as rules
from paytraq_direct.payt import filetypes
from paytraq_direct.payt.file_rules import Flaw
from paytraq_direct.payt.listing import Listing, listing
from paytraq_direct.readers import source
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.payt.filetypes import Kind

MOST_BYTES: Final = 2**30

_PIECE: Final = 262_144
_FORMS: Final = {".csv": "csv", ".xml": "xml", ".json": "json"}


class Facts(NamedTuple):
    """What a file is: its name at Payt, its type, its content, and what is sent of it.

    ``size`` in bytes and ``sha256`` in hex are of the content, decompressed; ``sent_size`` and ``sent_sha256`` of what
    is sent, which is the same unless it is gzip. ``listing`` is None where the type lists no invoices.
    """

    name: str
    kind: Kind
    size: int
    sha256: str
    sent_size: int
    sent_sha256: str
    listing: Listing | None = None


class Intake:
    """One regular file, which stays open until it is sent; ``facts`` once it was looked through.

    Raises OSError, at once, for what cannot be opened or is no regular file, UnclearKind when its type cannot be told.
    """

    def __init__(self, path: str | os.PathLike[str], kind: str | None = None) -> None:
        self.path = os.fspath(path)
        self.name = PurePath(self.path).name
        self.facts: Facts | None = None
        self._stream = source.regular(self.path)
        self._sent: BinaryIO = self._stream
        try:
            self.kind = self._kind(kind)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._stream.close()
        self._sent.close()

    def look_through(self, *, compress: bool = False) -> Facts:
        """Read the file once and give what it is; ``compress`` has it sent as gzip, unless it is that already.

        Raises Flaw when it cannot go, OSError when it cannot be read or there is no room for the gzip.
        """
        self._check_name()
        compress = compress and not self._is_gzip
        before = os.fstat(self._stream.fileno())
        if not before.st_size:
            raise Flaw(rules.EMPTY_FILE.fault("", name=self.shown))
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(_gzip()) if compress else None
            passing = _Passing(self._stream, self.shown, before.st_size, target)
            found = None
            pieces = passing.decompressed() if self._is_gzip else passing.pieces()
            if self.kind.is_data:
                found = listing(self._form(), self.shown, pieces)
            for _ in pieces:
                pass
        after = os.fstat(self._stream.fileno())
        if passing.read != after.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Flaw(rules.CHANGED.fault("", name=self.shown))
        if not passing.size:
            raise Flaw(rules.EMPTY_FILE.fault("", name=self.shown))
        name, size, sum_ = self.name, passing.read, passing.read_sum.hexdigest()
        if passing.target is not None:
            name, self._sent = self.name + filetypes.GZ, passing.target
            size, sum_ = _measured(passing.target)
        self.facts = Facts(name, self.kind, passing.size, passing.sum.hexdigest(), size, sum_, found)
        return self.facts

    def pieces(self, size: int) -> Iterator[bytes]:
        """Give what is to be sent, in pieces of ``size`` bytes, the last one only once all are known to be as before.

        Raises Broken, before that one, when it changed since it was looked through.
        """
        assert self.facts is not None  # noqa: S101 - it was looked through
        stream, total = self._sent, hashlib.sha256()
        stream.seek(0)
        held, left = b"", self.facts.sent_size
        while left:
            try:
                piece = stream.read(min(size, left))
            except OSError:
                raise Broken("the file could not be read") from None
            if not piece:
                break
            left -= len(piece)
            total.update(piece)
            if held:
                yield held
            held = piece
        if left or stream.read(1) or total.hexdigest() != self.facts.sent_sha256:
            raise Broken("the file changed")
        yield held

    @property
    def shown(self) -> str:
        """The file's name as a message has it."""
        return raw(self.name, longest=limits.NAME_LENGTH)

    @property
    def inner_name(self) -> str:
        """The name that the file has at Payt once it is decompressed."""
        return filetypes.inner_name(self.name)

    def _kind(self, named: str | None) -> Kind:
        start = self._stream.read(filetypes.START)
        self._stream.seek(0)
        self._is_gzip = filetypes.content_of(start) == "gzip"
        if self._is_gzip:
            # A bomb comes to no more than was asked for.
            try:
                start = zlib.decompressobj(31).decompress(start, filetypes.START)
            except zlib.error:
                start = b"\0"
        self._content = filetypes.content_of(start)
        return filetypes.kind_of(self.inner_name, self._content, named)

    def _form(self) -> str:
        suffix = PurePath(self.inner_name).suffix.lower()
        return _FORMS.get(suffix) or (self._content if self._content in {"xml", "json"} else "csv")

    def _check_name(self) -> None:
        why = ""
        if not self.name.isprintable():
            why = "it has characters that cannot be shown"
        elif len(self.name) + len(filetypes.GZ) > limits.NAME_LENGTH:
            why = "it is too long"
        if why:
            raise Flaw(rules.NAME.fault("", name=self.shown, why=why))
        if self._is_gzip != self.name.lower().endswith(filetypes.GZ):
            why = "is gzip, which its name does not say" if self._is_gzip else "is no gzip, though its name says so"
            hint = f"name it {self.shown}.gz" if self._is_gzip else "name it without .gz, or compress it"
            raise Flaw(rules.NOT_GZIP.fault("", name=self.shown, why=why, suggestion=hint))


class _Passing:
    """One reading of a file from its beginning, with the sums of what is read and of its content."""

    def __init__(self, stream: BinaryIO, name: str, expected: int, target: BinaryIO | None) -> None:
        self._stream = stream
        self._name = name
        self._expected = expected
        self.target = target
        self._writer = None if target is None else gzip.GzipFile("", "wb", 6, cast("Any", target), mtime=0)
        self.read_sum = self.sum = hashlib.sha256()
        self.read = self.size = 0
        stream.seek(0)

    def pieces(self) -> Iterator[bytes]:
        """Give the file as it is."""
        while piece := self._next(_PIECE):
            if self._writer is not None:
                self._writer.write(piece)
            self.size = self.read
            yield piece
        if self._writer is not None:
            self._writer.close()

    def decompressed(self) -> Iterator[bytes]:
        """Give what is in a gzip; raises Flaw when it is broken, or comes to too much."""
        self.sum = hashlib.sha256()
        why = "has no whole gzip in it"
        try:
            with gzip.GzipFile(fileobj=cast("Any", _Reading(self))) as inner:
                while piece := inner.read(_PIECE):
                    self.size += len(piece)
                    if self.size > MOST_BYTES:
                        raise Flaw(rules.TOO_BIG.fault("", name=self._name, how=" once it is decompressed"))
                    self.sum.update(piece)
                    yield piece
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Flaw(rules.NOT_GZIP.fault("", name=self._name, why=why)) from None

    def _next(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self.read_sum.update(piece)
        self.read += len(piece)
        if self.read > MOST_BYTES:
            raise Flaw(rules.TOO_BIG.fault("", name=self._name, how=""))
        if self.read > self._expected:  # one that grows for ever would never end
            raise Flaw(rules.CHANGED.fault("", name=self._name))
        return piece


class _Reading:
    """A pass as the gzip module reads it."""

    def __init__(self, passing: _Passing) -> None:
        self.read = passing._next  # noqa: SLF001 - one thing in two parts


@contextlib.contextmanager
def _gzip() -> Iterator[BinaryIO]:
    """Give a file without a name for what is compressed; it stays open when all went well."""
    target = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - it outlives this
    try:
        yield target
    except BaseException:
        target.close()
        raise


def _measured(stream: BinaryIO) -> tuple[int, str]:
    stream.seek(0)
    total = hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()
    return stream.tell(), total
