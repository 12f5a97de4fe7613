"""How an outbox is, looked at without changing anything: not made, not recovered, nothing written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from paytraq_direct.outbox.sqlite import APPLICATION, VERSION, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_S: Final = 2.0
_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Health(NamedTuple):
    """What was found: ``trouble`` says why the outbox cannot be used, None when it can.

    ``counts`` is by state; ``oldest_doubt`` is the number and the time (ISO 8601, UTC) of the delivery that is in doubt
    for longest; ``free_bytes`` is of the disk it is on; ``is_busy`` when another program held it locked, and writing
    was not tried for that; ``is_open`` when others of this machine may read it.
    """

    exists: bool
    trouble: str | None = None
    counts: tuple[tuple[str, int], ...] = ()
    oldest_doubt: tuple[str, str] | None = None
    free_bytes: int | None = None
    is_busy: bool = False
    is_open: bool = False


def sqlite_version() -> str:
    """Give the version of SQLite."""
    return sqlite3.sqlite_version


def look(path: Path) -> Health:
    """Look at an outbox, or at where it would be made."""
    try:
        return _look(path)
    except sqlite3.Error as error:
        return Health(exists=True, trouble=words_of(error))
    except OSError as error:
        return Health(exists=True, trouble=error.strerror or "its file cannot be used")


def _look(path: Path) -> Health:
    folder = next(folder for folder in (path.parent, *path.absolute().parents) if folder.exists())
    free = None
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
    if not path.exists():
        can = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
        return Health(exists=False, trouble=None if can else f"it cannot be made in {folder}", free_bytes=free)
    found = Health(exists=True, free_bytes=free, is_open=_is_open(path))
    with _opened(path) as connection:
        return _examined(connection, found)


def _is_open(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return sys.platform != "win32" and bool(path.stat().st_mode & _FOR_OTHERS)
    return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    address = path.absolute().as_uri() + "?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE_S, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _examined(connection: sqlite3.Connection, found: Health) -> Health:
    ask = connection.execute
    if ask("PRAGMA application_id").fetchone()[0] != APPLICATION:
        return found._replace(trouble="it is a database of another program, not an outbox")
    if ask("PRAGMA user_version").fetchone()[0] > VERSION:
        return found._replace(trouble="it was written by a newer paytraq_direct: update this one")
    if ask("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return found._replace(
            trouble="it is damaged; put it aside, repair it (sqlite3 FILE .recover), or put a copy in its place"
        )
    if ask("SELECT 1 FROM setting WHERE name = 'fingerprint_key'").fetchone() is None:
        return found._replace(trouble="it lacks its key: put a copy in its place, or name another")
    counts = ask("SELECT state, count(*) FROM delivery GROUP BY state ORDER BY count(*) DESC, state").fetchall()
    doubt = ask(
        "SELECT coalesce(document_ref, '(no number)'), read_at FROM delivery WHERE state = 'in_doubt' "
        "ORDER BY read_at, id LIMIT 1"
    ).fetchone()
    found = found._replace(counts=tuple(counts), oldest_doubt=doubt)
    try:
        ask("BEGIN IMMEDIATE")  # the one honest answer to whether it can be written
        ask("ROLLBACK")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
            return found._replace(is_busy=True)
        raise
    return found
