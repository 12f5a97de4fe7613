"""Runs the installed commands as processes, in an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN = Path(sys.executable).parent
PATIENCE_S = 60

# Every command has a state folder of its own, unless a test gives it one.
_HOMES = tempfile.TemporaryDirectory()


def environment(**more: str) -> dict[str, str]:
    """Give an environment in which nothing of this machine's settings is left."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    home = tempfile.mkdtemp(dir=_HOMES.name)
    return {**kept, "HOME": home, "XDG_STATE_HOME": home, "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(
    command: str, *arguments: object, data: bytes | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:  # fmt: skip
    """Run a command to its end; outputs are bytes."""
    return subprocess.run(
        [BIN / command, *map(str, arguments)],
        input=data if data is not None else b"",
        capture_output="stdout" not in options,
        timeout=PATIENCE_S,
        env=environment(**(env or {})),
        cwd=cwd,
        check=False,
        **options,
    )


def started(
    command: str, *arguments: object, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a command."""
    return subprocess.Popen(
        [BIN / command, *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**(env or {})),
    )
