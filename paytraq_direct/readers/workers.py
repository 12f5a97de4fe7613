"""Processes that read pieces of inputs, so that reading has other cores than sending."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import deque
from multiprocessing import get_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from paytraq_direct.errors import InvalidInvoice
from paytraq_direct.packed import Packed, packed
from paytraq_direct.readers.piece import Piece, read
from paytraq_direct.readers.reading import Loss, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.readers.json import Options

# So many bytes are read by a worker at a time; a piece that is longer is read here rather than sent to and fro.
BATCH_BYTES: Final = 131_072
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
                self._workers.append(_Worker.started())
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()

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

    def _begun(self, batch: list[Piece], options: Options) -> Connection | None:
        """Have the worker whose turn it is begin a batch, and give where it tells of it; None when it cannot."""
        if not self._workers:
            return None
        self._turns += 1
        connection = self._workers[self._turns % len(self._workers)].connection
        try:
            connection.send((batch, options))
        except OSError:
            return None
        return connection


def _ended(worker: Connection | None, batch: list[Piece], options: Options) -> Iterator[Reading]:
    """Wait for what a worker tells of a batch; when there is no worker any more, it is read here."""
    told: list[_Told] | None = None
    if worker is not None:
        with contextlib.suppress(OSError, EOFError):
            told = worker.recv()
    if told is not None:
        yield from (one.reading() for one in told)
    else:
        yield from (reading for piece in batch for reading in read(piece, options))


class _Worker(NamedTuple):
    """A process, and the connection by which it gets batches and tells of each in turn."""

    process: BaseProcess
    connection: Connection

    @classmethod
    def started(cls) -> Self:
        """Start one. Not by a fork, which would have copies of locks that other threads hold."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs,), daemon=True)
        with theirs, _interrupts_held():
            process.start()
        return cls(process, ours)


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


def _work(connection: Connection) -> None:
    """Do the work of a worker until its connection ends. What fails here will fail there as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    batches: SimpleQueue[tuple[list[Piece], Options] | None] = SimpleQueue()
    found: SimpleQueue[list[_Told]] = SimpleQueue()
    # Threads of their own, so that neither side waits with a batch in hand for the other to take one.
    threading.Thread(target=_receive, args=(connection, batches), daemon=True).start()
    threading.Thread(target=_tell, args=(connection, found), daemon=True).start()
    with contextlib.suppress(Exception):
        while (batch := batches.get()) is not None:
            pieces, options = batch
            found.put([_told(reading, piece) for piece in pieces for reading in read(piece, options)])
    connection.close()


def _receive(connection: Connection, batches: SimpleQueue[Any]) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            batches.put(connection.recv())
    batches.put(None)


def _tell(connection: Connection, found: SimpleQueue[list[_Told]]) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection.send(found.get())
