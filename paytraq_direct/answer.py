"""One HTTP/1.x answer, read strictly: a status counts only when its whole header block has come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_BODY: Final = 65_536
MOST_HEAD_BYTES: Final = 262_144
MOST_HEAD_LINES: Final = 1_000
MOST_INTERIM: Final = 100
# A body is read to its end so that the connection can be used again; above this a new one is cheaper.
MOST_DRAINED: Final = 1_048_576

_INTERIM: Final = frozenset((100, 102, 103))
_FIRST_FINAL: Final = 200
_BODILESS: Final = frozenset((204, 304))
_START: Final = b"HTTP/1."
_MOST_SIZE_LINE: Final = 4_096

_blank_line = re.compile(rb"\n\r?\n").search
_status_line = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\r\n\x00]*))?").fullmatch
_is_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_is_length = re.compile(r"[0-9]{1,18}").fullmatch
_chunk_size = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?").fullmatch


class NotAnAnswer(Exception):
    """What came is not one complete HTTP/1.x answer; the text says in which way, without quoting it."""


class Head(NamedTuple):
    """Status line and header block of a final answer; ``sound`` when every header line was well-formed."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    minor: int
    sound: bool

    def values(self, name: str) -> list[str]:
        """Give every value of a header; the name is written in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def keeps_alive(self) -> bool:
        """Tell whether the server means to go on with the connection."""
        said = ",".join(self.values("connection")).lower()
        return self.minor == 1 and self.sound and "close" not in (word.strip() for word in said.split(","))


class Body(NamedTuple):
    """The body of an answer: what was kept of it, whether it came whole, whether its end is beyond doubt."""

    kept: bytes
    whole: bool
    exact: bool


class AnswerReader:
    """Finds the head of the final answer in bytes that come in pieces; interim answers are read past.

    ``head`` is None until the header block is complete; ``starts_at`` is where the final answer began,
    counted in bytes of the stream; ``buffer`` holds what came after the head.
    """

    __slots__ = ("_checked_first_line", "_interim", "_scanned", "buffer", "head", "starts_at")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.head: Head | None = None
        self.starts_at = 0
        self._interim = 0
        self._scanned = 0
        self._checked_first_line = False

    @property
    def received(self) -> int:
        """Give how many bytes of the stream have come while the head was still awaited."""
        return self.starts_at + len(self.buffer)

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises NotAnAnswer as soon as they cannot become an answer."""
        self.buffer += data
        while self.head is None and self._take_block():
            pass

    def _take_block(self) -> bool:
        """Take one header block off the buffer; False when it is not complete yet."""
        buffer = self.buffer
        if not buffer:
            return False
        if bytes(buffer[: len(_START)]) != _START[: len(buffer)]:
            raise NotAnAnswer("what came back is no HTTP answer")
        end = _blank_line(buffer, self._scanned)
        if end is None:
            self._look_at_unfinished()
            return False
        if end.start() > MOST_HEAD_BYTES:
            raise NotAnAnswer("the answer's header block is too big")
        head = _head(buffer[: end.start()].decode("latin-1"))
        self._scanned = 0
        self._checked_first_line = False
        if head.status >= _FIRST_FINAL:
            del buffer[: end.end()]
            self.head = head
            return False
        if head.status not in _INTERIM:
            raise NotAnAnswer(f"the last word was an interim answer ({head.status})")
        self._interim += 1
        if self._interim > MOST_INTERIM:
            raise NotAnAnswer("interim answers came without end")
        del buffer[: end.end()]
        self.starts_at += end.end()
        return True

    def _look_at_unfinished(self) -> None:
        buffer = self.buffer
        if len(buffer) > MOST_HEAD_BYTES:
            raise NotAnAnswer("the answer's header block is too big")
        self._scanned = max(0, len(buffer) - 2)
        if not self._checked_first_line and (line_end := buffer.find(b"\n")) >= 0:
            _status(buffer[:line_end].decode("latin-1"))
            self._checked_first_line = True


