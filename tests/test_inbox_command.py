"""paytraq-inbox: the channel and the page it prints, what it tells of each arrival, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from commands import run, started
from conftest import EXAMPLES

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def _open(*arguments: object) -> tuple[subprocess.Popen[bytes], str, str]:
    """Start an inbox, and give it with its channel and the address of its page."""
    process = started("paytraq-inbox", *arguments)
    assert process.stdout is not None
    first, second = (process.stdout.readline().decode().split() for _ in range(2))
    assert (first[0], second[0]) == ("channel", "page")
    return process, first[1], second[1]


def _end(process: subprocess.Popen[bytes]) -> tuple[int, list[str], str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out.decode().splitlines(), err.decode()


def _send(name: str, channel: str, *options: str) -> Any:
    return run("paytraq-send", EXAMPLES / name, *options, env={"PAYTRAQ_CHANNEL": channel})


def test_each_arrival_has_its_line() -> None:
    """What arrived is told with its answer and the sha256 that the sender's receipt shows; Ctrl-C ends it with 0."""
    process, channel, address = _open("--script", "INV-2026-0043=>400")
    receipt = _send("invoice.json", channel).stdout.decode()
    assert _send("smallest.json", channel).returncode == 4
    _send("invoice.json", channel)
    with urllib.request.urlopen(address) as page:  # noqa: S310 - our own
        assert b"INV-2026-0042" in page.read()
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    code, lines, err = _end(process)
    assert (code, err, lines[-1]) == (0, "", "3 arrived")
    assert [re.sub(r"  +", " ", line)[:50] for line in lines[:-1]] == [
        "#1 200 INV-2026-0042 SIA Piegādātājs → AS Klients ", "#2 400 INV-2026-0043 SIA Piegādātājs → AS Klients ",
        "#3 200 INV-2026-0042 SIA Piegādātājs → AS Klients ",
    ]  # fmt: skip
    (shown,) = re.findall(r"[0-9a-f]{4}…[0-9a-f]{4}", lines[0])
    assert lines[2].endswith(f"sha256 {shown}, 0 faults  again: #1")
    assert receipt.startswith("delivered")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_asked_to(number: signal.Signals) -> None:
    """Ctrl-C and a polite kill end it at once, with a browser listening or not."""
    process, _, address = _open()
    port = int(re.findall(r":([0-9]+)/", address)[0])
    with socket.create_connection(("127.0.0.1", port)) as listening:
        listening.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert listening.recv(100).startswith(b"HTTP/1.1 200 OK")
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"0 arrived\n")


def test_a_folder_and_a_port(tmp_path: Path) -> None:
    """--store keeps what arrives and the channel's id, --port the address: a second run goes on."""
    process, channel, address = _open("--store", tmp_path / "kept")
    _send("invoice.json", channel)
    assert _end(process)[0] == 0
    port = re.findall(r":([0-9]+)/", address)[0]
    process, again, _ = _open("--store", tmp_path / "kept", "--port", port)
    assert again == channel
    assert _end(process)[1] == ["1 arrived"]


def test_pages_change_nothing() -> None:
    """Every page is only read: other methods are 405, and what there is not is 404."""
    process, _, address = _open()
    for path, method, status in (
        ("", "POST", 405),
        ("documents/1", "DELETE", 405),
        ("documents/1", "GET", 404),
        ("x", "GET", 404),
    ):
        request = urllib.request.Request(address + path, method=method)  # noqa: S310 - our own
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)  # noqa: S310
        assert caught.value.code == status
        caught.value.close()
    _end(process)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--script", "explode"], b"the script has no step 'explode'; write one of 200, slow=5s, accept-then-hang"),
        (["--strict", "--lenient"], b"--strict and --lenient do not go together"), (["--port", "99999"], b"99999"),
        (["--host", "192.0.2.1"], b"the inbox cannot be opened at 192.0.2.1:0"),
    ],
)  # fmt: skip
def test_wrong_usage(arguments: list[str], words: bytes) -> None:
    """What cannot be is exit 2 with a word."""
    result = run("paytraq-inbox", *arguments)
    assert (result.returncode, words in result.stderr) == (2, True), result.stderr


def test_a_port_that_is_taken() -> None:
    """Two inboxes cannot share a port, and the second one says so."""
    process, _, address = _open()
    result = run("paytraq-inbox", "--port", re.findall(r":([0-9]+)/", address)[0])
    _end(process)
    assert (result.returncode, b"the inbox cannot be opened at 127.0.0.1" in result.stderr) == (2, True)
