"""Processes that read pieces of inputs, so that reading has other cores than sending."""

from __future__ import annotations

import contextlib
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Self

from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.packed import Packed, packed
from paytraq_direct.readers.piece import BATCH_BYTES, Piece, read
from paytraq_direct.readers.reading import Loss, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers.json import Options

_AHEAD: Final = 3


class Workers:
    """Processes that read. What they give is in the order of the input; where none can be had, all is read here."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[_Worker] = []
        self._turns = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            while len(self._workers) < self._count:
                self._workers.append(_Worker())
                self._workers[-1].tell(sys.path)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def readings(self, pieces: Iterable[Piece | Reading], options: Options) -> Iterator[Reading]:
        """Give the invoices of pieces, which are taken some batches ahead; what is read already stays in its place."""
        ahead: deque[Iterator[Reading]] = deque()
        for part in _parts(pieces):
            if isinstance(part, Reading):
                ahead.append(iter((part,)))
            elif isinstance(part, Piece):
                ahead.append(read(part, options))
            else:
                ahead.append(_ended(self._begun(part, options), part, options))
            if len(ahead) > _AHEAD * self._count:
                yield from ahead.popleft()
        while ahead:
            yield from ahead.popleft()

    def _begun(self, batch: list[Piece], options: Options) -> _Worker | None:
        """Have the worker whose turn it is begin a batch, and give who it is; None when it cannot."""
        if not self._workers:
            return None
        self._turns += 1
        worker = self._workers[self._turns % len(self._workers)]
        try:
            worker.tell((batch, options))
        except OSError:
            return None
        return worker


def _ended(worker: _Worker | None, batch: list[Piece], options: Options) -> Iterator[Reading]:
    """Wait for what a worker tells of a batch; when there is no worker any more, it is read here."""
    told: list[_Told] | None = None
    if worker is not None:
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            told = worker.told()
    if told is not None:
        yield from (one.reading() for one in told)
    else:
        yield from (reading for piece in batch for reading in read(piece, options))


class _Worker:
    """A process of the same Python, told of batches on its standard input, which tells of each in turn on its output.

    Neither a fork, which would have copies of locks that other threads hold, nor one that runs the main module anew.
    """

    def __init__(self) -> None:
        with _interrupts_held():
            self._process = subprocess.Popen(  # noqa: S603 - the interpreter that runs this
                [sys.executable, "-P", "-c", _BEGIN],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def tell(self, thing: object) -> None:
        """Tell it something. Raises OSError when it is gone."""
        assert self._process.stdin is not None  # noqa: S101 - it has one
        pickle.dump(thing, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()

    def told(self) -> list[_Told]:
        """Wait for what it tells next. Raises OSError or EOFError when it is gone."""
        assert self._process.stdout is not None  # noqa: S101 - it has one
        told: list[_Told] = pickle.load(self._process.stdout)  # noqa: S301 - our own
        return told

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        with contextlib.suppress(OSError):  # of what it was told last, some may wait to be written
            self._process.communicate()


def _parts(pieces: Iterable[Piece | Reading]) -> Iterator[Piece | Reading | list[Piece]]:
    """Put small pieces that follow each other together; each of the others stays alone."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        is_small = isinstance(piece, Piece) and len(piece.data) <= BATCH_BYTES
        if batch and (not is_small or size >= BATCH_BYTES):
            yield batch
            batch, size = [], 0
        if isinstance(piece, Piece) and is_small:
            batch.append(piece)
            size += len(piece.data)
        else:
            yield piece
    if batch:
        yield batch


class _Told(NamedTuple):
    """A reading on its way between processes."""

    origin: str
    invoice: Packed | Invoice | None
    faults: tuple[Fault, ...]
    losses: tuple[Loss, ...]

    def reading(self) -> Reading:
        invoice = self.invoice.unpacked() if isinstance(self.invoice, Packed) else self.invoice
        reading = Reading(self.origin, invoice, self.faults)
        return reading.losing(lambda: self.losses) if self.losses else reading


def _told(reading: Reading, piece: Piece) -> _Told:
    invoice: Packed | Invoice | None = reading.invoice
    if reading.invoice is not None and piece.kind != "xml":
        with contextlib.suppress(InvalidInvoice):  # which whoever prepares it will raise again
            invoice = packed(reading.invoice)
    return _Told(reading.origin, invoice, reading.faults, reading.losses)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Have a Ctrl-C wait, and never come to the processes that are begun meanwhile: they end with this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_BEGIN: Final = (
    "import pickle, sys; sys.path = pickle.load(sys.stdin.buffer); from paytraq_direct.readers import workers; "
    "workers.work(sys.stdin.buffer, sys.stdout.buffer)"
)


def work(batches: BinaryIO, told: BinaryIO) -> None:
    """Do the work of a worker until there are no more batches. What fails here will fail there as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    todo: SimpleQueue[tuple[list[Piece], Options] | None] = SimpleQueue()
    done: SimpleQueue[bytes | None] = SimpleQueue()
    # Threads of their own, so that neither side waits with a batch in hand for the other to take one.
    threading.Thread(target=_receive, args=(batches, todo), daemon=True).start()
    telling = threading.Thread(target=_tell, args=(told, done))
    telling.start()
    with contextlib.suppress(Exception):
        while (batch := todo.get()) is not None:
            pieces, options = batch
            found = [_told(reading, piece) for piece in pieces for reading in read(piece, options)]
            done.put(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
    done.put(None)
    telling.join()


def _receive(batches: BinaryIO, todo: SimpleQueue[Any]) -> None:
    with contextlib.suppress(Exception):
        while True:
            todo.put(pickle.load(batches))  # noqa: S301 - of the process that began this one
    todo.put(None)


def _tell(told: BinaryIO, done: SimpleQueue[bytes | None]) -> None:
    with contextlib.suppress(OSError):
        while (found := done.get()) is not None:
            told.write(found)
            told.flush()
