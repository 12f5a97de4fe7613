"""The outbox in one SQLite file."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.errors import OutboxError
from paytraq_direct.outbox.ledger import Attempt, Delivery, Resolution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paytraq_direct.outbox.content import Key
    from paytraq_direct.outbox.ledger import Page, State, T

VERSION: Final = 1
BUSY_S: Final = 10.0

_GLANCE_S: Final = 0.01

APPLICATION: Final = 0x50_44_4F_42  # "PDOB", so that `file` and we know the file for what it is
_TABLES: Final = Path(__file__).with_name("tables.sql")


class SqliteStore:
    """An outbox in one SQLite file of this machine: write-ahead log, every commit synced to the disk.

    The file is made when it is not there, for its owner's eyes only. Threads and processes may share it; a lock
    that is not given up within ten seconds is an error. Raises OutboxError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queue: list[_Change] = []
        self._queue_lock = threading.Lock()
        self._lock = threading.RLock()
        self._process = 0
        self._connection: sqlite3.Connection
        self._connect()

    def write(self, change: Callable[[Page], T]) -> T:
        """Do a change together with those that other threads want done by now, in one commit."""
        wanted = _Change(change)
        with self._queue_lock:
            self._queue.append(wanted)
        with self._lock:
            if not wanted.is_done:
                with self._queue_lock:
                    changes, self._queue = self._queue, []
                self._commit(changes)
        if wanted.error is not None:
            raise wanted.error
        result: T = wanted.result
        return result

    def read(self, look: Callable[[Page], T]) -> T:
        """Look at what is kept, all of it as of one moment."""
        with self._lock, self._translated("read"):
            self._connect()
            self._connection.execute("BEGIN")
            try:
                return look(_Page(self._connection))
            finally:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _commit(self, changes: list[_Change]) -> None:
        try:
            with self._translated("written"):
                self._connect()
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    for change in changes:
                        change.apply(self._connection)
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
        except OutboxError as error:
            for change in changes:
                change.error = OutboxError(str(error))
        finally:
            for change in changes:
                change.is_done = True

    def _connect(self) -> None:
        """Open the file; again after a fork, since a connection belongs to the process that made it."""
        if self._process == os.getpid():
            return
        with self._translated("opened"):
            is_new = not self.path.exists()
            if is_new:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._process = os.getpid()

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
        _write_ahead(connection)
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


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, which SQLite does not wait for when another process is at it."""
    until = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_GLANCE_S)


class _Change:
    """A change that a thread wants done, and what came of it."""

    __slots__ = ("_change", "error", "is_done", "result")

    def __init__(self, change: Callable[[Page], Any]) -> None:
        self._change = change
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def apply(self, connection: sqlite3.Connection) -> None:
        """Do it; an error of its own undoes it alone, not its neighbours in the same commit."""
        connection.execute("SAVEPOINT change")
        try:
            self.result = self._change(_Page(connection))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that wanted the change
            connection.execute("ROLLBACK TO change")
            self.error = error
        connection.execute("RELEASE change")


_DELIVERY: Final = (
    "SELECT d.id, d.fingerprint, d.supplier, d.sale_type, d.reference, d.document_ref, d.origin, d.is_finished, "
    "d.sha256, d.read_at, d.state, d.sender, c.masked, c.named FROM delivery d JOIN channel c USING (fingerprint) "
)


class _Page:
    """The statements, on one connection inside one transaction."""

    __slots__ = ("_do",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute

    def setting(self, name: str) -> bytes | None:
        row = self._do("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put_setting(self, name: str, value: bytes) -> None:
        self._do(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def put_channel(self, fingerprint: str, masked: str, named: str | None) -> None:
        self._do(
            "INSERT INTO channel (fingerprint, masked, named) VALUES (?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE "
            "SET named = coalesce(excluded.named, named) WHERE excluded.named IS NOT named",
            (fingerprint, masked, named),
        )

    def closed_until(self, fingerprint: str) -> float:
        row = self._do("SELECT closed_until FROM channel WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return float(row[0] or 0) if row else 0.0

    def close_until(self, fingerprint: str, moment: float) -> None:
        self._do(
            "UPDATE channel SET closed_until = max(coalesce(closed_until, 0), ?) WHERE fingerprint = ?",
            (moment, fingerprint),
        )

    def add_sender(self, name: str, at: str) -> None:
        self._do("INSERT INTO sender (name, started_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, at))

    def senders(self) -> list[str]:
        return [name for (name,) in self._do("SELECT name FROM sender WHERE NOT is_gone")]

    def end_sender(self, name: str) -> None:
        self._do("UPDATE sender SET is_gone = 1 WHERE name = ?", (name,))

    def by_key(self, key: Key) -> list[Delivery]:
        where = "WHERE fingerprint = ? AND supplier = ? AND sale_type = ? AND reference = ? AND state <> 'superseded'"
        return [_delivery(row) for row in self._do(f"{_DELIVERY}{where} ORDER BY d.id", key)]

    def by_sender(self, name: str) -> list[Delivery]:
        return [_delivery(row) for row in self._do(f"{_DELIVERY}WHERE state = 'sending' AND sender = ?", (name,))]

    def get(self, delivery: int) -> Delivery | None:
        row = self._do(f"{_DELIVERY}WHERE d.id = ?", (delivery,)).fetchone()
        return None if row is None else _delivery(row)

    def record(self, delivery: int) -> str:
        return str(self._do("SELECT record FROM matter WHERE delivery = ?", (delivery,)).fetchone()[0])

    def document(self, delivery: int) -> bytes:
        return bytes(self._do("SELECT document FROM matter WHERE delivery = ?", (delivery,)).fetchone()[0])

    def add(self, key: Key, values: dict[str, Any], record: str, document: bytes, state: State) -> int:
        cursor = self._do(
            "INSERT INTO delivery (fingerprint, supplier, sale_type, reference, document_ref, origin, "
            "is_finished, sha256, read_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, *(values[name] for name in ("document_ref", "origin", "is_finished", "sha256", "read_at")), state),
        )
        self._do("INSERT INTO matter VALUES (?, ?, ?)", (cursor.lastrowid, record, document))
        return int(cursor.lastrowid or 0)

    def set_state(self, delivery: int, state: State, sender: str | None = None) -> None:
        self._do("UPDATE delivery SET state = ?, sender = ? WHERE id = ?", (state, sender, delivery))

    def add_attempt(self, delivery: int, sender: str, at: str, *, is_resend: bool) -> int:
        cursor = self._do(
            "INSERT INTO attempt (delivery, sender, began_at, is_resend) VALUES (?, ?, ?, ?)",
            (delivery, sender, at, is_resend),
        )
        return int(cursor.lastrowid or 0)

    def add_ending(self, attempt: int, ending: dict[str, Any]) -> None:
        self._do(
            "INSERT INTO ending VALUES "
            "(:attempt, :ended_at, :outcome, :message, :status, :headers, :body, :elapsed_ms)",
            {**ending, "attempt": attempt, "headers": json.dumps(ending["headers"])},
        )

    def attempts(self, delivery: int) -> list[Attempt]:
        rows = self._do(
            "SELECT a.id, a.delivery, a.sender, a.began_at, a.is_resend, e.ended_at, e.outcome, e.message, e.status, "
            "e.headers, e.body, e.elapsed_ms FROM attempt a LEFT JOIN ending e ON e.attempt = a.id "
            "WHERE a.delivery = ? ORDER BY a.id",
            (delivery,),
        )
        return [
            Attempt._make(row)._replace(
                is_resend=bool(row[4]),
                headers=tuple((name, value) for name, value in json.loads(row[9] or "[]")),
                body=bytes(row[10] or b""),
            )
            for row in rows
        ]

    def add_resolution(self, delivery: int, *, is_received: bool, note: str, who: str, at: str) -> None:
        self._do(
            "INSERT INTO resolution (delivery, attempt, is_received, note, who, resolved_at) VALUES "
            "(:delivery, (SELECT max(id) FROM attempt WHERE delivery = :delivery), :is_received, :note, :who, :at)",
            {"delivery": delivery, "is_received": is_received, "note": note, "who": who, "at": at},
        )

    def resolutions(self, delivery: int) -> list[Resolution]:
        rows = self._do("SELECT * FROM resolution WHERE delivery = ? ORDER BY id", (delivery,))
        found = map(Resolution._make, rows)
        return [one._replace(is_received=bool(one.is_received)) for one in found]

    def find(
        self,
        *,
        states: Sequence[State] = (),
        fingerprints: Sequence[str] = (),
        document_ref: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Delivery]:
        conditions, values = ["1"], []
        for column, wanted in (("state", states), ("fingerprint", fingerprints)):
            if wanted:
                conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += list(wanted)
        for condition, value in (("document_ref = ?", document_ref), ("read_at >= ?", since), ("read_at < ?", until)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        query = f"{_DELIVERY}WHERE {' AND '.join(conditions)} ORDER BY d.id"
        for row in self._do(query, values):
            yield _delivery(row)


def _delivery(row: tuple[Any, ...]) -> Delivery:
    delivery = Delivery._make(row)
    return delivery._replace(is_finished=bool(delivery.is_finished))


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
