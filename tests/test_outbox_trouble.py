"""An outbox that cannot be written or read: nothing is sent, and the message says what to do."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from commands import run
from test_cli import answers
from test_outbox import begin, invoice, post
from test_rules import smallest
from test_store import Interrupting
from wire.servers import OK, Peer, Server

from paytraq_direct import InDoubt, Interrupted, Outbox, OutboxError, Sender, send
from paytraq_direct.outbox.outbox import Begun
from paytraq_direct.wire import Wire

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


def test_a_place_without_a_write_ahead_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite keeps no write-ahead log, as in memory, that is told at once instead of being tried for ever."""
    open_file, elsewhere = sqlite3.connect, ":memory:"
    monkeypatch.setattr(sqlite3, "connect", lambda _path, **options: open_file(elsewhere, **options))
    with pytest.raises(OutboxError, match="cannot keep a write-ahead log there: name a file"):
        Outbox(path)


def test_a_name_that_sqlite_takes_for_memory(tmp_path: Path) -> None:
    """--outbox :memory: is a file of that name: what is kept must outlive the process."""
    with Server(answers(OK)) as server:
        env = {"PAYTRAQ_CHANNEL": server.url()}
        for _ in range(2):
            arguments = ("paytraq-send", "-", "--outbox", ":memory:")
            assert run(*arguments, data=json.dumps(smallest()).encode(), env=env, cwd=tmp_path).returncode == 0
        assert server.hits == 1
    assert (tmp_path / ":memory:").stat().st_size > 0


@pytest.mark.parametrize("is_replaced", [False, True])
def test_an_outbox_that_is_taken_away(outbox: Outbox, path: Path, *, is_replaced: bool) -> None:
    """An outbox whose file is removed, or replaced, while in use is an error, not a success that nobody will know of."""
    with Server(answers(OK)) as server, Sender(server.url(), outbox=outbox) as sender:
        sender.send(invoice())
        path.rename(path.with_name("aside"))
        if is_replaced:
            path.write_bytes(b"")
        for number in ("INV-2", "INV-3"):
            with pytest.raises(OutboxError, match="was removed or replaced while in use"):
                sender.send(invoice(number))
        assert server.hits == 1


def test_senders_that_cannot_be_told(path: Path) -> None:
    """A sender that cannot show that it lives sends nothing, and says what is in its way."""
    path.with_name("outbox.sqlite-senders").write_text("")
    _refused(path, "outbox.sqlite-senders, which shows who sends, cannot be used: File exists")


