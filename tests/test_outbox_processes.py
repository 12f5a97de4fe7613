"""Several processes on one outbox, and processes that are killed."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from commands import environment
from test_cli import answers
from test_outbox import invoice
from test_rules import smallest
from wire.servers import OK, Peer, Server

from paytraq_direct import Outbox, Sender
from paytraq_direct.schema import prepare


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of an outbox that is not there yet."""
    return tmp_path / "outbox.sqlite"


def _send_all(path: Path, url: str, count: int, barrier: Any) -> None:
    barrier.wait(30)
    with Outbox(path) as outbox, Sender(url, outbox=outbox) as sender:
        for result in sender.send_all((invoice(f"INV-{number}") for number in range(count)), jobs=2):
            assert result.outcome in {"delivered", "already_delivered"}, result


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_post_each_invoice_once(path: Path, processes: int) -> None:
    """Processes that are given the same invoices and share an outbox post each once."""
    context = multiprocessing.get_context("spawn")
    with Server(answers(OK)) as server:
        barrier = context.Barrier(processes)
        workers = [
            context.Process(target=_send_all, args=(path, server.url(), 12, barrier), daemon=True)
            for _ in range(processes)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0] * processes
        assert sorted(server.bodies) == sorted(prepare(invoice(f"INV-{number}")) for number in range(12))


def test_killed_in_a_batch_nothing_is_sent_twice_and_nothing_is_lost(path: Path, tmp_path: Path) -> None:
    """Killed again and again in a batch, the server sees each invoice at most once, and each has an end."""
    _kill_and_repeat(path, tmp_path, invoices=20, kills=6)


def test_killed_at_full_speed(path: Path, tmp_path: Path) -> None:
    """The same when the end of an invoice is written down together with the next intent."""
    _kill_and_repeat(path, tmp_path, invoices=200, kills=12, rate=())


@pytest.mark.soak
def test_a_hundred_kills(path: Path, tmp_path: Path) -> None:
    """The same with a batch of five hundred, killed a hundred times."""
    _kill_and_repeat(path, tmp_path, invoices=500, kills=100)


def _kill_and_repeat(
    path: Path, tmp_path: Path, *, invoices: int, kills: int, rate: tuple[str, ...] = ("--rate", "200")
) -> None:
    """Send a batch, killing the command after so many arrivals, until it is through; then look at both sides."""
    file = tmp_path / "batch.jsonl"
    file.write_text("\n".join(json.dumps(smallest(document_ref=f"INV-{number}")) for number in range(invoices)))
    arrivals = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            arrivals.release()
            peer.say(OK)

    with Server(script) as server:
        arguments: list[str | Path] = [
            Path(sys.executable).with_name("paytraq-send"),
            file,
            "--outbox",
            path,
            "--jobs",
            "2",
            *rate,
            "--json",
        ]
        env = environment(PAYTRAQ_CHANNEL=server.url())
        for kill in range(kills):
            with subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                for _ in range(1 + kill % 4):
                    if not arrivals.acquire(timeout=20):
                        break
                process.kill()
        final = subprocess.run(arguments, env=env, check=False, capture_output=True, timeout=120)
        results = [json.loads(line) for line in final.stdout.splitlines()]
        assert len(results) == invoices, final.stderr.decode()
        assert {line["outcome"] for line in results} <= {"delivered", "already_delivered", "in_doubt"}
        numbers = [body.partition(b"<DocumentRef>")[2].partition(b"<")[0] for body in server.bodies]
        assert len(numbers) == len(set(numbers))
        said = {line["document_ref"] for line in results if line["outcome"] != "in_doubt"}
        assert said <= {number.decode() for number in numbers}
    with Outbox(path) as outbox:
        assert {found.state for found in outbox.deliveries()} <= {"delivered", "in_doubt"}
        assert len(outbox.deliveries()) == invoices


def test_killed_only_what_is_under_way_is_in_doubt(path: Path, tmp_path: Path) -> None:
    """The end of an invoice is on disk before the next one leaves, though they share a commit."""
    file = tmp_path / "batch.jsonl"
    file.write_text("\n".join(json.dumps(smallest(document_ref=f"INV-{number}")) for number in range(9)))
    processes: list[subprocess.Popen[bytes]] = []

    def script(peer: Peer) -> None:
        for number in range(5):
            peer.request()
            if number == 4:
                processes[0].kill()
                return
            peer.say(OK)

    with Server(script) as server:
        command: list[str | Path] = [
            Path(sys.executable).with_name("paytraq-send"),
            file,
            "--outbox",
            path,
            "--jobs",
            "1",
        ]
        env = environment(PAYTRAQ_CHANNEL=server.url())
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            processes.append(process)
            process.wait(30)
    with Outbox(path) as outbox:
        states = [found.state for found in outbox.deliveries()]
    assert states == ["delivered"] * 4 + ["in_doubt"]


def _send_one(path: Path, url: str, number: str) -> None:
    with Outbox(path) as outbox, Sender(url, outbox=outbox) as sender:
        sender.send(invoice(number))


def test_one_killed_while_another_lives(path: Path) -> None:
    """What the killed one was sending is in doubt; what the living one is sending is not, and ends as it ends."""
    context = multiprocessing.get_context("spawn")
    arrived, go = threading.Semaphore(0), threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        arrived.release()
        assert go.wait(30)
        peer.say(OK)

    with Server(script) as server:
        killed, living = (
            context.Process(target=_send_one, args=(path, server.url(), number), daemon=True) for number in "KL"
        )
        for process in (killed, living):
            process.start()
            assert arrived.acquire(timeout=30)
        killed.kill()
        killed.join(30)
        with Outbox(path) as outbox:
            assert {found.document_ref: found.state for found in outbox.deliveries()} == {
                "K": "in_doubt",
                "L": "sending",
            }
        go.set()
        living.join(30)
        assert living.exitcode == 0
        with Outbox(path) as outbox:
            assert {found.document_ref: found.state for found in outbox.deliveries()} == {
                "K": "in_doubt", "L": "delivered",
            }  # fmt: skip
