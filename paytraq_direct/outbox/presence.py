"""Tells whether a sender still lives: it holds an operating-system lock for as long as it does."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from typing import TYPE_CHECKING, BinaryIO

from paytraq_direct.errors import OutboxError

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(stream: BinaryIO) -> None:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(stream: BinaryIO) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Presence:
    """This process's own lock, on a file of its own in a folder. The system lets go of it when the process ends.

    ``name`` is that of an earlier one, whose file was swept away. Raises OutboxError.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.name = name or f"{os.getpid()}-{secrets.token_hex(8)}"
        self._path = folder / self.name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._stream = self._path.open("xb")
        except OSError as error:
            raise OutboxError(f"the folder {folder}, which shows who sends, cannot be used: {error.strerror}") from None
        try:
            _lock(self._stream)
        except OSError as error:
            self.close()
            raise OutboxError(f"no file can be locked in {folder}, which shows who sends: {error.strerror}") from None

    def is_shown(self) -> bool:
        """Tell whether the file is in its place still."""
        return not self._stream.closed and self._path.exists()

    def close(self) -> None:
        """Let go."""
        self.let_go()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def let_go(self) -> None:
        """Close the file and leave it: a child has it from its parent, whose lock lasts while either has it open."""
        self._stream.close()


def is_gone(folder: Path, name: str) -> bool:
    """Tell whether the sender of that name has ended, however it ended.

    Without the folder nobody can say: it was swept away under those who live, or left behind when the file was moved.
    The next that sends makes it anew, and those who do not show themselves there are gone.
    """
    path = folder / name
    try:
        with path.open("r+b") as stream:
            _lock(stream)
    except FileNotFoundError:
        return folder.is_dir()
    except OSError:
        return False
    with contextlib.suppress(OSError):
        path.unlink()
    return True
