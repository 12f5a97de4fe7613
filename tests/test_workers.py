"""Processes that read: all comes as if it had been read here, in its order, whatever becomes of them."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import BIN, PATIENCE_S, environment, run
from hypothesis import given
from strategies import record_of as records
from test_cli import answers, told
from test_rules import smallest
from ubl_documents import document
from wire.servers import OK, Server

from paytraq_direct import Invoice, Outbox, fields, read
from paytraq_direct.cli import reading as cli_reading
from paytraq_direct.invoice import take
from paytraq_direct.packed import packed
from paytraq_direct.readers import workers
from paytraq_direct.record import record_of
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from paytraq_direct import Fault
    from paytraq_direct.readers import Reading

AT_HAND = ("document_ref", "supplier_name", "client_name", "sale_type", "currency", "gross_amount")


def _children(pid: int | None = None) -> list[int]:
    """List the processes that one has begun, by default this one."""
    listed = Path(f"/proc/{pid or os.getpid()}").glob("task/*/children")
    return [int(child) for children in listed for child in children.read_text(encoding="ascii").split()]


def _number(number: int, **more: Any) -> str:
    return json.dumps(smallest(document_ref=f"INV-{number:05}", **more))


def _mixed(count: int) -> list[str]:
    """Give lines of which some are wrong, in several ways, or blank, or long."""
    kinds: list[Callable[[int], str]] = [
        _number,
        lambda number: _number(number, currency="EURO"),
        lambda number: _number(number, gross_amount=2),
        lambda number: _number(number, wrong=1),
        lambda number: _number(number, comment="Ļoti " * 50),
        lambda _: "nonsense",
        lambda _: "   ",
        lambda _: "[1]",
    ]
    chooser = random.Random(7)  # noqa: S311 - the same lines each time
    return [chooser.choice(kinds)(number) for number in range(count)]


def _shown(reading: Reading) -> tuple[object, ...]:
    """Give all there is to a reading."""
    invoice = reading.invoice
    made = None if invoice is None else (prepare(invoice), record_of(invoice), repr(invoice))
    return reading.origin, reading.faults, reading.losses, made, invoice


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("batch_bytes", [300, 5_000])
def test_workers_give_what_is_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, batch_bytes: int
) -> None:
    """Good and bad lines, a document of another form, an array and what is empty: the same, in the same order."""
    monkeypatch.setattr(workers, "BATCH_BYTES", batch_bytes)
    before = _children()
    lines = _mixed(150)
    (tmp_path / "it.jsonl").write_text("\n".join(lines))
    (tmp_path / "array.json").write_text(f"[{_number(6)}, {_number(7)}, 1]")
    (tmp_path / "ubl.xml").write_text(document())
    (tmp_path / "none.jsonl").write_text("\n\n")
    for path in sorted(tmp_path.iterdir()):
        here = [_shown(reading) for reading in read(path)]
        assert [_shown(reading) for reading in read(path, workers=count)] == here, path.name
        assert len(here) == {"it.jsonl": sum(map(bool, map(str.strip, lines))), "array.json": 3}.get(path.name, 1)
    assert _children() == before


def test_options_go_with_the_pieces(tmp_path: Path) -> None:
    """What is asked of a reading is asked of a worker; what only this process can ask is asked here."""
    path = tmp_path / "it.jsonl"
    path.write_text("\n".join([_number(1, wrong=1), _number(2, gross_amount=2)]))
    options: dict[str, Any] = {"ignore_unknown": True, "arithmetic": False, "operation": "sell_goods"}
    assert [*map(_shown, read(path, workers=1, **options))] == [*map(_shown, read(path, **options))]
    asked: list[str] = []

    def also(invoice: Invoice) -> tuple[Fault, ...]:
        asked.append(invoice.document_ref)
        return ()

    options["also"] = also
    assert len(list(read(path, workers=1, **options))) == len(asked) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_what_a_dead_worker_leaves_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When workers are killed in the middle, nothing is lost, doubled or out of order."""
    monkeypatch.setattr(workers, "BATCH_BYTES", 2_000)
    path = tmp_path / "it.jsonl"
    path.write_text("\n".join(_number(number) for number in range(400)))
    before = _children()
    readings = read(path, workers=2)
    found = [next(readings).origin for _ in range(20)]
    for worker in set(_children()) - set(before):
        os.kill(worker, signal.SIGKILL)
    found += [reading.origin for reading in readings]
    assert found == [f"{path}:{number}" for number in range(1, 401)]