def test_locks_that_the_disk_does_not_know(outbox: Outbox, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be locked nothing is sent, and no file of an attempt to is left."""

    def fails(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("paytraq_direct.outbox.presence._lock", fails)
    with pytest.raises(OutboxError, match=r"no file can be locked in .*-senders, which shows who sends: No locks"):
        begin(outbox, invoice())
    assert list(path.with_name("outbox.sqlite-senders").iterdir()) == []


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


def test_a_success_that_could_not_be_recorded_is_a_doubt_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender whose ending could not be written does not take its own attempt for one that is still being sent."""
    monkeypatch.setattr("paytraq_direct.outbox.sqlite.BUSY_S", 0.1)
    outbox, other = Outbox(path), sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def script(peer: Peer) -> None:
        peer.request()
        other.execute("BEGIN IMMEDIATE")
        peer.say(OK)

    with outbox, Server(script) as server, Sender(server.url(), outbox=outbox) as sender:
        with pytest.raises(InDoubt, match=r"the answer \(200\) could not be written down: .* locked"):
            sender.send(invoice())
        with pytest.raises(OutboxError, match="locked"):
            sender.send(invoice())
        other.execute("ROLLBACK")
        with pytest.raises(InDoubt, match="in doubt since an earlier attempt"):
            sender.send(invoice())
        (delivery,) = outbox.deliveries()
        assert outbox.standing(delivery.id).kind == "in_doubt"
        assert server.hits == 1
    other.close()


def test_an_attempt_that_was_stopped_is_a_doubt_at_once(outbox: Outbox) -> None:
    """After a Ctrl-C in the middle of a post, the same process is told of a doubt, not of another process."""

    class Stopped(Wire):
        def post(self, *arguments: Any, **options: Any) -> NoReturn:
            super().post(*arguments, **options)
            stop = KeyboardInterrupt()
            stop.paytraq_progress = 2  # type: ignore[attr-defined]
            raise stop

    with Server(answers(OK)) as server, Sender(server.url(), outbox=outbox, wire=Stopped()) as sender:
        with pytest.raises(Interrupted):
            sender.send(invoice())
        (delivery,) = outbox.deliveries()
        assert outbox.standing(delivery.id).kind == "in_doubt"
        with pytest.raises(InDoubt):
            sender.send(invoice())
        assert server.hits == 1


def test_an_attempt_that_nobody_heard_of_is_a_doubt_at_once(outbox: Outbox) -> None:
    """After a Ctrl-C when the intent was on disk already, nobody counts as sending it."""
    store: Any = outbox._store
    post(outbox, invoice("INV-0"))
    store._connection = Interrupting(store._connection, after="COMMIT")
    with pytest.raises(KeyboardInterrupt):
        begin(outbox, invoice())
    assert begin(outbox, invoice()).kind == "in_doubt"


def test_a_store_that_says_nothing(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the outbox does not say that the intent is kept, the POST does not start: it is not taken for no outbox."""
    store: Any = outbox._store
    monkeypatch.setattr(store, "write", lambda _change: None)
    with Server(answers(OK)) as server, Sender(server.url(), outbox=outbox) as sender:
        with pytest.raises(OutboxError, match="nothing was sent"):
            sender.send(invoice())
        assert server.hits == 0


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
    assert {line["outcome"] for line in lines[2:]} == {"pending"}
    assert (result.returncode, b"error: the outbox" in result.stderr) == (7, True)


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_intent_that_cannot_be_written_down_has_its_line(path: Path, tmp_path: Path, jobs: int) -> None:
    """The invoice is told as not sent, and why; the batch ends there, and the code is that of the outbox."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}")) for n in range(20)))
    Outbox(path).close()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON matter WHEN (SELECT count(*) FROM matter) >= 4 BEGIN "
                      "SELECT raise(ABORT, 'no more'); END")  # fmt: skip
    other.close()
    with Server(answers(OK)) as server:
        for as_json in ((), ("--json",)):
            arguments = (batch, "--outbox", path, "--jobs", str(jobs), *as_json)
            result = run("paytraq-send", *arguments, env={"PAYTRAQ_CHANNEL": server.url()})
            assert (result.returncode, b"\nerror: the outbox" in b"\n" + result.stderr) == (1, True)
            if not as_json:
                assert b"pending    A4  " in result.stderr
        assert server.hits == 4
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["outcome"] for line in lines[:5]] == ["already_delivered"] * 4 + ["pending"]
    assert {line["outcome"] for line in lines[4:]} == {"pending"}
    assert len(lines) <= 4 + 2 * jobs
    assert lines[4]["message"].startswith("it was not sent: the outbox")


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
    assert 0 < sent < 20, result.stderr
    assert "the disk is full; make room" in result.stderr.decode()
    assert f"pending    A{sent}  " in result.stderr.decode()
    shutil.copytree(small_disk, tmp_path / "copy")
    with Outbox(tmp_path / "copy" / "outbox.sqlite") as copy:
        states = [found.state for found in copy.deliveries()]
    # The last one may have been posted when its ending did not fit: that is a doubt, never nothing.
    assert (len(states), set(states[:-1])) == (sent, {"delivered"})
    assert result.returncode == (1 if states[-1] == "delivered" else 7), result.stderr


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
