"""An outbox that cannot be written or read: nothing is sent, and the message says what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from test_cli import answers
from test_outbox import begin, invoice, post
from test_rules import smallest
from wire.servers import OK, Peer, Server

from paytraq_direct import InDoubt, Outbox, OutboxError, Sender, send
from paytraq_direct.outbox.outbox import Begun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of an outbox that is not there yet."""
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """Give an empty outbox."""
    with Outbox(path) as outbox:
        yield outbox


def _refused(path: Path, words: str) -> None:
    """Hold that nothing is sent, with exit code 1 and these words."""
    with Server(answers(OK)) as server:
        result = run(
            "paytraq-send",
            "-",
            "--outbox",
            path,
            data=json.dumps(smallest()).encode(),
            env={"PAYTRAQ_CHANNEL": server.url()},
        )
        assert (result.returncode, server.hits) == (1, 0), result.stderr
    assert words in result.stderr.decode()


def test_a_file_that_is_no_outbox(tmp_path: Path) -> None:
    """Garbage, another program's database and a damaged outbox are refused with what to do."""
    (tmp_path / "garbage").write_bytes(b"not a database at all" * 100)
    _refused(tmp_path / "garbage", "it is not an outbox; name another with --outbox")
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    _refused(tmp_path / "other", "is a database of another program, not an outbox")


def test_a_damaged_outbox(path: Path) -> None:
    """A file whose pages were overwritten is refused as damaged, or as none."""
    with Outbox(path) as outbox:
        for number in range(50):
            post(outbox, invoice(f"INV-{number}"))
    data = bytearray(path.read_bytes())
    data[4096:40960] = b"\xff" * (40960 - 4096)
    path.write_bytes(data)
    _refused(path, "cannot be")


def test_a_newer_outbox(path: Path) -> None:
    """An outbox of a newer version is left alone."""
    Outbox(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    _refused(path, "was written by a newer paytraq_direct")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that cannot be made, and a disk without room, are told; nothing is sent."""
    (tmp_path / "file").write_text("")
    _refused(tmp_path / "file" / "outbox.sqlite", "cannot be opened")


def test_a_full_disk(outbox: Outbox) -> None:
    """When the intent does not fit, the POST does not start, and the message says why; room made, it goes on."""
    store: Any = outbox._store
    post(outbox, invoice("INV-0"))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    big = invoice("INV-2", comment="x" * 200_000)
    with Server(answers(OK)) as server:
        with Sender(server.url(), outbox=outbox) as sender, pytest.raises(OutboxError, match="the disk is full"):
            sender.send(big)
        assert server.hits == 0
        store._connection.execute("PRAGMA max_page_count = 1000000")
        assert send(big, server.url(), outbox=outbox).status == 200


def test_a_locked_outbox_is_given_up(outbox: Outbox, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outbox that another program keeps locked is given up, and nothing is sent."""
    monkeypatch.setattr("paytraq_direct.outbox.sqlite.BUSY_S", 0.1)
    with sqlite3.connect(path, isolation_level=None) as other, Outbox(path) as second:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxError, match="locked"):
            begin(second, invoice())
        other.execute("ROLLBACK")
        assert isinstance(begin(second, invoice()), Begun)
    other.close()
    outbox.close()


def test_a_success_that_cannot_be_recorded_is_never_posted_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the ending cannot be written, the delivery is a doubt, which says what the answer was; it stays one."""
    with Server(answers(OK)) as server:
        with Outbox(path) as outbox, Sender(server.url(), outbox=outbox) as sender:

            def fails(*_: object, **__: object) -> None:
                raise OutboxError("the disk is full")

            monkeypatch.setattr(outbox, "end", fails)
            with pytest.raises(InDoubt, match=r"the answer \(200\) could not be written down: the disk is full"):
                sender.send(invoice())
        with Outbox(path) as outbox, pytest.raises(InDoubt):
            send(invoice(), server.url(), outbox=outbox)
        assert server.hits == 1


def test_an_answer_that_cannot_be_written_down_is_told_and_ends_the_batch(path: Path, tmp_path: Path) -> None:
    """The invoice has its line, in doubt; nothing more is sent, and the code is that of the doubt."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}")) for n in range(4)))
    Outbox(path).close()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            if peer.server.hits == 2:
                with sqlite3.connect(path) as other:
                    other.execute("DROP TABLE ending")
                other.close()
            peer.say(OK)

    with Server(script) as server:
        arguments = (batch, "--outbox", path, "--jobs", "1", "--json")
        result = run("paytraq-send", *arguments, env={"PAYTRAQ_CHANNEL": server.url()})
        assert server.hits == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["document_ref"], line["outcome"], line["status"]) for line in lines[:2]] == [
        ("A0", "delivered", 200), ("A1", "in_doubt", 200),
    ]  # fmt: skip
    assert "it was posted, and the answer (200) could not be written down: the outbox" in lines[1]["message"]
    assert (result.returncode, b"error: the outbox" in result.stderr) == (7, True)


MOUNT, UNMOUNT = shutil.which("mount"), shutil.which("umount")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 512 kB; only the superuser of Linux can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [str(MOUNT), "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if not MOUNT or not UNMOUNT or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small tmpfs can be mounted here")
    yield folder
    subprocess.run([UNMOUNT, folder], check=True)


def test_a_disk_that_fills_up(small_disk: Path, tmp_path: Path) -> None:
    """On a disk that truly runs full, what was sent has been written down, and the rest is not sent."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}", comment="x" * 20_000)) for n in range(20)))
    path = small_disk / "outbox.sqlite"
    with Server(answers(OK)) as server:
        result = run("paytraq-send", batch, "--outbox", path, "--jobs", "1", env={"PAYTRAQ_CHANNEL": server.url()})
        sent = len(server.bodies)
    assert (result.returncode, 0 < sent < 20) == (1, True), result.stderr
    assert "the disk is full; make room" in result.stderr.decode()
    shutil.copytree(small_disk, tmp_path / "copy")
    with Outbox(tmp_path / "copy" / "outbox.sqlite") as copy:
        states = [found.state for found in copy.deliveries()]
    # The last one may have been posted when its ending did not fit: that is a doubt, never nothing.
    assert (len(states), set(states[:-1])) == (sent, {"delivered"})


def test_a_read_only_disk(small_disk: Path) -> None:
    """An outbox on a disk that may only be read is refused with what to do."""
    Outbox(small_disk / "outbox.sqlite").close()
    subprocess.run([str(MOUNT), "-o", "remount,ro", small_disk], check=True)
    _refused(small_disk / "outbox.sqlite", "may it be written?")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write every file; see the read-only disk")
def test_a_read_only_file(path: Path) -> None:
    """A file that may only be read is refused with what to do."""
    Outbox(path).close()
    path.chmod(0o400)
    _refused(path, "read-only")
