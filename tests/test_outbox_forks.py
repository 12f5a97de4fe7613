"""An outbox whose process is forked, works in another folder, or reaches its file by another way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import PATIENCE_S, environment
from test_outbox import begin, invoice, post

from paytraq_direct import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of an outbox that is not there yet."""
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """Give an empty outbox."""
    with Outbox(path) as outbox:
        yield outbox


def _program(code: str, *arguments: object) -> list[str]:
    """Give the command that runs a piece of Python, which has the words of these tests."""
    words = (
        f"import os, signal, sys, time\nsys.path[:0] = {[str(Path(__file__).parent)]!r}\nfrom test_outbox import *\n"
    )
    return [sys.executable, "-c", words + code, *map(str, arguments)]


def _run(code: str, *arguments: object, cwd: Path | None = None) -> str:
    """Run a piece of Python, with all that it forks, to the end, and give what it printed."""
    result = subprocess.run(
        _program(code, *arguments), check=False, capture_output=True, timeout=PATIENCE_S, env=environment(), cwd=cwd
    )
    assert not result.stderr, result.stderr.decode()
    return result.stdout.decode()


def test_another_working_folder_is_no_other_outbox(tmp_path: Path) -> None:
    """A relative path means the file that it meant when the outbox was opened, for the fork that goes elsewhere too."""
    (tmp_path / "elsewhere").mkdir()
    code = """
outbox = Outbox("outbox.sqlite")
post(outbox, invoice())
os.chdir("elsewhere")
print(begin(outbox, invoice()).kind, flush=True)
if os.fork() == 0:
    print(begin(outbox, invoice()).kind, flush=True)
    post(outbox, invoice("INV-2"))
    os._exit(0)
os.wait()
print(begin(outbox, invoice("INV-2")).kind)
"""
    assert _run(code, cwd=tmp_path).split() == ["delivered"] * 3
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "outbox.sqlite-senders").is_dir()


def test_a_link_leads_to_the_same_senders(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    """Whoever reaches the outbox by a link sees that a living sender is at it."""
    begin(outbox, invoice())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link").symlink_to(path)
    with Outbox(tmp_path / "other" / "link") as second:
        assert begin(second, invoice()).kind == "sending"
        post(second, invoice("INV-2"))
    assert [found.name for found in (tmp_path / "other").iterdir()] == ["link"]