def read_body(head: Head, buffer: bytearray, more: Callable[[], bytes], kept_bytes: int = KEPT_BODY) -> Body:
    """Read an answer's body: ``buffer`` is what came with the head, ``more()`` gives the next bytes, empty at the end.

    Never raises: whatever ``more`` throws, the body is then as far as it came, not whole. The bytes are
    given as they were sent, never decompressed; at most ``kept_bytes`` of them are kept. What is left in the
    buffer afterwards does not belong to this answer.
    """
    if head.status in _BODILESS:
        return Body(b"", whole=True, exact=True)
    lengths = [part.strip() for value in head.values("content-length") for part in value.split(",")]
    codings = head.values("transfer-encoding")
    intake = _Intake(buffer, more, kept_bytes)
    exact = head.sound and len(lengths) + len(codings) == 1
    try:
        if codings:
            if [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise _CutError  # noqa: TRY301 - where such a body ends cannot be known
            intake.take_chunks()
        elif lengths:
            if len(set(lengths)) > 1 or not _is_length(lengths[0]):
                raise _CutError  # noqa: TRY301
            intake.take(int(lengths[0]))
        else:
            intake.take_rest()
    except Exception:  # noqa: BLE001 - by contract nothing that happens to the body matters to the status
        intake.take_buffered()
        return Body(bytes(intake.kept), whole=False, exact=False)
    return Body(bytes(intake.kept), whole=True, exact=exact)


def _status(line: str) -> tuple[int, int, str]:
    """Give minor version, status and reason of a status line. Raises NotAnAnswer."""
    match = _status_line(line.removesuffix("\r"))
    if match is None:
        raise NotAnAnswer("what came back has no proper HTTP status line")
    minor, status, reason = match.groups("")
    return int(minor), int(status), reason


def _head(block: str) -> Head:
    first, *lines = block.removesuffix("\r").split("\n")
    if len(lines) >= MOST_HEAD_LINES:
        raise NotAnAnswer("the answer's header block has too many lines")
    minor, status, reason = _status(first)
    headers: list[tuple[str, str]] = []
    sound = True
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and _is_name(name):
            headers.append((name, value.strip(" \t\r")))
        else:
            sound = False
    return Head(status, reason, tuple(headers), minor, sound)


class _CutError(Exception):
    """The body ended before its end, or has no end that can be known."""


class _Intake:
    """Moves a body out of the buffer, fetching more as needed, and keeps its beginning."""

    __slots__ = ("_buffer", "_kept_bytes", "_more", "_seen", "kept")

    def __init__(self, buffer: bytearray, more: Callable[[], bytes], kept_bytes: int) -> None:
        self._buffer = buffer
        self._more = more
        self._kept_bytes = kept_bytes
        self._seen = 0
        self.kept = bytearray()

    def take(self, count: int) -> None:
        while count:
            if not self._buffer:
                self._fetch()
            part = self._buffer[:count]
            del self._buffer[:count]
            count -= len(part)
            self._seen += len(part)
            self.kept += part[: max(0, self._kept_bytes - len(self.kept))]

    def take_buffered(self) -> None:
        self.take(len(self._buffer))

    def take_rest(self) -> None:
        while True:
            self.take_buffered()
            self._check_drained()
            data = self._more()
            if not data:
                return
            self._buffer += data

    def take_chunks(self) -> None:
        while True:
            match = _chunk_size(self._line())
            if match is None:
                raise _CutError
            size = int(match[1], 16)
            if not size:
                break
            self.take(size)
            if self._line():
                raise _CutError
        trailer_bytes = 0
        while line := self._line():
            trailer_bytes += len(line)
            if trailer_bytes > KEPT_BODY:
                raise _CutError

    def _line(self) -> bytes:
        """Take a line that must end with CR LF off the buffer; it is framing and not kept."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MOST_SIZE_LINE:
                raise _CutError
            self._fetch()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._seen += end + 2
        return line

    def _fetch(self) -> None:
        self._check_drained()
        data = self._more()
        if not data:
            raise _CutError
        self._buffer += data

    def _check_drained(self) -> None:
        if self._seen > max(MOST_DRAINED, self._kept_bytes):
            raise _CutError
