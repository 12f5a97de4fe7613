"""An outbox whose process is forked, works in another folder, or reaches its file by another way."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import PATIENCE_S, environment
from test_outbox import begin, invoice, post

from paytraq_direct import Outbox, OutboxError

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


@pytest.mark.parametrize("step", ["os._exit(0)", "outbox.close()", "post(outbox, invoice('INV-P'))"])
def test_what_a_child_writes_is_kept(path: Path, step: str) -> None:
    """A child's deliveries stay in the file, whatever its parent does after the fork, and whoever looks meanwhile."""
    code = f"""
outbox = Outbox(sys.argv[1])
post(outbox, invoice("INV-0"))
reader, writer = os.pipe()
if os.fork():
    {step}
    os.close(writer)
    os.wait()
    os._exit(0)
os.close(writer)
os.read(reader, 1)
post(outbox, invoice("INV-1"))
look = "import sys; from paytraq_direct import Outbox; Outbox(sys.argv[1]).close()"
subprocess.run([sys.executable, "-c", look, sys.argv[1]], check=True)
post(outbox, invoice("INV-2"))
print("done", flush=True)
os._exit(0)
"""
    assert _run(code, path) == "done\n"
    with Outbox(path) as outbox:
        assert {found.document_ref for found in outbox.deliveries(states=["delivered"])} >= {"INV-0", "INV-1", "INV-2"}


def test_a_fork_in_the_middle_of_writing(path: Path) -> None:
    """Forks and other threads' writing do not get in each other's way: nothing is lost, and nothing is written twice."""
    code = """
import threading
outbox = Outbox(sys.argv[1])
post(outbox, invoice())
def work(name):
    for number in range(20):
        post(outbox, invoice(f"{name}-{number}"))
threads = [threading.Thread(target=work, args=(name,)) for name in "ABC"]
for thread in threads:
    thread.start()
for number in range(10):
    if os.fork() == 0:
        post(outbox, invoice(f"F-{number}"))
        os._exit(0)
for thread in threads:
    thread.join()
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(10)])
"""
    assert _run(code, path) == f"{[0] * 10}\n"
    with Outbox(path) as outbox:
        assert [found.state for found in outbox.deliveries()] == ["delivered"] * 71
        assert all(len(outbox.attempts(found.id)) == 1 for found in outbox.deliveries())


def test_a_fork_that_python_is_not_told_of(path: Path) -> None:
    """A child that something else than Python forked cannot use the connection it has: that is an error, not a loss."""
    code = """
import ctypes
outbox = Outbox(sys.argv[1])
post(outbox, invoice())
if child := ctypes.PyDLL(None).fork():
    os.waitpid(child, 0)
    post(outbox, invoice("INV-2"))
    os._exit(0)
try:
    begin(outbox, invoice("INV-3"))
except OutboxError as error:
    print(error, flush=True)
os._exit(0)
"""
    assert "was open when another language forked this process: open it anew" in _run(code, path)
    with Outbox(path) as outbox:
        assert [found.document_ref for found in outbox.deliveries()] == ["INV-1", "INV-2"]


def test_no_fork_makes_the_file_anew(outbox: Outbox, path: Path) -> None:
    """An outbox whose file was removed before a fork is an error after it, on both sides, and no new file."""
    post(outbox, invoice())
    path.unlink()
    code = 0
    if child := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        begin(outbox, invoice())
    except OutboxError as error:
        code = code or (5 if "was removed" in str(error) else 4)
    if not child:
        os._exit(code)
    assert (code, path.exists()) == (5, False)


def test_an_outbox_that_nobody_keeps_is_closed(path: Path) -> None:
    """That they are told of forks does not keep an outbox and its store alive, nor their file open."""
    outbox = Outbox(path)
    kept = (weakref.ref(outbox), weakref.ref(outbox._store))
    del outbox
    gc.collect()
    assert [one() for one in kept] == [None, None]


def test_a_child_does_not_keep_its_parent_alive(path: Path) -> None:
    """A sender that was killed is gone, and left a doubt, also while a process that it forked lives on."""
    code = """
outbox = Outbox(sys.argv[1])
begin(outbox, invoice())
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
signal.pause()
"""
    with subprocess.Popen(
        _program(code, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"forked\n"
        with Outbox(path) as second:
            assert begin(second, invoice()).kind == "sending"
            process.kill()
            assert process.wait(30)
            assert begin(second, invoice()).kind == "in_doubt"