@pytest.mark.parametrize("program", ["", "/nowhere/python", "/bin/true", "/bin/cat"])
def test_without_processes_all_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Where no process can be begun, or what begins is another program, that is no failure."""
    path = tmp_path / "it.jsonl"
    path.write_text("\n".join(_number(number) for number in range(20)))

    monkeypatch.setattr(sys, "executable", program)
    assert [reading.invoice.document_ref for reading in read(path, workers=2) if reading.invoice] == [
        f"INV-{number:05}" for number in range(20)
    ]


READING = """
import sys, time
from paytraq_direct import read
if __name__ == "__main__":
    for number, reading in enumerate(read(sys.argv[1], workers=2)):
        print(number, flush=True)
        if number == 5:
            time.sleep(60)
"""


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it asks /proc")
def test_workers_end_with_whom_they_read_for(tmp_path: Path) -> None:
    """When that one is killed, none of its processes is left behind."""
    path, script = tmp_path / "it.jsonl", tmp_path / "reading.py"
    path.write_text("\n".join(_number(number) for number in range(4_000)))
    script.write_text(READING)
    with subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        while process.stdout.readline() != b"5\n":
            pass
        children = _children(process.pid)
        process.kill()
    assert children
    until = time.monotonic() + PATIENCE_S
    while any(map(_is_running, children)):
        assert time.monotonic() < until, "a worker lives on"
        time.sleep(0.01)


# --- the command ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "cores", "expected"),
    [(("big.jsonl",), 2, 2), (("big.xml",), 2, 0), (("big.jsonl",), 16, 4), (("small.jsonl",), 2, 0), (("-",), 2, 0), (("gone.jsonl",), 2, 0),
     (("-", "big.jsonl"), 2, 0), (("big.jsonl", "small.jsonl"), 1, 1)],
)  # fmt: skip
def test_only_much_is_worth_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], cores: int, expected: int
) -> None:
    """A little is read before a process has begun, and standard input may trickle."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli_reading, "cores", lambda: 2)
    with Path("big.jsonl").open("wb") as file:
        file.truncate(4 * 1024 * 1024)
    Path("small.jsonl").write_text("{}")
    Path("big.xml").write_bytes(Path("big.jsonl").read_bytes())
    assert cli_reading.workers(files, cores) == expected
    monkeypatch.setattr(cli_reading, "cores", lambda: 1)
    assert cli_reading.workers(files, cores) == 0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="it has no such call")
def test_sending_keeps_to_one_core_and_reading_does_not(big: Path) -> None:
    """While others read, this thread and those that it begins stay on one core; the workers may use all."""
    before, children = os.sched_getaffinity(0), _children()
    seen: list[set[int]] = []
    with cli_reading.meanwhile((str(big),), lambda _: None) as readings:
        others = [os.sched_getaffinity(worker) for worker in set(_children()) - set(children)]
        seen.append(os.sched_getaffinity(0))
        thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
        assert next(readings).origin == f"{big}:1"
    if len(before) > 1:
        assert (others, seen) == ([before] * len(others), [seen[0]] * 2)
        assert (len(others) > 0, len(seen[0]), seen[0] <= before) == (True, 1, True)
    assert (os.sched_getaffinity(0), _children()) == (before, children)


def test_where_no_core_can_be_kept_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without such calls, or one that forbids them, is no failure."""
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(cli_reading, "_core", lambda: 1_000_000)
    with cli_reading.on_one_core():
        assert os.sched_getaffinity(0) == before
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    with cli_reading.on_one_core():
        pass


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file that is worth workers, with a bad line in the middle."""
    path = tmp_path_factory.mktemp("big") / "big.jsonl"
    lines = [_number(number, comment="Ļoti garš " * 400) for number in range(900)]
    lines[500] = lines[500].replace("EUR", "EURO")
    path.write_text("\n".join(lines))
    assert path.stat().st_size > 4 * 1024 * 1024
    return path


