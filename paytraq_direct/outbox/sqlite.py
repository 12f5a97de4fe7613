"""The outbox in one SQLite file."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.errors import OutboxError
from paytraq_direct.outbox.forks import Forked
from paytraq_direct.outbox.page import SqlitePage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paytraq_direct.outbox.ledger import Page, T

VERSION: Final = 1
BUSY_S: Final = 10.0

_GLANCE_S: Final = 0.01

APPLICATION: Final = 0x50_44_4F_42  # "PDOB", so that `file` and we know the file for what it is
_OWN_TROUBLES: Final = (sqlite3.IntegrityError, sqlite3.DataError)
_INTERRUPTED: Final = "the thread that wrote for others was interrupted; try again"
_TABLES: Final = Path(__file__).with_name("tables.sql")


def default_path() -> Path:
    """Give the outbox's place when none is named: in the user's state folder."""
    from platformdirs import user_state_path  # noqa: PLC0415 - needed for this alone

    return user_state_path("paytraq_direct", appauthor=False) / "outbox.sqlite"


def place_of(path: str | os.PathLike[str]) -> Path:
    """Give where a path truly leads, whatever folder is worked in later and by whatever link it is reached."""
    try:
        return Path(os.path.realpath(path))
    except OSError as error:
        raise OutboxError(f"the outbox {os.fspath(path)} cannot be found: {error.strerror}") from None


class SqliteStore(Forked):
    """An outbox in one SQLite file of this machine: write-ahead log, every commit synced to the disk.

    The file is made when it is not there, for its owner's eyes only. Threads and processes may share it; a lock
    that is not given up within ten seconds is an error. A fork closes the file, and both sides open it again when
    they need it. Raises OutboxError.
    """

    def __init__(self, path: Path) -> None:
        self.path = place_of(path)
        self._queue: list[_Change] = []
        self._queue_lock = threading.Lock()
        self._lock = threading.RLock()
        self._process = 0
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_closed = False
        super().__init__()
        with self._lock:
            self._connected()

    def write(self, change: Callable[[Page], T]) -> T:
        """Do a change together with those that other threads want done by now, in one commit."""
        wanted = _Change(change)
        changes: list[_Change] = []
        with self._queue_lock:
            self._queue.append(wanted)
        try:
            with self._lock:
                if not wanted.is_done:
                    with self._queue_lock:
                        changes, self._queue = self._queue, []
                    self._commit(changes)
        except BaseException:
            self._withdraw(wanted)
            for one in changes:
                if not one.is_done:
                    one.settle(self._interruption())
            raise
        if wanted.error is not None:
            with self._translated("written"):
                raise wanted.error
        if not wanted.is_kept:
            # Whoever was to write it was interrupted between taking it and beginning.
            raise self._interruption()
        result: T = wanted.result
        return result

    def write_soon(self, change: Callable[[Page], object], told: Callable[[Exception | None], object]) -> None:
        """Have a change go along with the next commit."""
        with self._queue_lock:
            self._queue.append(_Change(change, lambda error: told(error and self._meant(error))))

    def flush(self) -> None:
        """Commit what waits for a commit, if anything does."""
        if self._queue:
            with contextlib.suppress(OutboxError):
                self.write(lambda _: None)

    def read(self, look: Callable[[Page], T]) -> T:
        """Look at what is kept, all of it as of one moment."""
        with self._lock, self._translated("read"):
            connection = self._connected()
            try:
                connection.execute("BEGIN")
                return look(SqlitePage(connection))
            finally:
                _roll_back(connection)

    def close(self) -> None:
        """Close the file, with all in it that was to be."""
        self.flush()
        with self._lock:
            self._is_closed = True
            self._disconnect()

    def before_fork(self) -> None:
        """Close the file: SQLite in the child would take the parent's locks for its own, and take none."""
        self._lock.acquire()
        try:
            self._disconnect()
        except BaseException:
            self._lock.release()
            raise

    def after_fork(self, *, is_child: bool) -> None:
        """Let the file be opened again; what the parent's threads want written is the parent's affair."""
        if is_child:
            self._lock, self._queue_lock, self._queue = threading.RLock(), threading.Lock(), []
        else:
            self._lock.release()

    def _commit(self, changes: list[_Change], *, again: bool = True) -> None:
        """Keep changes, and tell each what became of it, also when this thread is interrupted.

        Those that only went along are tried again by themselves: what does not fit must not take them with it.
        """
        trouble: OutboxError | None = self._interruption()
        is_whole = False
        try:
            with self._translated("written"):
                connection = self._connected()
                try:
                    _apply(changes, connection)
                    is_whole = True
                    connection.execute("COMMIT")
                    trouble = self._displacement()
                except BaseException as stop:
                    # An interrupt that waited for the COMMIT to return does not undo it.
                    if is_whole and not connection.in_transaction and not isinstance(stop, sqlite3.Error):
                        trouble = self._displacement()
                    _roll_back(connection)
                    raise
        except OutboxError as error:
            trouble = error
            along = [change for change in changes if change.goes_along]
            if again and 0 < len(along) < len(changes):
                changes = [change for change in changes if not change.goes_along]
                self._commit(along, again=False)
        finally:
            for change in changes:
                change.settle(trouble)

    def _interruption(self) -> OutboxError:
        return OutboxError(f"the outbox {self.path} was not written: {_INTERRUPTED}")

    def _meant(self, error: Exception) -> Exception:
        """Give what a change raised, SQLite's words put into ours."""
        if not isinstance(error, sqlite3.Error):
            return error
        return OutboxError(f"the outbox {self.path} cannot be written: {words_of(error)}")

    def _displacement(self) -> OutboxError | None:
        """Give an error when the file is not the one that was opened: what was written to that is lost with it."""
        if _identity(self.path) == self._identity:
            return None
        return OutboxError(
            f"the outbox {self.path} was removed or replaced while in use, and what was sent last is not in its place: "
            "put it back"
        )

    def _withdraw(self, change: _Change) -> None:
        """Take back a change whose thread was interrupted, if nobody has begun to write it."""
        with self._queue_lock:
            if change in self._queue:
                self._queue.remove(change)

    def _connected(self) -> sqlite3.Connection:
        """Give the connection, with nothing open on it: an interrupt may have come before a rollback, too."""
        if self._is_closed:
            raise OutboxError(f"the outbox {self.path} is closed")
        if self._connection is None:
            with self._translated("opened"):
                self._connection = self._connect()
            self._process = os.getpid()
        if self._process != os.getpid():
            raise OutboxError(
                f"the outbox {self.path} was open when another language forked this process: open it anew"
            )
        _roll_back(self._connection)
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        """Open the file, which is made the first time when it is not there."""
        if self._identity is None:
            if not self.path.exists():
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._identity = _identity(self.path)
        elif displacement := self._displacement():
            raise displacement
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # One statement, since another process may be making the tables at this very moment.
        application, version, tables = connection.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        if (tables or version) and application != APPLICATION:
            raise OutboxError(f"{self.path} is a database of another program, not an outbox")
        if version > VERSION:
            raise OutboxError(
                f"{self.path} was written by a newer paytraq_direct (its form is {version}, this one knows {VERSION}): "
                "update paytraq_direct"
            )
        if not _write_ahead(connection):
            raise OutboxError(
                f"the outbox {self.path} cannot keep a write-ahead log there: name a file of a local disk"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if version < VERSION:
            self._make(connection)

    def _make(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made it while this one waited.
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _TABLES.read_text(encoding="utf-8").split(";\n"):
                connection.execute(statement)
            connection.execute("INSERT INTO setting VALUES ('fingerprint_key', ?)", (secrets.token_bytes(32),))
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        """Turn what SQLite and the file system raise into OutboxError, with what can be done about it."""
        trouble = None
        try:
            yield
        except sqlite3.Error as error:
            trouble = words_of(error)
        except OSError as error:
            trouble = error.strerror or "its file cannot be used"
        if trouble:
            raise OutboxError(f"the outbox {self.path} cannot be {verb}: {trouble}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Give what tells a file from another one in its place; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo what was not committed, if anything was."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _write_ahead(connection: sqlite3.Connection) -> bool:
    """Turn the write-ahead log on, which SQLite does not wait for when another process is at it; tell if it is on."""
    until = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_GLANCE_S)
    return True


def _apply(changes: Sequence[_Change], connection: sqlite3.Connection) -> None:
    """Do changes in a transaction; when one has an error of its own, all of them anew, each apart."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for change in changes:
            change.apply(connection)
    except Exception as error:
        if not _is_own(error):
            raise
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        for change in changes:
            change.apply_apart(connection)


def _is_own(error: Exception) -> bool:
    """Tell whether an error is that of a change alone: what is wrong with the file is everyone's trouble."""
    return not isinstance(error, sqlite3.Error) or isinstance(error, _OWN_TROUBLES)


class _Change:
    """A change that a thread wants done, and what came of it; it waits for that, or is ``told``."""

    __slots__ = ("_change", "_told", "error", "is_done", "is_kept", "result")

    def __init__(self, change: Callable[[Page], Any], told: Callable[[Exception | None], object] | None = None) -> None:
        self._change = change
        self._told = told
        self.is_done = False
        self.is_kept = False
        self.result: Any = None
        self.error: Exception | None = None

    @property
    def goes_along(self) -> bool:
        """Whether no thread waits for it."""
        return self._told is not None

    def apply(self, connection: sqlite3.Connection) -> None:
        """Do it."""
        self.error = None
        self.result = self._change(SqlitePage(connection))

    def apply_apart(self, connection: sqlite3.Connection) -> None:
        """Do it so that an error of its own undoes it alone, not its neighbours in the same commit."""
        connection.execute("SAVEPOINT change")
        try:
            self.apply(connection)
        except Exception as error:
            if not _is_own(error):
                raise
            connection.execute("ROLLBACK TO change")
            self.error = error
        connection.execute("RELEASE change")

    def settle(self, trouble: OutboxError | None) -> None:
        """Tell whoever wanted it that it is kept, or why not."""
        if trouble is None:
            self.is_kept = True
        else:
            self.error = OutboxError(str(trouble))
        self.is_done = True
        if self._told is not None:
            self._told(self.error)


def words_of(error: sqlite3.Error) -> str:
    """Say what is wrong with the file and what to do."""
    name = getattr(error, "sqlite_errorname", "")
    for start, words in _TROUBLES.items():
        if name.startswith(start):
            return words
    return f"{name or type(error).__name__}"


_TROUBLES: Final = {
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_READONLY": "it, or its folder, is read-only; let it be written, or name another with --outbox",
    "SQLITE_PERM": "you may not use it; let it be written, or name another with --outbox",
    "SQLITE_CANTOPEN": "it cannot be opened; is its folder there, and may it be written?",
    "SQLITE_BUSY": f"another program held it locked for {BUSY_S:g} s; try again",
    "SQLITE_LOCKED": "it is locked; try again",
    "SQLITE_CORRUPT": "it is damaged; put it aside, repair it (sqlite3 FILE .recover), or put a copy in its place",
    "SQLITE_NOTADB": "it is not an outbox; name another with --outbox",
    "SQLITE_IOERR": "the disk reports an error; check it",
}