def test_a_command_tells_the_same_of_much(big: Path) -> None:
    """What is told of a big file, read by workers, is what is told of the same on standard input."""
    named, piped = (
        run("paytraq-send", big, "--check", "--json"),
        run("paytraq-send", "-", "--check", "--json", data=big.read_bytes()),
    )
    assert (named.returncode, named.stderr) == (3, b"")
    assert named.stdout.replace(str(big).encode(), b"-") == piped.stdout
    assert [line["outcome"] for line in told(named)].count("checked") == 899


def test_a_big_batch_is_delivered_once_and_whole(big: Path, tmp_path: Path) -> None:
    """Of a batch read by workers, each document arrives once, byte for byte, and its record is kept as it was read."""
    expected = {prepare(found.invoice) for found in read(big) if found.invoice is not None}
    with Server(answers(OK)) as server:
        env = {"INBOX": server.url(), "XDG_STATE_HOME": str(tmp_path)}
        results = [run("paytraq-send", big, "--channel", "env:INBOX", "--json", env=env) for _ in range(2)]
        bodies = list(server.bodies)
    assert [result.returncode for result in results] == [3, 3]
    assert (len(bodies), set(bodies)) == (899, expected)
    assert {line["outcome"] for line in told(results[1])} == {"already_delivered", "invalid"}
    with Outbox(tmp_path / "paytraq_direct" / "outbox.sqlite") as outbox:
        kept = [outbox.record(delivery.id) for delivery in outbox.deliveries()]
    assert sorted(kept) == sorted(record_of(found.invoice) for found in read(big) if found.invoice is not None)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_ctrl_c_is_for_the_command_alone(big: Path) -> None:
    """The workers get the Ctrl-C of a terminal too, and say nothing: the command ends as it always does."""

    def slow(peer: Any) -> None:
        while True:
            peer.request()
            time.sleep(0.01)  # as long as an answer takes
            peer.say(OK)

    with Server(slow) as server:
        with subprocess.Popen(
            [BIN / "paytraq-send", big, "--channel", "env:INBOX", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(INBOX=server.url()), start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            os.killpg(process.pid, signal.SIGINT)
            lines += process.stdout.readlines()
            assert process.stderr is not None
            errors = process.stderr.read()
        sent = len(server.bodies)
    assert (process.returncode, b"Traceback" in errors) == (130, False)
    assert f"stopped by Ctrl-C after {big}:{len(lines)}".encode() in errors
    assert [json.loads(line)["outcome"] for line in lines].count("delivered") == sent < 899


# --- what goes between processes --------------------------------------------------------------------------------


@given(record=records(fields.INVOICE))
def test_an_invoice_comes_out_as_it_was_packed(record: dict[str, Any]) -> None:
    """It is equal in all its fields, whichever is asked first, and has its document and its record at hand."""
    invoice, _ = take(record)
    if invoice is None:
        return
    found = pickle.loads(pickle.dumps(packed(invoice))).unpacked()  # noqa: S301 - our own
    assert [getattr(found, name) for name in AT_HAND] == [getattr(invoice, name) for name in AT_HAND]
    assert (prepare(found), record_of(found)) == (prepare(invoice), record_of(invoice))
    assert (found, repr(found), hash(found)) == (invoice, repr(invoice), hash(invoice))
    assert (prepare(found), record_of(found)) == (prepare(invoice), record_of(invoice))
    again = pickle.loads(pickle.dumps(packed(invoice))).unpacked()  # noqa: S301
    assert again.line_items == invoice.line_items


def test_an_invoice_has_no_other_fields() -> None:
    """What is no field of an invoice is none of one that was packed."""
    invoice = Invoice(**smallest())
    for one in (invoice, packed(invoice).unpacked()):
        with pytest.raises(AttributeError, match="an invoice has no Nonsense"):
            one.Nonsense  # type: ignore[attr-defined] # noqa: B018
